"""The dialog of KPIs that shows them to others: the week on paper, and links for people without an account."""

from collections.abc import Mapping

import streamlit as st

from app.ui.refused import may_not, refusals
from app.ui.shares import share_form, share_list
from app.ui.token_list import shown_once
from app.wiring import reading, store, unit_of_work
from core.i18n import _
from core.platform.access import shares
from core.platform.access.permissions import MATRIX, ROLE_NAMES, Permission, allowed
from core.platform.store import Actor

_SECRET = "share_secret"  # noqa: S105 - the name of a place, not a secret


def kpi_sharing(actor: Actor, titles: Mapping[str, str], scope: str) -> None:
    """Draw it; `titles` is by use case id, `scope` the one that is shown or empty."""
    address = f"/download/digest?use_case={scope}&format="
    with st.container(horizontal=True):
        st.link_button(_("This week as PDF"), f"{address}pdf", icon=":material/picture_as_pdf:")
        st.link_button(_("This week as a page"), f"{address}html", icon=":material/html:")
    st.subheader(_("Links for people without an account"))
    if not allowed(actor, Permission.SHARE):
        able = [_(ROLE_NAMES[role]) for role, rights in MATRIX.items() if Permission.SHARE in rights]
        may_not(_("Your roles do not include sharing KPIs outside."), ", ".join(able))
        return
    secret = st.session_state.pop(_SECRET, None)
    if secret:
        root = store().settings.public_url.rstrip("/") or (st.context.url or "").split("/kpis")[0]
        hint = _("Whoever has it can read. It is not shown again; take it back below at any time.")
        shown_once(f"{root}/shared/{secret}", title=_("The link"), hint=hint)
    with reading() as view:
        standing = shares.shares(view, store().clock())
    with refusals():
        gone = share_list(standing, titles, store().clock())
        if gone:
            with unit_of_work(actor) as uow:
                shares.revoke_share(uow, gone)
            st.rerun(scope="fragment")
        asked = share_form(titles, scope)
        if asked:
            with unit_of_work(actor) as uow:
                _id, st.session_state[_SECRET] = shares.share(
                    uow, scope=asked.scope, label=asked.label, language=asked.language, days=asked.days
                )
            st.rerun(scope="fragment")
