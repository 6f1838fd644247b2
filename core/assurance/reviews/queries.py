"""Reading of requests, their cases and letters."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case
from sqlmodel import Session, col, func, select

from core.assurance.reviews.case import Case
from core.assurance.reviews.letter import Letter
from core.assurance.reviews.request import Kind, Outcome, State
from core.assurance.reviews.tables import CaseRow, LetterRow, ReviewRow
from core.errors import NotFound
from core.i18n import N_
from core.platform.access.personal import keys, open_texts, open_with

WAITING = (State.OPEN.value, State.DECIDED.value)


@dataclass(frozen=True, slots=True)
class Review:
    """One request, as the desk sees it; `by_law` is false where the house set the period itself."""

    id: str
    use_case_id: str
    kind: Kind
    law: str
    article: str
    by_law: bool
    language: str
    channel: str
    subject_id: str
    requester: str
    message: str
    prediction_id: str
    version_id: str
    received_at: datetime
    due_at: datetime
    taken_by: str
    state: State
    assigned_to: str
    outcome: Outcome | None
    reason: str
    trade_secret: str
    decided_by: str
    decided_at: datetime | None
    answered_at: datetime | None

    def overdue(self, now: datetime) -> bool:
        """Whether its answer was due and has not gone out."""
        return self.state in {State.OPEN, State.DECIDED} and self.due_at < now


@dataclass(frozen=True, slots=True)
class Written:
    """A letter as it was kept; none of its words where the person was erased."""

    id: str
    number: int
    letter: Letter | None
    digest: str
    written_by: str
    written_at: datetime
    sent_at: datetime | None


def review(session: Session, review_id: str) -> Review:
    """Return a request; raise `NotFound`."""
    row = session.get(ReviewRow, review_id)
    if row is None:
        raise NotFound("review.unknown", N_("There is no request {id}."), id=review_id)
    return _read(session, [row])[0]


def reviews(session: Session, *, waiting: bool | None = None, limit: int = 200) -> tuple[Review, ...]:
    """Return requests, the nearest deadline first; only waiting or only closed ones where asked."""
    query = select(ReviewRow).order_by(col(ReviewRow.due_at), ReviewRow.id).limit(limit)
    if waiting is not None:
        where = col(ReviewRow.state).in_(WAITING)
        query = query.where(where if waiting else ~where)
    return _read(session, session.exec(query).all())


def found_case(session: Session, review_id: str) -> Case | None:
    """Return what was found last of the decision; none before that, or once the person is erased."""
    query = (
        select(CaseRow)
        .where(CaseRow.review_id == review_id)
        .order_by(col(CaseRow.found_at).desc(), CaseRow.id)
    )
    row = session.exec(query).first()
    if row is None:
        return None
    subject = row.body.removeprefix("sealed:").partition(":")[0]
    opened = open_with(keys(session, [subject]), row.body)
    return None if opened is None else Case.from_json(json.loads(opened))


def letters(session: Session, review_id: str) -> tuple[Written, ...]:
    """Return the letters of a request, newest first."""
    query = select(LetterRow).where(LetterRow.review_id == review_id).order_by(col(LetterRow.number).desc())
    found = []
    for row in session.exec(query):
        subject = row.body.removeprefix("sealed:").partition(":")[0]
        opened = open_with(keys(session, [subject]), row.body)
        letter = None if opened is None else Letter.from_json(json.loads(opened))
        found.append(
            Written(row.id, row.number, letter, row.digest, row.written_by, row.written_at, row.sent_at)
        )
    return tuple(found)


def clocks(session: Session, now: datetime) -> dict[tuple[str, Kind], tuple[int, int, int, int]]:
    """Return by use case and kind how many are open, overdue, answered in time and answered late."""
    waits = col(ReviewRow.state).in_(WAITING)
    late = col(ReviewRow.answered_at) > col(ReviewRow.due_at)
    sent = ReviewRow.state == State.ANSWERED.value

    def count(condition: object) -> object:
        return func.sum(case((condition, 1), else_=0))  # type: ignore[arg-type]

    query = select(  # type: ignore[call-overload]
        ReviewRow.use_case_id,
        ReviewRow.kind,
        count(waits),
        count(waits & (col(ReviewRow.due_at) < now)),
        count(sent & ~late),  # type: ignore[operator]
        count(sent & late),  # type: ignore[operator]
    ).group_by(ReviewRow.use_case_id, ReviewRow.kind)
    return {
        (use_case, Kind(kind)): (int(a), int(b), int(c), int(d))
        for use_case, kind, a, b, c, d in session.exec(query)
    }


def overturned(session: Session, use_case_id: str) -> tuple[int, int]:
    """Return how many reviewed decisions were overturned, and how many were reviewed in all."""
    query = select(ReviewRow.outcome, func.count()).where(
        ReviewRow.use_case_id == use_case_id,
        col(ReviewRow.outcome).in_([Outcome.UPHELD.value, Outcome.OVERTURNED.value]),
    )
    found = dict(session.exec(query.group_by(ReviewRow.outcome)).all())
    turned = int(found.get(Outcome.OVERTURNED.value, 0))
    return turned, turned + int(found.get(Outcome.UPHELD.value, 0))


def _read(session: Session, rows: Sequence[ReviewRow]) -> tuple[Review, ...]:
    sealed = [t for r in rows for t in (r.requester, r.message, r.prediction_id, r.reason, r.trade_secret)]
    said = open_texts(session, sealed) if rows else []
    return tuple(
        Review(
            id=row.id, use_case_id=row.use_case_id, kind=Kind(row.kind), law=row.law, article=row.article,
            by_law=row.by_law, language=row.language, channel=row.channel, subject_id=row.subject_id,
            requester=said[5 * n], message=said[5 * n + 1], prediction_id=said[5 * n + 2],
            version_id=row.version_id, received_at=row.received_at, due_at=row.due_at, taken_by=row.taken_by,
            state=State(row.state), assigned_to=row.assigned_to,
            outcome=Outcome(row.outcome) if row.outcome else None, reason=said[5 * n + 3],
            trade_secret=said[5 * n + 4], decided_by=row.decided_by, decided_at=row.decided_at,
            answered_at=row.answered_at,
        )
        for n, row in enumerate(rows)
    )  # fmt: skip
