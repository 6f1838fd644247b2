"""Write comments: the log holds that something was said and an HMAC of it, never the words."""

import re

from sqlmodel import select

from core.errors import Conflict, Invalid, NotFound, Refused
from core.i18n import N_
from core.ids import new_id
from core.platform.access.permissions import Permission, require
from core.platform.access.personal import digest_text, open_text, seal_text
from core.platform.discussion.tables import CommentEditRow, CommentRow
from core.platform.store import Json, UnitOfWork

MOST_CHARACTERS = 4_000
_KIND = re.compile(r"[a-z][a-z_]{1,30}")


def comment(uow: UnitOfWork, *, subject_kind: str, subject_id: str, text: str) -> str:
    """Say something about a subject; return the comment's id. Whether the subject exists is asked by the caller."""
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
    )
    uow.session.add(row)
    uow.session.flush()
    uow.record("comment.written", "comment", row.id, _facts(uow, row, said))
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
    return {**_about(row), "text_hmac": digest_text(uow, uow.actor.id, said), "characters": len(said)}
