"""Write comments: the log holds that something was said and an HMAC of it, never the words."""

import re

from sqlmodel import select

from core.errors import Conflict, Invalid, NotFound, Refused
from core.i18n import N_
from core.ids import new_id
from core.platform.access import queries as access
from core.platform.access.permissions import Permission, require
from core.platform.access.personal import digest_text, open_text, seal_text
from core.platform.discussion.mention import Reaction, mentioned
from core.platform.discussion.tables import CommentEditRow, CommentRow, ReactionRow
from core.platform.store import Json, UnitOfWork

MOST_CHARACTERS = 4_000
_KIND = re.compile(r"[a-z][a-z_]{1,30}")
_ANCHOR = re.compile(r"(feature|time|gate|chart):[^\x00-\x1f]{1,120}")


def comment(
    uow: UnitOfWork, *, subject_kind: str, subject_id: str, text: str, parent_id: str = "", anchor: str = ""
) -> str:
    """Say something about a subject; return the comment's id. Whether the subject exists is asked by the caller.

    An answer belongs to the thread of the comment `parent_id`, whose first comment it is kept under. `anchor` points at a
    part of the subject: `feature:`, `time:`, `gate:`, `chart:` and a name.
    """
    require(uow.actor, Permission.COMMENT)
    if not _KIND.fullmatch(subject_kind) or not subject_id:
        raise Invalid("comment.subject", N_("A comment is about something."), field="subject_kind")
    said = _said(text)
    row = CommentRow(
        id=new_id("cmt"),
        subject_kind=subject_kind,
        subject_id=subject_id,
        author_id=uow.actor.id,
        text=seal_text(uow, uow.actor.id, said),
        written_at=uow.now,
        parent_id=_thread(uow, parent_id, subject_kind, subject_id),
        anchor=_anchor(anchor),
    )
    uow.session.add(row)
    uow.session.flush()
    facts = _facts(uow, row, said)
    if row.parent_id:
        facts["thread"] = row.parent_id
    uow.record("comment.written", "comment", row.id, facts)
    return row.id


def edit(uow: UnitOfWork, comment_id: str, *, text: str) -> None:
    """Say it otherwise; only who said it may, and what stood there before stays readable."""
    require(uow.actor, Permission.COMMENT)
    row = _locked(uow, comment_id)
    if row.author_id != uow.actor.id:
        raise Refused(
            "comment.not_yours",
            N_("Only who wrote a comment may edit it."),
            fix=N_("Answer with a comment of your own."),
            subject_kind="comment",
            subject_id=comment_id,
        )
    said = _said(text)
    if said == open_text(uow.session, row.text):
        return
    uow.session.add(CommentEditRow(id=new_id("edt"), comment_id=row.id, text=row.text, replaced_at=uow.now))
    row.text, row.edited_at = seal_text(uow, uow.actor.id, said), uow.now
    uow.session.add(row)
    uow.record("comment.edited", "comment", row.id, _facts(uow, row, said))


def resolve(uow: UnitOfWork, comment_id: str) -> None:
    """Mark what a comment asked for as settled; anybody of the team may."""
    require(uow.actor, Permission.COMMENT)
    row = _locked(uow, comment_id)
    if row.resolved_at is not None:
        raise Conflict("comment.resolved", N_("This comment is resolved already."))
    row.resolved_by, row.resolved_at = uow.actor.id, uow.now
    uow.session.add(row)
    uow.record("comment.resolved", "comment", row.id, _about(row))


def reopen(uow: UnitOfWork, comment_id: str) -> None:
    """Take a resolution back."""
    require(uow.actor, Permission.COMMENT)
    row = _locked(uow, comment_id)
    if row.resolved_at is None:
        raise Conflict("comment.open", N_("This comment is open already."))
    row.resolved_by, row.resolved_at = "", None
    uow.session.add(row)
    uow.record("comment.reopened", "comment", row.id, _about(row))


def react(uow: UnitOfWork, comment_id: str, reaction: Reaction, *, given: bool) -> None:
    """Give a reaction or take it back; again is no harm. It is no decision: no audit event."""
    require(uow.actor, Permission.COMMENT)
    row = _locked(uow, comment_id)
    held = uow.session.get(ReactionRow, (row.id, uow.actor.id, reaction.value))
    if given and held is None:
        uow.session.add(
            ReactionRow(comment_id=row.id, person_id=uow.actor.id, reaction=reaction.value, at=uow.now)
        )
    elif held is not None and not given:
        uow.session.delete(held)


def _thread(uow: UnitOfWork, parent_id: str, subject_kind: str, subject_id: str) -> str:
    """The first comment of the thread; threads are one level deep."""
    if not parent_id:
        return ""
    parent = uow.session.get(CommentRow, parent_id)
    if parent is None or (parent.subject_kind, parent.subject_id) != (subject_kind, subject_id):
        raise Invalid(
            "comment.parent",
            N_("An answer belongs to a comment on the same subject."),
            fix=N_("Open the comment again and answer it there."),
            field="parent_id",
        )
    return parent.parent_id or parent.id


def _anchor(anchor: str) -> str:
    if anchor and not _ANCHOR.fullmatch(anchor):
        raise Invalid(
            "comment.anchor",
            N_("A comment points at a feature, a moment, a gate or a chart."),
            fix=N_("Write feature:NAME, time:YYYY-MM-DD, gate:NAME or chart:NAME."),
            field="anchor",
        )
    return anchor


def _named(uow: UnitOfWork, said: str) -> list[str]:
    """The people that a text names; raise `Invalid` for one that nobody knows."""
    ids = mentioned(said)
    known = {p.id for p in access.people(uow.session) if not p.disabled} if ids else set()
    for person_id in ids:
        if person_id not in known:
            raise Invalid(
                "comment.mention",
                N_("{id} is nobody who could read this."),
                fix=N_("Name somebody who has access to Aval."),
                field="text",
                id=person_id,
            )
    return list(ids)


def _locked(uow: UnitOfWork, comment_id: str) -> CommentRow:
    row = uow.session.exec(select(CommentRow).where(CommentRow.id == comment_id).with_for_update()).first()
    if row is None:
        raise NotFound("comment.unknown", N_("There is no comment {id}."), id=comment_id)
    return row


def _said(text: str) -> str:
    said = text.replace("\r\n", "\n").strip()
    if not 1 <= len(said) <= MOST_CHARACTERS:
        raise Invalid(
            "comment.text",
            N_("A comment has 1 to {n} characters; this one has {found}."),
            field="text",
            n=MOST_CHARACTERS,
            found=len(said),
        )
    return said


def _about(row: CommentRow) -> dict[str, Json]:
    return {"about": {"kind": row.subject_kind, "id": row.subject_id}}


def _facts(uow: UnitOfWork, row: CommentRow, said: str) -> dict[str, Json]:
    facts: dict[str, Json] = {
        **_about(row),
        "text_hmac": digest_text(uow, uow.actor.id, said),
        "characters": len(said),
    }
    if named := _named(uow, said):
        facts["mentions"] = named
    return facts
