"""Who reads the page: the guard vouches for the person's id, everything else is read from the store."""

import time
from dataclasses import dataclass

import streamlit as st

from app.wiring import reading, store
from core import i18n
from core.errors import Unauthenticated
from core.i18n import N_
from core.platform.access import queries
from core.platform.access.queries import Person
from core.platform.store import Actor

REMEMBER_SECONDS = 2.0
_known: dict[str, tuple[float, Person]] = {}


@dataclass(frozen=True, slots=True)
class Current:
    """The reader of this page: as commands know them, by name, in their language and time zone."""

    actor: Actor
    person: Person
    language: str
    zone: str
    session_id: str


def current() -> Current:
    """Return the reader; works in fragments too, where only `st.user` and the session state are left.

    A change of roles is seen after two seconds at most. Raise `Unauthenticated` where the guard vouched for nobody.
    """
    person_id, session_id = st.user.get("person"), st.user.get("session")
    person = _person(str(person_id)) if person_id else None
    if person is None or person.disabled:
        raise Unauthenticated(
            "session.none", N_("You are not signed in."), fix=N_("Open the sign-in page: /sign-in.")
        )
    zone = st.context.timezone or store().settings.time_zone
    i18n.use_zone(zone)
    return Current(
        actor=Actor(person.id, "person", person.roles, "page"),
        person=person,
        language=str(st.session_state.get("language") or person.language),
        zone=zone,
        session_id=str(session_id or ""),
    )


def forget(person_id: str) -> None:
    """Read this person anew at the next run: a command has just changed them."""
    _known.pop(person_id, None)


def _person(person_id: str) -> Person | None:
    kept = _known.get(person_id)
    if kept is not None and time.monotonic() - kept[0] < REMEMBER_SECONDS:
        return kept[1]
    with reading() as view:
        found = queries.find(view, person_id)
    if found is not None:
        if len(_known) > 1000:
            _known.clear()
        _known[person_id] = (time.monotonic(), found)
    return found
