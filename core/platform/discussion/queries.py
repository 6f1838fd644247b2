"""Read conversations."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, col, select

from core.errors import NotFound
from core.i18n import N_
from core.platform.access.personal import open_texts
from core.platform.discussion.mention import Reaction
from core.platform.discussion.tables import CommentEditRow, CommentRow, ReactionRow


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment as it stands; of an erased author a sentence says so in place of the text.

    `reactions` names who gave each, in the order they were given.
    """

    id: str
    subject_kind: str
    subject_id: str
    author_id: str
    text: str
    written_at: datetime
    edited_at: datetime | None
    edits: int
    resolved_by: str
    resolved_at: datetime | None
    parent_id: str = ""
    anchor: str = ""
    reactions: Mapping[Reaction, tuple[str, ...]] = field(default_factory=dict)

    @property
    def open(self) -> bool:
        return self.resolved_at is None


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a comment said until a moment."""

    text: str
    until: datetime


def comments(
    session: Session, subject_kind: str, subject_id: str, *, limit: int = 200
) -> tuple[Comment, ...]:
    """Return the newest `limit` comments on a subject, oldest first."""
    rows = session.exec(
        select(CommentRow)
        .where(CommentRow.subject_kind == subject_kind, CommentRow.subject_id == subject_id)
        .order_by(col(CommentRow.written_at).desc(), col(CommentRow.id).desc())
        .limit(limit)
    ).all()
    return _read(session, reversed(rows))


def comment(session: Session, comment_id: str) -> Comment:
    """Return one comment; raise `NotFound`."""
    row = session.get(CommentRow, comment_id)
    if row is None:
        raise NotFound("comment.unknown", N_("There is no comment {id}."), id=comment_id)
    return _read(session, [row])[0]


def history(session: Session, comment_id: str) -> tuple[Earlier, ...]:
    """Return what a comment said before, oldest first."""
    rows = session.exec(
        select(CommentEditRow)
        .where(CommentEditRow.comment_id == comment_id)
        .order_by(col(CommentEditRow.replaced_at), CommentEditRow.id)
    ).all()
    texts = open_texts(session, [row.text for row in rows])
    return tuple(Earlier(text, row.replaced_at) for text, row in zip(texts, rows, strict=True))


def _read(session: Session, rows: Iterable[CommentRow]) -> tuple[Comment, ...]:
    found = list(rows)
    texts = open_texts(session, [row.text for row in found])
    changed = col(CommentEditRow.comment_id).in_([row.id for row in found if row.edited_at])
    edits = Counter(session.exec(select(CommentEditRow.comment_id).where(changed)))
    given: dict[str, dict[Reaction, list[str]]] = defaultdict(lambda: defaultdict(list))
    for one in session.exec(
        select(ReactionRow)
        .where(col(ReactionRow.comment_id).in_([row.id for row in found]))
        .order_by(col(ReactionRow.at), ReactionRow.person_id)
    ):
        given[one.comment_id][Reaction(one.reaction)].append(one.person_id)
    return tuple(
        Comment(
            row.id, row.subject_kind, row.subject_id, row.author_id, text, row.written_at, row.edited_at,
            edits[row.id], row.resolved_by, row.resolved_at, row.parent_id, row.anchor,
            {r: tuple(who) for r, who in given[row.id].items()},
        )
        for row, text in zip(found, texts, strict=True)
    )  # fmt: skip
