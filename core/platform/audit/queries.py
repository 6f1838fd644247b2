"""Read the log, and recompute it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from core.platform.audit.log import stamp
from core.platform.audit.merkle import Frontier, leaf_hash
from core.platform.audit.tables import AuditEvent, AuditFrontier
from core.platform.store import Json

PAGE = 5_000


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """One entry of the log, read back from its canonical body."""

    index: int
    time: datetime
    action: str
    actor_id: str
    actor_kind: str
    via: str
    subject_kind: str
    subject_id: str
    data: Mapping[str, Json]
    body: str
    leaf: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What a full recomputation found: `root` in hexadecimal, `first_bad` the index of the first entry at fault."""

    size: int
    root: str
    ok: bool
    first_bad: int | None = None
    reason: str = ""


def events(
    session: Session,
    *,
    action: str | None = None,
    actor: str | None = None,
    subject_kind: str | None = None,
    subject_id: str | None = None,
    before: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 50,
) -> list[RecordedEvent]:
    """Return the newest entries first that match every filter; `before` is an index, for paging."""
    query = select(AuditEvent).order_by(col(AuditEvent.idx).desc()).limit(limit)
    if action is not None:
        query = query.where(AuditEvent.action == action)
    if actor is not None:
        query = query.where(AuditEvent.actor == actor)
    if subject_kind is not None:
        query = query.where(AuditEvent.subject_kind == subject_kind)
    if subject_id is not None:
        query = query.where(AuditEvent.subject_id == subject_id)
    if before is not None:
        query = query.where(AuditEvent.idx < before)
    if since is not None:
        query = query.where(AuditEvent.time >= stamp(since))
    if until is not None:
        query = query.where(AuditEvent.time <= stamp(until))
    return [_read(row) for row in session.exec(query)]


def event(session: Session, index: int) -> RecordedEvent | None:
    """Return one entry, or none."""
    row = session.get(AuditEvent, index)
    return None if row is None else _read(row)


def actions(session: Session) -> list[str]:
    """Return every action that occurs, in alphabetical order, for a filter."""
    return list(session.exec(select(AuditEvent.action).distinct().order_by(AuditEvent.action)))


def head(session: Session) -> tuple[int, str]:
    """Return the size of the log and its root in hexadecimal, as last committed."""
    row = session.get(AuditFrontier, 1)
    if row is None:
        return 0, Frontier().root().hex()
    return row.size, Frontier.unpack(row.size, row.edge).root().hex()


def verify(session: Session) -> Verification:
    """Recompute every leaf and the root from the bodies; name the first entry that does not fit.

    An entry is at fault when its index leaves a gap, its body does not hash to its leaf, its body is not the
    one the search columns name. At the end the recomputed edge must equal the
    stored one, which also reveals a cut tail.
    """
    size, root = head(session)
    frontier = Frontier()
    for row in _all(session):
        reason = _fault(row, frontier.size)
        if reason:
            return Verification(size, root, ok=False, first_bad=frontier.size, reason=reason)
        frontier = frontier.push(row.leaf)
    if frontier.size != size:
        return Verification(size, root, ok=False, first_bad=min(frontier.size, size), reason="size")
    if frontier.root().hex() != root:
        return Verification(size, root, ok=False, first_bad=None, reason="root")
    return Verification(size, root, ok=True)


def _fault(row: AuditEvent, index: int) -> str:
    if row.idx != index:
        return "gap"
    if leaf_hash(row.body.encode()) != row.leaf:
        return "body"
    body = json.loads(row.body)
    named = (
        body["seq"],
        body["time"],
        body["action"],
        body["actor"]["id"],
        body["subject"]["kind"],
        body["subject"]["id"],
    )
    if named != (row.idx, row.time, row.action, row.actor, row.subject_kind, row.subject_id):
        return "columns"
    return ""


def _all(session: Session) -> Iterator[AuditEvent]:
    last = -1
    while True:
        rows = session.exec(
            select(AuditEvent).where(AuditEvent.idx > last).order_by(col(AuditEvent.idx)).limit(PAGE)
        ).all()
        if not rows:
            return
        yield from rows
        last = rows[-1].idx
        session.expunge_all()


def count(session: Session) -> int:
    """Return how many entries the table holds."""
    return session.exec(select(func.count()).select_from(AuditEvent)).one()


def _read(row: AuditEvent) -> RecordedEvent:
    body = json.loads(row.body)
    return RecordedEvent(
        index=row.idx,
        time=datetime.fromisoformat(body["time"]),
        action=body["action"],
        actor_id=body["actor"]["id"],
        actor_kind=body["actor"]["kind"],
        via=body["actor"]["via"],
        subject_kind=body["subject"]["kind"],
        subject_id=body["subject"]["id"],
        data=body["data"],
        body=row.body,
        leaf=row.leaf.hex(),
    )
