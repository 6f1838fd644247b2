"""Repeatable requests: under one key a program gets one effect, and the same answer however often it asks.

Bookkeeping, without an audit event: what the request did has its own.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import col, delete

from core.errors import Conflict, Invalid
from core.i18n import N_
from core.platform.access.tables import AnswerRow
from core.platform.store import UnitOfWork

KEPT = timedelta(hours=24)
LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered before."""

    status: int
    body: str


def begin(uow: UnitOfWork, key: str, request_digest: str) -> Answer | None:
    """Take the key in the command's own transaction; return the stored answer where it was taken before.

    Two at once under one key: the second waits for the first to commit, then gets its answer. Raise `Conflict`
    where the key came with another request, `Invalid` for a key that is empty or too long.
    """
    if not key.strip() or len(key) > LONGEST_KEY:
        raise Invalid(
            "repeat.key",
            N_("An Idempotency-Key has 1 to {n} characters."),
            field="Idempotency-Key",
            n=LONGEST_KEY,
        )
    uow.session.execute(delete(AnswerRow).where(col(AnswerRow.at) <= uow.now - KEPT))
    insert = postgres_insert if uow.session.connection().dialect.name == "postgresql" else sqlite_insert
    values = {"actor_id": uow.actor.id, "key": key, "request_digest": request_digest, "at": uow.now}
    taken = uow.session.execute(
        insert(AnswerRow).values(**values, status=0, body="").on_conflict_do_nothing()
    )
    if taken.rowcount == 1:  # type: ignore[attr-defined]  # an INSERT answers with a cursor
        return None
    row = uow.session.get(AnswerRow, (uow.actor.id, key), populate_existing=True)
    if row is None or row.request_digest != request_digest:
        raise Conflict(
            "repeat.other_request",
            N_("This Idempotency-Key was used for another request."),
            fix=N_("Use a new key for a new request."),
            field="Idempotency-Key",
        )
    return Answer(row.status, row.body)


def keep(uow: UnitOfWork, key: str, status: int, body: str) -> None:
    """Store the answer beside what the command did."""
    row = uow.session.get(AnswerRow, (uow.actor.id, key))
    if row is not None:
        row.status, row.body = status, body
