"""Confirm once more who signs: the password, or one click in the demo; the answer is a ticket for one signature."""

import streamlit as st

from app.session import current
from app.ui.confirm_field import Confirmation
from app.wiring import reading, store, unit_of_work
from core.errors import Invalid
from core.i18n import N_
from core.platform.access.confirmation import confirm_in_demo, confirm_with_password
from core.platform.access.queries import house


def in_demo() -> bool:
    """Whether the store is the demo's, whose people have no passwords."""
    with reading() as view:
        return house(view) == "demo"


def ticket(about: str, given: Confirmation) -> str:
    """Return a ticket for `about` in the reader's name; raise where the confirmation is missing or wrong."""
    me = current().actor
    if not in_demo():
        return confirm_with_password(store(), me, given.password, about, address=st.context.ip_address or "")
    if not given.clicked:
        raise Invalid(
            "confirm.unticked",
            N_("A signature asks you to confirm who you are."),
            fix=N_("Tick the box above the button."),
            field="confirmation",
        )
    with unit_of_work(me) as uow:
        return confirm_in_demo(uow, about)
