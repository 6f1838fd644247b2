"""Append to the log, inside the transaction that makes the change."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import insert, text, update
from sqlmodel import Session, select

from core.platform.audit import canonical
from core.platform.audit.merkle import Frontier, leaf_hash
from core.platform.audit.tables import KEPT_LEVEL, AuditEvent, AuditFrontier, AuditNode
from core.platform.store import Actor, Event

BODY_VERSION = 1
_ADVISORY_LOCK = 7001


def append(session: Session, now: datetime, actor: Actor, events: Sequence[Event]) -> None:
    """Give each event the next index, its leaf and a place under the root.

    SQLite holds the only write lock already (BEGIN IMMEDIATE); PostgreSQL takes a transaction-long advisory lock,
    so that two commits never read the same edge.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    row = session.exec(select(AuditFrontier.size, AuditFrontier.edge).where(AuditFrontier.id == 1)).one()
    frontier = Frontier.unpack(row[0], row[1])
    time = stamp(now)
    rows: list[dict[str, object]] = []
    nodes: list[dict[str, object]] = []
    for event in events:
        body = canonical.encode(
            {
                "v": BODY_VERSION,
                "seq": frontier.size,
                "time": time,
                "actor": {"id": actor.id, "kind": actor.kind, "via": actor.via},
                "action": event.action,
                "subject": {"kind": event.subject_kind, "id": event.subject_id},
                "data": event.data,
            }
        )
        leaf = leaf_hash(body)
        rows.append(
            {
                "idx": frontier.size,
                "body": body.decode(),
                "leaf": leaf,
                "action": event.action,
                "actor": actor.id,
                "subject_kind": event.subject_kind,
                "subject_id": event.subject_id,
                "time": time,
            }
        )
        frontier, completed = frontier.grow(leaf)
        nodes += [{"level": n[0], "idx": n[1], "hash": n[2]} for n in completed if n[0] >= KEPT_LEVEL]
    session.execute(insert(AuditEvent), rows)
    if nodes:
        session.execute(insert(AuditNode), nodes)
    session.execute(
        update(AuditFrontier).where(AuditFrontier.id == 1).values(size=frontier.size, edge=frontier.pack())  # type: ignore[arg-type]
    )


def stamp(moment: datetime) -> str:
    """Write a moment as the log does: UTC, microseconds, Z; text order is time order."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
