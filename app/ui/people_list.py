"""People and their roles: a row each, with what an administrator may change."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from app.ui.badges import Tone, badge
from app.ui.text import md
from core.i18n import _
from core.platform.access.permissions import ROLE_NAMES, Role
from core.platform.access.queries import Person


@dataclass(frozen=True, slots=True)
class Change:
    """What an administrator asked for."""

    kind: Literal["roles", "invite", "disable", "enable", "erase"]
    person_id: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A filled form."""

    name: str
    email: str
    roles: tuple[str, ...]


def people_list(people: Sequence[Person], *, may_manage: bool) -> Change | None:
    """Draw everybody; return the change that was asked for, if any."""
    asked: Change | None = None
    for person in people:
        with st.container(
            horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="medium"
        ):
            text = f"**{md(person.name)}**"
            if may_manage:
                text += f"  \n:gray[:small[{md(person.email)}]]"
            st.markdown(text, width=260)
            state = badge(_("Disabled"), Tone.PLAIN, "block") if person.disabled else ""
            if not person.disabled and not person.has_password:
                state = badge(_("No password yet"), Tone.WAIT)
            roles = " ".join(badge(_(ROLE_NAMES[role])) for role in Role if role in person.roles)
            st.markdown(f"{roles} {state}", width="stretch")
            if may_manage:
                asked = _menu(person) or asked
    return asked


def _menu(person: Person) -> Change | None:
    with st.popover(_("Change"), icon=":material/edit:", key=f"change_{person.id}"):
        roles = st.pills(
            _("Roles"),
            [role.value for role in Role],
            selection_mode="multi",
            default=sorted(person.roles),
            format_func=role_name,
            key=f"roles_{person.id}",
        )
        if st.button(_("Save roles"), key=f"save_{person.id}", type="primary"):
            return Change("roles", person.id, tuple(roles))
        if st.button(_("Send a new invitation"), key=f"invite_{person.id}", disabled=person.disabled):
            return Change("invite", person.id)
        if person.disabled:
            if st.button(_("Enable the account"), key=f"enable_{person.id}"):
                return Change("enable", person.id)
        elif st.button(_("Disable the account"), key=f"disable_{person.id}"):
            return Change("disable", person.id)
        return _erase(person)


def _erase(person: Person) -> Change | None:
    """The second step is to type the address: nothing brings an erased person back."""
    if not st.toggle(_("Erase this person…"), key=f"erase_{person.id}"):
        return None
    st.caption(
        _(
            "Name, address and everything they wrote in decisions can never be read again, here or in a backup. "
            "What they decided stays in the audit trail, under a pseudonym."
        )
    )
    typed = st.text_input(_("Type their e-mail address to confirm"), key=f"erase_address_{person.id}")
    sure = typed.strip().lower() == person.email
    if st.button(
        _("Erase for good"), key=f"erase_now_{person.id}", disabled=not sure, icon=":material/delete_forever:"
    ):
        return Change("erase", person.id)
    return None


def person_form() -> NewPerson | None:
    """Draw the form for a new person; return it when it was sent."""
    with st.form("new_person", border=False):
        name = st.text_input(_("Name"), max_chars=120)
        email = st.text_input(_("E-mail"), max_chars=254)
        roles = st.pills(
            _("Roles"),
            [role.value for role in Role],
            selection_mode="multi",
            default=[Role.VIEWER.value],
            format_func=role_name,
        )
        if st.form_submit_button(_("Invite"), type="primary"):
            return NewPerson(name, email, tuple(roles))
    return None


def role_name(role: str) -> str:
    """Write a role in the reader's language."""
    return _(ROLE_NAMES[Role(role)])
