"""The card in which a table of protected attributes is sent: it goes from the browser to the REST interface."""

from urllib.parse import urlencode

import streamlit as st

from app.ui.text import md
from app.ui.uploader import uploader
from app.wiring import store, unit_of_work
from core.assets.registry.lawful_basis import LAWFUL_BASIS_NAMES, LawfulBasis
from core.evidence.fairness.queries import Declaration
from core.i18n import _
from core.platform.access.sessions import Purpose
from core.platform.access.ways_in import issue_ticket
from core.platform.store import Actor


def people_table(me: Actor, slug: str, now: Declaration) -> None:
    """Ask for key and lawful basis, then for the file; draw the page anew once it has been taken."""
    st.markdown(
        md(
            _(
                "Attributes that no model sees may come in a table of their own: one row per case, joined by a key that"
                " the evaluation table has too, or by the id of predictions."
            )
        )
    )
    with st.container(horizontal=True, gap="small"):
        key = st.text_input(
            _("Column that joins it"), value=now.key_column, max_chars=200, key="people_key", width=240
        )
        grounds = [b for b in LawfulBasis if b is not LawfulBasis.NO_PERSONAL_DATA]
        basis = st.selectbox(
            _("Lawful basis"),
            grounds,
            index=grounds.index(LawfulBasis.LEGAL_OBLIGATION),
            format_func=lambda value: _(LAWFUL_BASIS_NAMES[value]),
            key="people_basis",
            width=380,
        )

    def address() -> str:
        with unit_of_work(me) as uow:
            ticket = issue_ticket(uow, Purpose.UPLOAD, slug)
        asked = {"key": key, "lawful_basis": basis.value, "ticket": ticket}
        return f"/api/v1/fairness/{slug}/people?{urlencode(asked)}"

    sent = uploader(
        "people_table",
        url=address,
        label=_("Table of protected attributes"),
        help=_("CSV (UTF-8) or Parquet"),
        accept=".csv,.parquet",
        limit=store().settings.upload_limit,
        disabled=not key.strip(),
    )
    if sent is None:
        return
    if sent.received and st.session_state.get("people_taken") != sent.digest:
        st.session_state["people_taken"] = sent.digest
        st.rerun()
