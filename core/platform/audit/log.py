"""Append to the log, inside the transaction that makes the change."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import text
from sqlmodel import Session

from core.platform.audit import canonical
from core.platform.audit.merkle import Frontier, leaf_hash
from core.platform.audit.tables import KEPT_LEVEL
from core.platform.store import Actor, Event

BODY_VERSION = 1
_ADVISORY_LOCK = 7001
# Written as text: every command pays for these four, and building them anew cost more than running them.
_LOCK = text("SELECT pg_advisory_xact_lock(:key)")
_EDGE = text("SELECT size, edge FROM audit_frontier WHERE id = 1")
_EVENT = text(
    "INSERT INTO audit_event (idx, body, leaf, action, actor, subject_kind, subject_id, time)"
    " VALUES (:idx, :body, :leaf, :action, :actor, :subject_kind, :subject_id, :time)"
)
_NODE = text("INSERT INTO audit_node (level, idx, hash) VALUES (:level, :idx, :hash)")
_MOVE = text("UPDATE audit_frontier SET size = :size, edge = :edge WHERE id = 1")


def append(session: Session, now: datetime, actor: Actor, events: Sequence[Event]) -> None:
    """Give each event the next index, its leaf and a place under the root.

    SQLite holds the only write lock already (BEGIN IMMEDIATE); PostgreSQL takes a transaction-long advisory lock,
    so that two commits never read the same edge.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK, {"key": _ADVISORY_LOCK})
    size, edge = connection.execute(_EDGE).one()
    frontier = Frontier.unpack(size, bytes(edge))
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
    connection.execute(_EVENT, rows)
    if nodes:
        connection.execute(_NODE, nodes)
    connection.execute(_MOVE, {"size": frontier.size, "edge": frontier.pack()})


def stamp(moment: datetime) -> str:
    """Write a moment as the log does: UTC, microseconds, Z; text order is time order."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
