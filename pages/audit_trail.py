"""Audit trail: what was done, by whom, and the proof that nothing was changed since."""

import streamlit as st

from app.session import current
from app.ui.as_of import as_of_control, as_of_view
from app.ui.audit_table import audit_event, audit_table, verification
from app.ui.card import card, page_header
from app.ui.checkpoint_list import checkpoint_list, sealed_words
from app.ui.empty import empty
from app.ui.metric_strip import Figure, metric_strip
from app.ui.refused import refusals_end_page
from app.wiring import reading, store
from core.decisions.releases import as_of
from core.i18n import _, moment, number
from core.platform.access import queries as access
from core.platform.access.permissions import Permission, require
from core.platform.audit import queries as audit
from core.platform.audit.proof import proof_of
from core.platform.audit.rotation import held_here

PER_PAGE = 50

me = current()
with refusals_end_page():
    require(me.actor, Permission.VERIFY_AUDIT)


@st.dialog(_("Entry"), width="large", position="right")
def entry(index: int) -> None:
    """Show one entry in full at the right."""
    with reading() as view:
        event = audit.event(view, index)
        names = access.names(view, {event.actor_id} if event else set())
        proof = proof_of(view, index)
    if event is not None:
        audit_event(event, names, proof)


with page_header(_("Audit trail")):
    at = as_of_control(me.zone, store().clock().date())
    verify = st.button(_("Verify"), type="primary", icon=":material/verified_user:")

if verify:
    with st.spinner(_("Every entry is hashed anew…")), reading() as view:
        held = held_here(view, store().settings)
        st.session_state["verified"] = (audit.verify(view, held), moment(store().clock()))
if "verified" in st.session_state:
    verification(*st.session_state["verified"])

with reading() as view:
    size, root = audit.head(view) if at is None else audit.head_at(view, at)
    actions = audit.actions(view)
    people = access.people(view)
    checkpoints = audit.checkpoints(view, limit=20, at=at)
    then = as_of.everywhere(view, at) if at is not None else ()
    signers = access.names(view, {s.person_id for each in then for s in each.signatures})
sealed, rest = sealed_words(size, checkpoints[0] if checkpoints else None)
metric_strip(
    [
        Figure(_("Entries"), number(size), help_text=_("As of {when}", when=moment(at or store().clock()))),
        Figure(_("Sealed"), sealed, help_text=rest),
        Figure(_("Root"), root[:12], help_text=f"`{root}`"),
    ],
    columns=3,
)
if at is not None:
    with st.expander(_("What was live then"), icon=":material/history:"):
        as_of_view(then, signers, at)

with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    action = st.selectbox(
        _("Action"),
        ["", *actions],
        format_func=lambda each: each or _("All"),
        key="action",
        bind="query-params",
        width=240,
    )
    who = st.selectbox(
        _("Who"),
        ["", *(person.id for person in people)],
        format_func={"": _("Everybody"), **{person.id: person.name for person in people}}.__getitem__,
        key="who",
        bind="query-params",
        width=240,
    )
    subject = st.text_input(
        _("Subject"), key="subject", bind="query-params", placeholder=_("An id, such as ver_…"), width=280
    )

before = st.query_params.get("before", "")
with reading() as view:
    events = audit.events(
        view,
        action=action or None,
        actor=who or None,
        subject_id=subject.strip() or None if subject else None,
        until=at,
        before=int(before) if before.isdigit() else None,
        limit=PER_PAGE + 1,
    )
    names = access.names(view, {event.actor_id for event in events})

if not events:
    empty(_("Nothing matches these filters"), icon="filter_alt_off")
    st.page_link("../pages/audit_trail.py", label=_("Clear the filters"), icon=":material/filter_alt_off:")
    st.stop()

with card(_("Entries")):
    chosen = audit_table(events[:PER_PAGE], names)
with st.container(horizontal=True):
    if before:
        st.page_link("../pages/audit_trail.py", label=_("Newest"), icon=":material/first_page:")
    if len(events) > PER_PAGE:
        kept = {key: value for key, value in st.query_params.to_dict().items() if key != "before"}
        st.page_link(
            "../pages/audit_trail.py",
            label=_("Older"),
            icon=":material/chevron_right:",
            query_params={**kept, "before": str(events[PER_PAGE - 1].index)},
        )
with st.expander(_("Checkpoints"), icon=":material/verified:"):
    checkpoint_list(checkpoints)
asked = st.query_params.get("entry", "")
if chosen is None and asked.isdigit():
    chosen = int(asked)
if chosen is not None and chosen != st.session_state.get("entry_shown"):
    st.session_state["entry_shown"] = chosen
    entry(chosen)
elif chosen is None:
    st.session_state.pop("entry_shown", None)
