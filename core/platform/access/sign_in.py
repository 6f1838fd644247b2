"""Sign in by password: count, compare with no transaction open, then open the session."""

from core.platform.access import passwords, queries, ways_in
from core.platform.store import SYSTEM, Actor, Store


def sign_in(store: Store, *, email: str, password: str, address: str, instead_of: str = "") -> str:
    """Return the key of a new session.

    Raise `TooMany` past the limit of tries, else the same `Unauthenticated`, after the same work, for an
    unknown address, a wrong password and a closed account.
    """
    with store.unit_of_work(SYSTEM) as uow:
        attempt = ways_in.try_sign_in(uow, email, address)
    with store.reading() as view:
        found = queries.by_email(view, email)
    person_id, stored, disabled = found or ("", None, False)
    if not passwords.matches(password, stored) or disabled:
        raise ways_in.unknown()
    with store.reading() as view:
        roles = queries.person(view, person_id).roles
    with store.unit_of_work(Actor(person_id, "person", roles, "page")) as uow:
        return ways_in.open_session(uow, person_id, "password", instead_of=instead_of, attempt=attempt)


def confirm(store: Store, *, person_id: str, password: str, address: str) -> None:
    """Check one's own present password before it is changed, under the same limit of tries."""
    with store.unit_of_work(SYSTEM) as uow:
        attempt = ways_in.try_sign_in(uow, person_id, address)
    with store.reading() as view:
        stored = queries.password_hash(view, person_id)
    if not passwords.matches(password, stored):
        raise ways_in.unknown()
    with store.unit_of_work(SYSTEM) as uow:
        ways_in.forget_tries(uow, attempt)
