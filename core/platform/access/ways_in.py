"""Sessions, tickets and failed tries: how somebody comes in and goes out.

Bookkeeping, without an audit event: the touch of a session or token, a failed try below the limit, a ticket.
"""

from typing import Literal

from sqlmodel import col, delete, select, update

from core.errors import Refused, TooMany, Unauthenticated
from core.i18n import N_
from core.ids import new_id
from core.platform.access import queries, secrets
from core.platform.access.passwords import Protected
from core.platform.access.permissions import Permission, require
from core.platform.access.sessions import LIFETIME, TRIES, WINDOW, Purpose
from core.platform.access.tables import (
    AttemptRow,
    HouseRow,
    PersonRoleRow,
    PersonRow,
    SessionRow,
    TicketRow,
    TokenRow,
)
from core.platform.store import Actor, UnitOfWork

How = Literal["password", "demo", "set_up", "invitation"]


def try_sign_in(uow: UnitOfWork, email: str, address: str) -> str:
    """Count a try before the password is looked at; return the try's id.

    Raise `TooMany` after 5 failures in 15 minutes, of the account or from the address, known or not: a
    correct password takes its own try off the count again.
    """
    pepper = _pepper(uow)
    account, source = secrets.pseudonym(pepper, email), secrets.pseudonym(pepper, address)
    if uow.session.get_bind().dialect.name == "postgresql":
        # Tries of one account queue up on one row, so that a burst cannot pass the count together.
        uow.session.exec(select(HouseRow).where(HouseRow.id == queries.HOUSE).with_for_update()).one()
    failed = queries.failures(uow.session, account, source, uow.now)
    if failed >= TRIES:
        raise TooMany(
            "sign_in.too_many",
            N_("Too many tries."),
            fix=N_("Wait {minutes} minutes, then try again."),
            minutes=int(WINDOW.total_seconds() // 60),
        )
    uow.session.execute(delete(AttemptRow).where(col(AttemptRow.at) <= uow.now - WINDOW))
    attempt = new_id("try")
    uow.session.add(AttemptRow(id=attempt, account=account, address=source, at=uow.now))
    if failed == TRIES - 1:
        uow.record("sign_in.limit_reached", "sign_in", attempt)
    return attempt


def open_session(
    uow: UnitOfWork, person_id: str, how: How, *, instead_of: str = "", attempt: str = ""
) -> str:
    """Sign `person_id` in and return the cookie's key, new at every sign-in.

    `instead_of` is the key the browser carried before: that session ends, so nothing planted survives.
    """
    row = uow.session.get(PersonRow, person_id)
    if row is None or row.disabled_at is not None:
        raise unknown()
    if attempt:
        forget_tries(uow, attempt)
    if instead_of:
        _end(uow, secrets.digest(instead_of))
    key, session_id = secrets.fresh(), new_id("ses")
    uow.session.add(
        SessionRow(
            id=session_id,
            digest=secrets.digest(key),
            person_id=person_id,
            opened_at=uow.now,
            seen_at=uow.now,
            how=how,
        )
    )
    uow.record("session.opened", "session", session_id, {"how": how, "person": person_id})
    return key


def forget_tries(uow: UnitOfWork, attempt: str) -> None:
    """Take the tries of an account off the count, after the right password: bookkeeping."""
    tried = uow.session.get(AttemptRow, attempt)
    if tried is not None:
        uow.session.execute(delete(AttemptRow).where(col(AttemptRow.account) == tried.account))


def enter_as(uow: UnitOfWork, person_id: str, *, instead_of: str = "") -> str:
    """Enter the demo as one of its people, with one click; refused over any store that is not the demo's."""
    if queries.house(uow.session) != "demo":
        raise Refused("demo.elsewhere", N_("One-click entry exists in the demo only."))
    return open_session(uow, person_id, "demo", instead_of=instead_of)


def sign_out(uow: UnitOfWork, session_id: str) -> None:
    """End one's own session."""
    row = uow.session.get(SessionRow, session_id)
    if row is None or row.ended_at is not None:
        return
    if row.person_id != uow.actor.id:
        require(uow.actor, Permission.MANAGE_PEOPLE)
    row.ended_at = uow.now
    uow.record("session.ended", "session", session_id, {"person": row.person_id})


def touch_session(uow: UnitOfWork, session_id: str) -> None:
    """Note that a session is in use: bookkeeping, at most once a minute."""
    uow.session.execute(
        update(SessionRow)
        .where(col(SessionRow.id) == session_id, col(SessionRow.ended_at).is_(None))
        .values(seen_at=uow.now)
    )


def touch_token(uow: UnitOfWork, token_id: str) -> None:
    """Note that a token is in use: bookkeeping, at most once a minute."""
    uow.session.execute(update(TokenRow).where(col(TokenRow.id) == token_id).values(last_used_at=uow.now))


def issue_ticket(uow: UnitOfWork, purpose: Purpose, subject: str, *, how: str = "") -> str:
    """Issue a single-use ticket to the actor, for one purpose and one subject; return its secret.

    An upload ticket lives 10 minutes, a signing ticket 5; `how` says by what its holder showed who they are.
    What it allows is checked again by the command that it leads to.
    """
    if purpose not in {Purpose.UPLOAD, Purpose.SIGNING}:
        require(uow.actor, Permission.MANAGE_PEOPLE)
    secret = secrets.fresh()
    uow.session.execute(delete(TicketRow).where(col(TicketRow.expires_at) <= uow.now))
    uow.session.add(
        TicketRow(
            id=new_id("tkt"),
            digest=secrets.digest(secret),
            person_id=uow.actor.id if uow.actor.kind == "person" else None,
            purpose=purpose.value,
            subject=subject,
            how=how,
            created_at=uow.now,
            expires_at=uow.now + LIFETIME[purpose],
        )
    )
    return secret


def redeem_ticket(uow: UnitOfWork, secret: str, purpose: Purpose, subject: str) -> Actor:
    """Use a ticket up and return its person as they are now.

    One UPDATE decides, so of two that come at once only one gets in. Raise `Unauthenticated` for a ticket
    used, expired, unknown, or for another purpose or subject: the answer does not say which.
    """
    holder = consume(uow, secret, purpose, subject)
    row = None if holder is None else uow.session.get(PersonRow, holder)
    if holder is None or row is None or row.disabled_at is not None:
        raise spent()
    roles = uow.session.exec(select(PersonRoleRow.role).where(PersonRoleRow.person_id == holder)).all()
    return Actor(holder, "person", frozenset(roles), "page")


def invite(uow: UnitOfWork, person_id: str) -> str:
    """Issue the link with which a person chooses a first or a new password; return its secret."""
    require(uow.actor, Permission.MANAGE_PEOPLE)
    queries.person(uow.session, person_id)
    uow.session.execute(
        delete(TicketRow).where(
            col(TicketRow.purpose) == Purpose.INVITATION.value, col(TicketRow.subject) == person_id
        )
    )
    uow.record("person.invited", "person", person_id)
    return issue_ticket(uow, Purpose.INVITATION, person_id)


def accept_invitation(uow: UnitOfWork, secret: str, password: Protected) -> str:
    """Use an invitation up: set the password, end other sessions, return the person's id."""
    found = queries.ticket(uow.session, secret, Purpose.INVITATION, uow.now)
    if found is None:
        raise spent()
    consume(uow, secret, Purpose.INVITATION, found.subject)
    row = uow.session.get(PersonRow, found.subject)
    if row is None or row.disabled_at is not None:
        raise spent()
    row.password_hash = password
    uow.session.execute(
        update(SessionRow)
        .where(col(SessionRow.person_id) == row.id, col(SessionRow.ended_at).is_(None))
        .values(ended_at=uow.now)
    )
    uow.record("password.changed", "person", row.id)
    return row.id


def unknown() -> Unauthenticated:
    """Return the one answer to a wrong address, a wrong password and a closed account."""
    return Unauthenticated(
        "sign_in.wrong",
        N_("That e-mail address and password do not belong together."),
        fix=N_("Check both and try again."),
    )


def consume(uow: UnitOfWork, secret: str, purpose: Purpose, subject: str) -> str | None:
    """Mark a ticket used and return whose it is; raise `Unauthenticated` where it cannot be used."""
    done = uow.session.execute(
        update(TicketRow)
        .where(
            col(TicketRow.digest) == secrets.digest(secret),
            col(TicketRow.purpose) == purpose.value,
            col(TicketRow.subject) == subject,
            col(TicketRow.used_at).is_(None),
            col(TicketRow.expires_at) > uow.now,
        )
        .values(used_at=uow.now)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE answers with a cursor
        raise spent()
    return uow.session.exec(
        select(TicketRow.person_id).where(TicketRow.digest == secrets.digest(secret))
    ).one()


def spent() -> Unauthenticated:
    return Unauthenticated(
        "ticket.spent",
        N_("This link or ticket is used up, expired or for something else."),
        fix=N_("Ask for a new one."),
    )


def _end(uow: UnitOfWork, digest: str) -> None:
    uow.session.execute(
        update(SessionRow)
        .where(col(SessionRow.digest) == digest, col(SessionRow.ended_at).is_(None))
        .values(ended_at=uow.now)
    )


def _pepper(uow: UnitOfWork) -> str:
    row = uow.session.get(HouseRow, queries.HOUSE)
    if row is None:
        raise unknown()
    return row.pepper
