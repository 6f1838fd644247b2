"""Read the log, and recompute it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select as sql_select
from sqlmodel import Session, col, func, select

from core.platform.audit import proofs
from core.platform.audit.log import stamp
from core.platform.audit.merkle import Frontier, leaf_hash, node_hash
from core.platform.audit.tables import KEPT_LEVEL, AuditCheckpoint, AuditEvent, AuditFrontier, AuditNode
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
class KeptCheckpoint:
    """A signed note about the first `size` entries, the key it verifies under, and the places that hold it."""

    size: int
    note: str
    key: str
    time: datetime
    places: tuple[str, ...]


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


def checkpoints(session: Session, limit: int = 50) -> list[KeptCheckpoint]:
    """Return the kept checkpoints, newest first."""
    query = select(AuditCheckpoint).order_by(col(AuditCheckpoint.size).desc()).limit(limit)
    return [KeptCheckpoint(r.size, r.note, r.key, r.time, tuple(r.places)) for r in session.exec(query)]


def last_checkpoint(session: Session) -> KeptCheckpoint | None:
    """Return the newest checkpoint, or none."""
    found = checkpoints(session, limit=1)
    return found[0] if found else None


def verify(session: Session) -> Verification:
    """Recompute every leaf and the root from the bodies; name the first entry that does not fit.

    An entry is at fault when its index leaves a gap, its body does not hash to its leaf, or its body is not the one
    the search columns name. At the end the recomputed edge must equal the stored one, which reveals a cut tail and an
    entry rewritten together with its leaf; the stored inner nodes then name the block it lies in.
    """
    size, root = head(session)
    kept = {
        (n.level, n.idx): n.hash for n in session.exec(select(AuditNode).where(AuditNode.level == KEPT_LEVEL))
    }
    frontier = Frontier()
    for row in _all(session):
        reason = _fault(row, frontier.size)
        if reason:
            return Verification(size, root, ok=False, first_bad=frontier.size, reason=reason)
        start = frontier.size
        frontier, completed = frontier.grow(row.leaf)
        for level, index, node in completed:
            if level == KEPT_LEVEL and kept.get((level, index)) != node:
                return Verification(size, root, ok=False, first_bad=start - (1 << level) + 1, reason="block")
    if frontier.size != size:
        return Verification(size, root, ok=False, first_bad=min(frontier.size, size), reason="size")
    if frontier.root().hex() != root:
        block = (size >> KEPT_LEVEL) << KEPT_LEVEL
        return Verification(size, root, ok=False, first_bad=min(block, max(size - 1, 0)), reason="root")
    return Verification(size, root, ok=True)


class _Row(NamedTuple):
    idx: int
    body: str
    leaf: bytes
    action: str
    actor: str
    subject_kind: str
    subject_id: str
    time: str


def _fault(row: _Row, index: int) -> str:
    if row.idx != index:
        return "gap"
    if leaf_hash(row.body.encode()) != row.leaf:
        return "body"
    body = json.loads(row.body)
    said = (
        body["seq"],
        body["action"],
        body["actor"]["id"],
        body["subject"]["kind"],
        body["subject"]["id"],
        body["time"],
    )
    if said != (row.idx, *row[3:]):
        return "columns"
    return ""


def _all(session: Session) -> Iterator[_Row]:
    table = AuditEvent.__table__  # type: ignore[attr-defined]
    columns = [table.c[name] for name in _Row._fields]
    last = -1
    while True:
        rows = session.execute(
            sql_select(*columns).where(table.c.idx > last).order_by(table.c.idx).limit(PAGE)
        ).all()
        if not rows:
            return
        for row in rows:
            yield _Row(*row)
        last = rows[-1][0]


def prove_inclusion(session: Session, index: int, size: int | None = None) -> list[bytes]:
    """Return the audit path of one entry in the log of `size` entries; the whole log when none is named."""
    return proofs.inclusion(index, head(session)[0] if size is None else size, _subtrees(session))


def prove_consistency(session: Session, old: int, new: int | None = None) -> list[bytes]:
    """Return the proof that the log of `old` entries is the beginning of the log of `new`."""
    return proofs.consistency(old, head(session)[0] if new is None else new, _subtrees(session))


def _subtrees(session: Session) -> proofs.Subtree:
    """Return hashes of complete subtrees: stored ones from level 8 up, smaller ones from the leaves of their block."""
    blocks: dict[int, list[bytes]] = {}

    def subtree(start: int, end: int) -> bytes:
        level = (end - start).bit_length() - 1
        if level >= KEPT_LEVEL:
            node = session.get(AuditNode, (level, start >> level))
            if node is None:
                msg = f"the log keeps no node {start >> level} of level {level}"
                raise LookupError(msg)
            return node.hash
        block = start >> KEPT_LEVEL
        if block not in blocks:
            first = block << KEPT_LEVEL
            query = select(AuditEvent.leaf).where(
                AuditEvent.idx >= first, AuditEvent.idx < first + (1 << KEPT_LEVEL)
            )
            blocks[block] = list(session.exec(query.order_by(col(AuditEvent.idx))))
        offset = block << KEPT_LEVEL
        hashes = blocks[block][start - offset : end - offset]
        while len(hashes) > 1:
            hashes = [node_hash(hashes[i], hashes[i + 1]) for i in range(0, len(hashes), 2)]
        return hashes[0]

    return subtree


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
