"""Show once more who you are before you sign: the answer is a ticket for one signature under one snapshot.

The ticket lives five minutes, works once, in the hands of its person alone, and for its subject alone.
"""

from collections.abc import Mapping
from enum import StrEnum

from sqlmodel import select

from core.errors import Refused, Unauthenticated
from core.i18n import N_
from core.platform.access import passwords, queries, secrets, ways_in
from core.platform.access.sessions import Purpose
from core.platform.access.tables import TicketRow
from core.platform.store import SYSTEM, Actor, Store, UnitOfWork


class Confirmed(StrEnum):
    """How a signer showed who they are."""

    PASSWORD = "password"  # noqa: S105 - the name of a way, no secret
    DEMO = "demo"


CONFIRMED_NAMES: Mapping[Confirmed, str] = {
    Confirmed.PASSWORD: N_("confirmed with the password"),
    Confirmed.DEMO: N_("confirmed by one click, as the demo allows"),
}


def confirm_with_password(store: Store, actor: Actor, password: str, subject: str, *, address: str) -> str:
    """Compare the actor's own password with no transaction open, and return a ticket for `subject`.

    Raise `TooMany` past the limit of tries, `Unauthenticated` for a wrong password, `Refused` for a program.
    """
    _a_person(actor)
    with store.unit_of_work(SYSTEM) as uow:
        attempt = ways_in.try_sign_in(uow, actor.id, address)
    with store.reading() as view:
        stored = queries.password_hash(view, actor.id)
    if not passwords.matches(password, stored):
        raise Unauthenticated(
            "confirm.wrong",
            N_("That is not your password."),
            fix=N_("Type the password with which you sign in."),
            field="password",
        )
    with store.unit_of_work(actor) as uow:
        ways_in.forget_tries(uow, attempt)
        return ways_in.issue_ticket(uow, Purpose.SIGNING, subject, how=Confirmed.PASSWORD.value)


def confirm_in_demo(uow: UnitOfWork, subject: str) -> str:
    """Return a ticket for one click: the demo's people have no passwords, and their signatures say so."""
    _a_person(uow.actor)
    if queries.house(uow.session) != "demo" or uow.actor.via == "api":
        raise Refused("confirm.elsewhere", N_("One-click confirmation exists on the demo's pages only."))
    return ways_in.issue_ticket(uow, Purpose.SIGNING, subject, how=Confirmed.DEMO.value)


def redeem_confirmation(uow: UnitOfWork, ticket: str, subject: str) -> Confirmed:
    """Use the actor's ticket up in the transaction of what it confirms; raise `Unauthenticated` without one."""
    _a_person(uow.actor)
    if not ticket:
        raise Unauthenticated(
            "confirm.missing",
            N_("A signature asks you to confirm who you are."),
            fix=N_(
                "Enter your password again, or send a signing ticket that is not older than five minutes."
            ),
            field="ticket",
        )
    if ways_in.consume(uow, ticket, Purpose.SIGNING, subject) != uow.actor.id:
        raise ways_in.spent()
    query = select(TicketRow.how).where(TicketRow.digest == secrets.digest(ticket))
    return Confirmed(uow.session.exec(query).one())


def _a_person(actor: Actor) -> None:
    if actor.kind != "person":
        raise Refused("confirm.no_person", N_("Only a person signs; a program may request."))
