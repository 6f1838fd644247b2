"""Read the log, and recompute it."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session, col, func, select

from core.platform.audit import proofs
from core.platform.audit.log import stamp
from core.platform.audit.merkle import Frontier, node_hash
from core.platform.audit.tables import KEPT_LEVEL, AuditCheckpoint, AuditEvent, AuditFrontier
from core.platform.audit.verification import Verification, verify
from core.platform.store import Json

__all__ = [
    "KeptCheckpoint", "RecordedEvent", "Verification", "actions", "began", "bodies", "checkpoints", "count", "event",
    "events", "events_at", "happened_since", "head", "head_at", "last_checkpoint", "leaves", "prove_consistency",
    "prove_inclusion", "verify",
]  # fmt: skip

PAGE = 5_000
_ACTIONS = text(  # from one action to the next in the index: a DISTINCT would read every entry
    "WITH RECURSIVE found(action) AS (SELECT min(action) FROM audit_event UNION ALL"
    " SELECT (SELECT min(e.action) FROM audit_event e WHERE e.action > found.action) FROM found"
    " WHERE found.action IS NOT NULL) SELECT action FROM found WHERE action IS NOT NULL"
)
_LEAVES = text("SELECT leaf FROM audit_event WHERE idx >= :first AND idx < :end ORDER BY idx")


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
class KeptCheckpoint:
    """A signed note about the first `size` entries, the key it verifies under, and the places that hold it."""

    size: int
    note: str
    key: str
    time: datetime
    places: tuple[str, ...]


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


def events_at(session: Session, indices: Collection[int]) -> list[RecordedEvent]:
    """Return these entries, the newest first; those that the log does not have are left out."""
    query = select(AuditEvent).where(col(AuditEvent.idx).in_(indices)).order_by(col(AuditEvent.idx).desc())
    return [_read(row) for row in session.exec(query)]


def actions(session: Session) -> list[str]:
    """Return every action that occurs, in alphabetical order, for a filter."""
    return [action for (action,) in session.connection().execute(_ACTIONS)]


def head(session: Session) -> tuple[int, str]:
    """Return the size of the log and its root in hexadecimal, as last committed."""
    row = session.get(AuditFrontier, 1)
    if row is None:
        return 0, Frontier().root().hex()
    return row.size, Frontier.unpack(row.size, row.edge).root().hex()


def began(session: Session) -> datetime | None:
    """Return the earliest moment that the log tells of; none while it is empty."""
    first = session.exec(select(func.min(AuditEvent.time))).one()
    return None if first is None else datetime.fromisoformat(first)


def head_at(session: Session, at: datetime) -> tuple[int, str]:
    """Return the size of the log and its root in hexadecimal as they were at a moment."""
    last = select(AuditEvent.idx).where(AuditEvent.time <= stamp(at)).order_by(col(AuditEvent.time).desc())
    found = session.exec(last.order_by(col(AuditEvent.idx).desc()).limit(1)).first()
    if found is None:
        return 0, Frontier().root().hex()
    return found + 1, _proved(session, lambda subtree: [proofs.root(found + 1, subtree)])[0].hex()


def checkpoints(session: Session, limit: int = 50, at: datetime | None = None) -> list[KeptCheckpoint]:
    """Return the kept checkpoints, newest first; those made by `at`."""
    query = select(AuditCheckpoint).order_by(col(AuditCheckpoint.size).desc()).limit(limit)
    if at is not None:
        query = query.where(AuditCheckpoint.time <= at)
    return [KeptCheckpoint(r.size, r.note, r.key, r.time, tuple(r.places)) for r in session.exec(query)]


def last_checkpoint(session: Session) -> KeptCheckpoint | None:
    """Return the newest checkpoint, or none."""
    found = checkpoints(session, limit=1)
    return found[0] if found else None


def bodies(session: Session, start: int = 0) -> Iterator[str]:
    """Yield every canonical body from `start` on, in order, without holding them."""
    query = select(AuditEvent.body).where(AuditEvent.idx >= start).order_by(col(AuditEvent.idx))
    yield from session.execute(query.execution_options(yield_per=PAGE)).scalars()


def leaves(session: Session, start: int, end: int) -> Iterator[bytes]:
    """Yield the leaf hashes of entries [start, end)."""
    query = select(AuditEvent.leaf).where(AuditEvent.idx >= start, AuditEvent.idx < end)
    yield from session.execute(
        query.order_by(col(AuditEvent.idx)).execution_options(yield_per=PAGE)
    ).scalars()


def happened_since(session: Session, index: int, prefix: str) -> bool:
    """Say whether an action that begins with `prefix` was recorded at `index` or later."""
    query = select(AuditEvent.idx).where(AuditEvent.idx >= index, col(AuditEvent.action).startswith(prefix))
    return session.exec(query.limit(1)).first() is not None


def prove_inclusion(session: Session, index: int, size: int | None = None) -> list[bytes]:
    """Return the audit path of one entry in the log of `size` entries; the whole log when none is named."""
    whole = head(session)[0] if size is None else size
    return _proved(session, lambda subtree: proofs.inclusion(index, whole, subtree))


def prove_consistency(session: Session, old: int, new: int | None = None) -> list[bytes]:
    """Return the proof that the log of `old` entries is the beginning of the log of `new`."""
    whole = head(session)[0] if new is None else new
    return _proved(session, lambda subtree: proofs.consistency(old, whole, subtree))


def _proved(session: Session, prove: Callable[[proofs.Subtree], list[bytes]]) -> list[bytes]:
    """Ask once which subtrees a proof needs, read them with two queries, prove.

    Stored nodes serve from level 8 up; smaller subtrees are hashed from the leaves of their block of 256.
    """
    wanted: set[tuple[int, int]] = set()

    def note(start: int, end: int) -> bytes:
        wanted.add((start, end))
        return b""

    prove(note)
    found = _stored_nodes(session, {(s, e) for s, e in wanted if e - s >= 1 << KEPT_LEVEL})
    small = wanted - set(found)
    blocks = {block: _block(session, block) for block in {start >> KEPT_LEVEL for start, _end in small}}
    for start, end in small:
        offset = (start >> KEPT_LEVEL) << KEPT_LEVEL
        hashes = blocks[start >> KEPT_LEVEL][start - offset : end - offset]
        while len(hashes) > 1:
            hashes = [node_hash(hashes[i], hashes[i + 1]) for i in range(0, len(hashes), 2)]
        found[start, end] = hashes[0]
    return prove(lambda start, end: found[start, end])


def _stored_nodes(session: Session, spans: set[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    places = {((e - s).bit_length() - 1, s // (e - s)): (s, e) for s, e in spans}
    if not places:
        return {}
    # An OR of equalities is answered from the primary key; a list of pairs makes SQLite read the whole table.
    # Only the number of places shapes the text, so that it is prepared once for each number.
    either = " OR ".join(f"(level = :level{n} AND idx = :idx{n})" for n in range(len(places)))
    query = f"SELECT level, idx, hash FROM audit_node WHERE {either}"  # noqa: S608 - numbered names, no value
    named = {f"level{n}": level for n, (level, _index) in enumerate(places)}
    named |= {f"idx{n}": index for n, (_level, index) in enumerate(places)}
    rows = session.connection().execute(text(query), named).fetchall()
    found = {places[level, index]: bytes(node) for level, index, node in rows}
    if len(found) < len(places):
        level, index = min(set(places) - {p for p, span in places.items() if span in found})
        msg = f"the log keeps no node {index} of level {level}"
        raise LookupError(msg)
    return found


def _block(session: Session, block: int) -> list[bytes]:
    first = block << KEPT_LEVEL
    rows = session.connection().execute(_LEAVES, {"first": first, "end": first + (1 << KEPT_LEVEL)})
    return [bytes(leaf) for (leaf,) in rows.fetchall()]


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
