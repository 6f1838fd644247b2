"""Read people, sessions, tokens and tickets."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlmodel import Session, col, func, select

from core.errors import NotFound
from core.i18n import N_, _
from core.platform.access import personal, secrets
from core.platform.access.sessions import WINDOW, Open, Purpose
from core.platform.access.tables import (
    AccessReviewRow,
    AttemptRow,
    HouseRow,
    PersonRoleRow,
    PersonRow,
    SessionRow,
    TicketRow,
    TokenRow,
)
from core.platform.store import Actor

HOUSE = "house"


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who may come in."""

    id: str
    name: str
    email: str
    roles: frozenset[str]
    disabled: bool
    language: str
    has_password: bool = True
    erased: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """A program's way in, without its secret; `roles` narrow the person's own, or are the service's."""

    id: str
    kind: Literal["person", "service"]
    person_id: str
    label: str
    roles: frozenset[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket that still stands, as its page shows it before it is redeemed."""

    id: str
    person_id: str | None
    subject: str


def house(session: Session) -> str | None:
    """Return whose store this is: `demo`, `own`, or none while nobody has claimed it."""
    row = session.get(HouseRow, HOUSE)
    return None if row is None else row.kind


def person(session: Session, person_id: str) -> Person:
    """Return one person. Raise `NotFound`."""
    found = find(session, person_id)
    if found is None:
        raise NotFound("person.unknown", N_("There is no person {id}."), id=person_id)
    return found


def find(session: Session, person_id: str) -> Person | None:
    """Return one person, or none."""
    row = session.get(PersonRow, person_id)
    return None if row is None else _persons(session, [row])[0]


def people(session: Session) -> list[Person]:
    """Return everyone who was not erased, by name."""
    rows = session.exec(select(PersonRow).where(col(PersonRow.erased_at).is_(None))).all()
    return sorted(_persons(session, rows), key=lambda found: (found.name.lower(), found.id))


def names(session: Session, ids: Collection[str]) -> dict[str, str]:
    """Return the names of those of `ids` that are people, and the labels of those that are service tokens."""
    wanted = set(ids)
    columns = select(PersonRow.id, PersonRow.name_sealed, PersonRow.erased_at)
    rows = session.exec(columns.where(col(PersonRow.id).in_(wanted))).all()
    keys = personal.keys(session, [person_id for person_id, _sealed, _erased in rows])
    found = {
        person_id: _name(person_id, personal.open_with(keys, sealed), erased=erased is not None)
        for person_id, sealed, erased in rows
    }
    found.update(session.exec(select(TokenRow.id, TokenRow.label).where(col(TokenRow.id).in_(wanted))).all())
    return found


def by_email(session: Session, email: str) -> tuple[str, str | None, bool] | None:
    """Return id, password hash and whether the account is disabled, for the sign-in alone."""
    index = personal.email_index(session, email)
    if index is None:
        return None
    row = session.exec(select(PersonRow).where(PersonRow.email_index == index)).first()
    return None if row is None else (row.id, row.password_hash, row.disabled_at is not None)


def password_hash(session: Session, person_id: str) -> str | None:
    """Return the stored hash, to check the old password before a new one is set."""
    row = session.get(PersonRow, person_id)
    return None if row is None else row.password_hash


def actor(session: Session, person_id: str, via: Literal["page", "api", "cli"]) -> Actor:
    """Return the person as commands know them. Raise `NotFound`, also where the person is disabled."""
    found = person(session, person_id)
    if found.disabled:
        raise NotFound("person.disabled", N_("The account {id} is disabled."), id=person_id)
    return Actor(found.id, "person", found.roles, via)


def open_session(session: Session, digest: str, now: datetime) -> Open | None:
    """Return the session behind a cookie's digest, if it is open, in its limits and its person enabled."""
    row = session.exec(
        select(SessionRow, PersonRow)
        .join(PersonRow, col(PersonRow.id) == SessionRow.person_id)
        .where(
            SessionRow.digest == digest,
            col(SessionRow.ended_at).is_(None),
            col(PersonRow.disabled_at).is_(None),
        )
    ).first()
    if row is None:
        return None
    signed_in, holder = row
    roles = _roles(session, [holder.id])[holder.id]
    found = Open(signed_in.id, holder.id, roles, signed_in.opened_at, signed_in.seen_at)
    return found if found.alive(now) else None


def open_sessions(session: Session, person_id: str, now: datetime) -> list[Open]:
    """Return the sessions of one person that are alive."""
    rows = session.exec(
        select(SessionRow).where(SessionRow.person_id == person_id, col(SessionRow.ended_at).is_(None))
    )
    found = [Open(row.id, row.person_id, frozenset(), row.opened_at, row.seen_at) for row in rows]
    return [each for each in found if each.alive(now)]


def tokens(session: Session, person_id: str | None = None) -> list[Token]:
    """Return tokens that have not been revoked, newest first: of one person, or all."""
    query = (
        select(TokenRow).where(col(TokenRow.revoked_at).is_(None)).order_by(col(TokenRow.created_at).desc())
    )
    if person_id is not None:
        query = query.where(TokenRow.person_id == person_id)
    return [_token(row) for row in session.exec(query)]


def token(session: Session, token_id: str) -> Token:
    """Return one token, revoked or not. Raise `NotFound`."""
    row = session.get(TokenRow, token_id)
    if row is None:
        raise NotFound("token.unknown", N_("There is no access token {id}."), id=token_id)
    return _token(row)


def bearer(session: Session, text: str, now: datetime) -> tuple[str, Actor, datetime | None] | None:
    """Return the token's id, who it acts as and when it was last used; none where it does not stand.

    A person's token carries the roles that the person has today and the token names; it ends with them.
    """
    parts = secrets.parse_token(text)
    if parts is None:
        return None
    row = session.get(TokenRow, parts[0])
    if row is None or not secrets.same(row.digest, secrets.digest(parts[1])):
        return None
    owner = session.get(PersonRow, row.person_id)
    if row.revoked_at is not None or row.expires_at <= now or owner is None or owner.disabled_at is not None:
        return None
    if row.kind == "service":
        return row.id, Actor(row.id, "service", frozenset(row.roles), "api"), row.last_used_at
    held = _roles(session, [owner.id])[owner.id]
    return row.id, Actor(owner.id, "person", held & frozenset(row.roles), "api"), row.last_used_at


def ticket(session: Session, secret: str, purpose: Purpose, now: datetime) -> Ticket | None:
    """Return a ticket that could be redeemed now, without redeeming it."""
    row = session.exec(
        select(TicketRow).where(
            TicketRow.digest == secrets.digest(secret),
            TicketRow.purpose == purpose.value,
            col(TicketRow.used_at).is_(None),
            TicketRow.expires_at > now,
        )
    ).first()
    return None if row is None else Ticket(row.id, row.person_id, row.subject)


def failures(session: Session, account: str, address: str, now: datetime) -> int:
    """Return the larger count of failed tries within the window: of the account, or from the address."""
    recent = select(func.count()).select_from(AttemptRow).where(AttemptRow.at > now - WINDOW)
    return max(
        session.exec(recent.where(AttemptRow.account == account)).one(),
        session.exec(recent.where(AttemptRow.address == address)).one(),
    )


def nobody_yet(session: Session) -> bool:
    """Say whether the store has no person at all, so that the first run prints a set-up link."""
    return session.exec(select(PersonRow.id).limit(1)).first() is None


def last_access_review(session: Session) -> datetime | None:
    """Return when somebody last looked at who may do what, or none."""
    return session.exec(select(func.max(AccessReviewRow.reviewed_at))).one()


def _roles(session: Session, ids: Collection[str]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {person_id: set() for person_id in ids}
    rows = session.exec(
        select(PersonRoleRow.person_id, PersonRoleRow.role).where(col(PersonRoleRow.person_id).in_(list(ids)))
    )
    for person_id, role in rows:
        found[person_id].add(role)
    return {person_id: frozenset(roles) for person_id, roles in found.items()}


def _persons(session: Session, rows: Sequence[PersonRow]) -> list[Person]:
    ids = [row.id for row in rows]
    roles, keys = _roles(session, ids), personal.keys(session, ids)
    return [
        Person(
            id=row.id,
            name=_name(
                row.id,
                personal.open_with(keys, row.name_sealed),
                erased=row.erased_at is not None,
            ),
            email=personal.open_with(keys, row.email_sealed) or "",
            roles=roles[row.id],
            disabled=row.disabled_at is not None,
            language=row.language,
            has_password=row.password_hash is not None,
            erased=row.erased_at is not None,
        )
        for row in rows
    ]


def _name(person_id: str, opened: str | None, *, erased: bool) -> str:
    """The name; a person whose key is away after a restore goes by their pseudonym until it is back."""
    return _("Erased person") if erased else opened or person_id


def _token(row: TokenRow) -> Token:
    return Token(
        id=row.id,
        kind="service" if row.kind == "service" else "person",
        person_id=row.person_id,
        label=row.label,
        roles=frozenset(row.roles),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
