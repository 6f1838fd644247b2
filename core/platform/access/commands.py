"""Change people, their roles and their tokens. Sessions and tickets are in `ways_in`."""

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Literal

from sqlmodel import col, delete, select, update

from core.errors import Conflict, Invalid, NotFound, Refused
from core.i18n import LANGUAGES, N_, nearest
from core.ids import new_id
from core.platform.access import personal, queries, secrets, ways_in
from core.platform.access.erasure import erase_person, leave_an_administrator
from core.platform.access.passwords import Protected
from core.platform.access.permissions import Permission, Role, require
from core.platform.access.sessions import Purpose
from core.platform.access.tables import HouseRow, PersonRoleRow, PersonRow, SessionRow, TokenRow
from core.platform.store import UnitOfWork

__all__ = [
    "add_person", "change_password", "choose_language", "claim_house", "create_token", "disable_person", "enable_person",
    "erase_person", "revoke_token", "set_roles", "set_up",
]  # fmt: skip

LONGEST_TOKEN = timedelta(days=366)
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")


def claim_house(uow: UnitOfWork, kind: Literal["demo", "own"]) -> None:
    """Say once whose store this is; raise `Conflict` where it is the other kind, or holds people already."""
    require(uow.actor, Permission.MANAGE_SETTINGS)
    row = uow.session.get(HouseRow, queries.HOUSE)
    if row is not None and row.kind == kind:
        return
    if row is not None or (kind == "demo" and not queries.nobody_yet(uow.session)):
        raise Conflict(
            "house.other",
            N_("This store does not belong to the demo."),
            fix=N_("Give the demo a folder of its own, with --folder; your store is never touched by it."),
        )
    uow.session.add(HouseRow(id=queries.HOUSE, kind=kind, pepper=secrets.fresh(), claimed_at=uow.now))
    uow.record("house.claimed", "house", queries.HOUSE, {"kind": kind})


def add_person(
    uow: UnitOfWork,
    *,
    name: str,
    email: str,
    roles: Collection[str],
    password: Protected | None = None,
    language: str = "en",
) -> str:
    """Add a person and return their id; without a password they come in by an invitation.

    Raise `Invalid` for an empty name, an address without @ or an unknown role, `Conflict` for one in use.
    """
    require(uow.actor, Permission.MANAGE_PEOPLE)
    name, email = name.strip(), email.strip().lower()
    if not name or len(name) > 120:
        raise Invalid(
            "person.name", N_("A person needs a name."), fix=N_("Use 1 to 120 characters."), field="name"
        )
    if not _ADDRESS.fullmatch(email) or len(email) > 254:
        raise Invalid(
            "person.email",
            N_("“{email}” is not an e-mail address."),
            fix=N_("Write it as name@example.org."),
            field="email",
            email=email[:80],
        )
    wanted = _known(roles)
    if queries.by_email(uow.session, email) is not None:
        raise Conflict(
            "person.exists",
            N_("Somebody already signs in with {email}."),
            fix=N_("Change the roles of that person instead."),
            field="email",
            email=email,
        )
    person_id = new_id("per")
    uow.session.add(
        PersonRow(
            id=person_id,
            name_sealed=personal.seal_text(uow, person_id, name),
            email_sealed=personal.seal_text(uow, person_id, email),
            email_index=personal.make_email_index(uow, email),
            password_hash=password,
            language=nearest(language),
            created_at=uow.now,
        )
    )
    uow.session.flush()
    _grant(uow, person_id, wanted)
    uow.record("person.added", "person", person_id, {"roles": sorted(wanted)})
    return person_id


def set_up(
    uow: UnitOfWork, secret: str, *, name: str, email: str, password: Protected, language: str = "en"
) -> str:
    """Use the first run's link up: create the administrator, while there is nobody; return their id."""
    ways_in.consume(uow, secret, Purpose.SET_UP, queries.HOUSE)
    if not queries.nobody_yet(uow.session):
        raise Conflict(
            "set_up.done",
            N_("Aval is set up already."),
            fix=N_("Sign in, or ask an administrator to invite you."),
        )
    return add_person(
        uow, name=name, email=email, roles=[Role.ADMINISTRATOR], password=password, language=language
    )


def set_roles(uow: UnitOfWork, person_id: str, roles: Collection[str]) -> None:
    """Replace a person's roles; raise `Conflict` where nobody would be left to administer."""
    require(uow.actor, Permission.MANAGE_PEOPLE)
    before = queries.person(uow.session, person_id).roles
    wanted = _known(roles)
    if wanted == before:
        return
    if Role.ADMINISTRATOR not in wanted:
        leave_an_administrator(uow, person_id)
    uow.session.execute(delete(PersonRoleRow).where(col(PersonRoleRow.person_id) == person_id))
    _grant(uow, person_id, wanted)
    uow.record("person.roles_set", "person", person_id, {"before": sorted(before), "after": sorted(wanted)})


def disable_person(uow: UnitOfWork, person_id: str) -> None:
    """Close an account: its sessions end, its tokens stop."""
    require(uow.actor, Permission.MANAGE_PEOPLE)
    leave_an_administrator(uow, person_id)
    row = _row(uow, person_id)
    if row.disabled_at is not None:
        return
    row.disabled_at = uow.now
    _end_sessions(uow, person_id)
    uow.record("person.disabled", "person", person_id)


def enable_person(uow: UnitOfWork, person_id: str) -> None:
    """Open a closed account again."""
    require(uow.actor, Permission.MANAGE_PEOPLE)
    row = _row(uow, person_id)
    if row.disabled_at is None or row.erased_at is not None:
        return
    row.disabled_at = None
    uow.record("person.enabled", "person", person_id)


def change_password(uow: UnitOfWork, person_id: str, password: Protected, *, keep_session: str = "") -> None:
    """Set a person's own password and end their other sessions; the caller has checked the old one."""
    if uow.actor.kind != "system" and (uow.actor.id != person_id or uow.actor.via == "api"):
        raise Refused(
            "password.not_yours",
            N_("Only the person can change this password, in the browser."),
            fix=N_("Send an invitation instead: it lets the person choose a new one."),
        )
    row = _row(uow, person_id)
    row.password_hash = password
    _end_sessions(uow, person_id, keep=keep_session)
    uow.record("password.changed", "person", person_id)


def choose_language(uow: UnitOfWork, language: str) -> None:
    """Remember the actor's own language: bookkeeping, without an audit event."""
    row = _row(uow, uow.actor.id)
    row.language = language if language in LANGUAGES else nearest(language)


def create_token(
    uow: UnitOfWork,
    *,
    label: str,
    roles: Collection[str],
    expires_at: datetime,
    kind: Literal["person", "service"] = "person",
) -> tuple[str, str]:
    """Create an access token of the actor; return its id and the text that is shown once.

    A person's token may carry no role that the person lacks; a service token needs the right to manage
    people. A token never creates a token. Raise `Refused` or `Invalid`.
    """
    require(uow.actor, Permission.MANAGE_PEOPLE if kind == "service" else Permission.OWN_TOKENS)
    if uow.actor.via == "api" or uow.actor.kind != "person":
        raise Refused(
            "token.by_token",
            N_("A token cannot create another token."),
            fix=N_("Create it in Settings, signed in as a person."),
        )
    wanted = _known(roles)
    if not label.strip() or len(label) > 80:
        raise Invalid(
            "token.label", N_("A token needs a name."), fix=N_("Use 1 to 80 characters."), field="label"
        )
    if not uow.now < expires_at <= uow.now + LONGEST_TOKEN:
        raise Invalid(
            "token.expiry",
            N_("A token lives at most a year."),
            fix=N_("Choose an earlier date in the future."),
            field="expires_at",
        )
    if kind == "person" and not wanted <= uow.actor.roles:
        raise Refused(
            "token.scope",
            N_("A token cannot carry a role that you do not have."),
            fix=N_("Choose among your own roles."),
        )
    token_id, secret = new_id("tok"), secrets.fresh()
    uow.session.add(
        TokenRow(
            id=token_id,
            digest=secrets.digest(secret),
            kind=kind,
            person_id=uow.actor.id,
            label=label.strip(),
            roles=sorted(wanted),
            created_at=uow.now,
            expires_at=expires_at,
        )
    )
    uow.record(
        "token.created",
        "token",
        token_id,
        {"kind": kind, "roles": sorted(wanted), "expires": expires_at.date().isoformat()},
    )
    return token_id, secrets.token(token_id, secret)


def revoke_token(uow: UnitOfWork, token_id: str) -> None:
    """End a token: one's own, or any with the right to manage people."""
    row = uow.session.get(TokenRow, token_id)
    own = row is not None and row.person_id == uow.actor.id
    require(uow.actor, Permission.OWN_TOKENS if own else Permission.MANAGE_PEOPLE)
    if row is None:
        raise NotFound("token.unknown", N_("There is no access token {id}."), id=token_id)
    if row.revoked_at is not None:
        return
    row.revoked_at = uow.now
    uow.record("token.revoked", "token", token_id)


def _known(roles: Collection[str]) -> frozenset[str]:
    unknown = sorted(set(roles) - set(Role))
    if unknown or not roles:
        raise Invalid(
            "person.roles",
            N_("At least one known role is needed."),
            fix=N_("The roles are: {roles}."),
            field="roles",
            roles=", ".join(Role),
        )
    return frozenset(Role(role).value for role in roles)


def _grant(uow: UnitOfWork, person_id: str, roles: Collection[str]) -> None:
    uow.session.add_all(
        PersonRoleRow(person_id=person_id, role=role, granted_at=uow.now) for role in sorted(roles)
    )


def _row(uow: UnitOfWork, person_id: str) -> PersonRow:
    row = uow.session.exec(select(PersonRow).where(PersonRow.id == person_id).with_for_update()).first()
    if row is None:
        raise NotFound("person.unknown", N_("There is no person {id}."), id=person_id)
    return row


def _end_sessions(uow: UnitOfWork, person_id: str, *, keep: str = "") -> None:
    uow.session.execute(
        update(SessionRow)
        .where(
            col(SessionRow.person_id) == person_id,
            col(SessionRow.ended_at).is_(None),
            col(SessionRow.id) != keep,
        )
        .values(ended_at=uow.now)
    )
