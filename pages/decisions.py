"""Decision log: why we did what we did, across use cases, found by any word of the reason."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import streamlit as st

from app.session import current
from app.ui.card import card, page_header
from app.ui.decision_rows import decision_rows
from app.ui.empty import empty, note
from app.ui.picker import pick_many
from app.ui.refused import refusals_end_page
from app.wiring import reading
from core.assets.registry import queries as registry
from core.i18n import _, ngettext
from core.overview.decision_log import queries
from core.overview.decision_log.kind import KIND_NAMES, ONLY_WITH, Kind
from core.overview.decision_log.queries import Asked
from core.platform.access import queries as access
from core.platform.access.permissions import Permission, allowed

HERE = "../pages/decisions.py"
FILTERS = ("q", "kind", "use_case", "person", "since", "until")
me = current()
with reading() as view:
    titles = {case.slug: case.title for case in registry.use_cases(view)}
    people = {person.id: person.name for person in access.people(view)}
seen = [kind for kind in Kind if kind not in ONLY_WITH or allowed(me.actor, ONLY_WITH[kind])]


def start_of(key: str, label: str, fallback: time) -> datetime | None:
    """Ask for a day, kept in the address; return its first or last moment where the reader is."""
    chosen = st.date_input(label, value=None, key=key, bind="query-params", width=150)
    if not isinstance(chosen, date):
        return None
    return datetime.combine(chosen, fallback, ZoneInfo(me.zone)).astimezone(UTC)


with page_header(_("Decision log")):
    st.page_link("../pages/audit_trail.py", label=_("Audit trail"), icon=":material/history:")
said = st.text_input(
    _("Search"),
    key="q",
    bind="query-params",
    type="search",
    placeholder=_("Any words of a reason, a comment, a finding or a policy"),
    help=_("All words must be there, in any order; capitals, accents and plurals do not matter."),
)
with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    kinds = pick_many(_("Kind"), {kind.value: _(KIND_NAMES[kind]) for kind in seen}, param="kind")
    use_case = st.selectbox(
        _("Use case"),
        ["", *titles],
        format_func=lambda slug: titles.get(slug, _("All")),
        key="use_case",
        bind="query-params",
        width=220,
    )
    person = st.selectbox(
        _("Who"),
        ["", *people],
        format_func=lambda who: people.get(who, _("Everybody")),
        key="person",
        bind="query-params",
        width=220,
    )
    since = start_of("since", _("From"), time.min)
    until = start_of("until", _("Until"), time.max)

before = st.query_params.get("before", "")
with refusals_end_page(), reading() as view:
    found = queries.search(
        view,
        me.actor,
        Asked(
            text=said or "",
            kinds=frozenset(Kind(kind) for kind in kinds),
            use_case=use_case or "",
            person=person or "",
            since=since,
            until=until,
            before=int(before) if before.isdigit() else None,
        ),
    )
    names = access.names(view, {one.actor_id for one in found.decisions})

filtered = any(st.query_params.get(name) for name in FILTERS)
if not found.decisions and filtered:
    empty(
        _("No decision matches"),
        _("Try fewer words or a longer period. What somebody said is found no more once they were erased."),
        icon="search_off",
    )
    st.page_link(HERE, label=_("Clear the filters"), icon=":material/filter_alt_off:")
elif not found.decisions:
    empty(
        _("Nothing was decided yet"),
        _("Signatures, waivers, findings, comments and their reasons come here by themselves."),
        icon="quick_reference_all",
    )
else:
    whole = found.older is None and not before
    count = ngettext("{n} decision", "{n} decisions", len(found.decisions))
    with card(_("Newest first"), f":gray[{count}]" if whole else ""):
        decision_rows(
            found.decisions, names, found.looked_for, proof=allowed(me.actor, Permission.VERIFY_AUDIT)
        )
kept = {name: st.query_params.get_all(name) for name in FILTERS}
with st.container(horizontal=True):
    if before:
        st.page_link(HERE, label=_("Newest"), icon=":material/first_page:", query_params=kept)
    if found.older is not None:
        older = {**kept, "before": [str(found.older)]}
        st.page_link(HERE, label=_("Older"), icon=":material/chevron_right:", query_params=older)
if found.behind > queries.PER_PAGE:
    note(
        ngettext(
            "{n} entry of the log is still being read in.",
            "{n} entries of the log are still being read in.",
            found.behind,
        )
    )
