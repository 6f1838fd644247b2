"""Forget a person, while everything they decided stays provable under their pseudonym."""

from typing import cast

from sqlalchemy import Engine
from sqlmodel import col, delete, select, update

from core.errors import Conflict, NotFound
from core.i18n import N_
from core.platform.access.permissions import Permission, Role, require
from core.platform.access.tables import (
    PersonKeyRow,
    PersonRoleRow,
    PersonRow,
    SessionRow,
    TicketRow,
    TokenRow,
)
from core.platform.search import index
from core.platform.store import UnitOfWork


def erase_person(uow: UnitOfWork, person_id: str) -> None:
    """Delete a person's key: name, address and every text sealed under it are gone for good, here and in backups.

    Nobody finds their words any more. The account is closed, its roles, sessions, tickets and password are deleted,
    its tokens end. The pseudonym stays in the log, and so every root and proof. Raise `NotFound`, and `Conflict` for
    the last administrator.
    """
    require(uow.actor, Permission.MANAGE_PEOPLE)
    leave_an_administrator(uow, person_id)
    row = uow.session.exec(select(PersonRow).where(PersonRow.id == person_id).with_for_update()).first()
    if row is None:
        raise NotFound("person.unknown", N_("There is no person {id}."), id=person_id)
    if row.erased_at is not None:
        return
    row.erased_at = uow.now
    row.disabled_at = row.disabled_at or uow.now
    row.name_sealed = row.email_sealed = ""
    row.email_index = row.password_hash = None
    row.language = "en"
    uow.session.add(row)
    uow.session.execute(
        update(TokenRow).where(col(TokenRow.person_id) == person_id).values(label="", revoked_at=uow.now)
    )
    uow.session.execute(delete(PersonRoleRow).where(col(PersonRoleRow.person_id) == person_id))
    uow.session.execute(delete(SessionRow).where(col(SessionRow.person_id) == person_id))
    uow.session.execute(delete(TicketRow).where(col(TicketRow.person_id) == person_id))
    uow.session.execute(delete(PersonKeyRow).where(col(PersonKeyRow.person_id) == person_id))
    index.forget(uow, person_id)
    uow.record("subject.erased", "person", person_id)
    engine = cast("Engine", uow.session.get_bind())
    uow.after_commit(lambda: _scour(engine))


def leave_an_administrator(uow: UnitOfWork, person_id: str) -> None:
    """Raise `Conflict` where nobody would be left to administer.

    On PostgreSQL it locks every administrator and their role, in one order: two at once can neither close each
    other's accounts nor take each other's role. Called before any other row of a person is locked, so that neither
    waits for what the other holds.
    """
    others = uow.session.exec(
        select(PersonRow.id)
        .join(PersonRoleRow, col(PersonRoleRow.person_id) == PersonRow.id)
        .where(PersonRoleRow.role == Role.ADMINISTRATOR.value, col(PersonRow.disabled_at).is_(None))
        .order_by(PersonRow.id)
        .with_for_update()
    ).all()
    if set(others) == {person_id}:
        raise Conflict(
            "person.last_administrator",
            N_("This is the last administrator."),
            fix=N_("Make somebody else an administrator first."),
        )


def _scour(engine: Engine) -> None:
    """Drop the key's bytes from beside the table: SQLite's write-ahead log, PostgreSQL's dead rows."""
    if engine.dialect.name != "sqlite":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM person_key, person")
        return
    raw = engine.raw_connection()  # a checkpoint runs outside any transaction
    try:
        raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        raw.close()
