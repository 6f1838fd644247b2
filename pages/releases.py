"""Releases: what waits for my signature, what is open, what was decided."""

from datetime import date

import streamlit as st

from app.session import current
from app.ui.as_of import as_of_control, as_of_view
from app.ui.card import card, page_header
from app.ui.days import end_of
from app.ui.delegations import delegation_button
from app.ui.empty import empty
from app.ui.picker import switch
from app.ui.release_rows import release_rows
from app.ui.request_dialog import Choice, request_button
from app.wiring import reading, store, unit_of_work
from core.assets.registry import queries as registry
from core.assets.registry.version import VersionState
from core.decisions.releases import as_of, commands, pledges, queries
from core.decisions.releases.review import Scope, queue
from core.i18n import _, ngettext
from core.platform.access import queries as access
from core.platform.access.permissions import AREAS, Permission, allowed

PER_PAGE = 25
REVIEW = "../pages/release_review.py"
me = current().actor


def choices() -> dict[str, Choice]:
    """Use cases with a version that is ready to be released, for the dialog."""
    found = {}
    with reading() as view:
        for case in registry.use_cases(view):
            versions = {
                v.id: f"v{v.number} · {v.model_name}"
                for v in registry.versions(view, case.id)
                if v.state is VersionState.READY
            }
            environments = queries.environments(view, case.risk_tier)
            if versions and environments:
                found[case.slug] = Choice(case.title, versions, environments)
    return found


def send(version_id: str, environment: str, note: str) -> None:
    with unit_of_work(me) as uow:
        request_id = commands.request_release(uow, version_id=version_id, environment=environment, note=note)
    st.switch_page(REVIEW, query_params={"release": request_id})


def lend(area: str, to: str, until: date, reason: str) -> None:
    with unit_of_work(me) as uow:
        commands.delegate(uow, area=area, to=to, until=end_of(until, current().zone), reason=reason)
    st.rerun()


def take_back(delegation_id: str) -> None:
    with unit_of_work(me) as uow:
        commands.end_delegation(uow, delegation_id)
    st.rerun()


today = store().clock().date()
with reading() as view:
    seats = pledges.delegations(view, me.id) if allowed(me, Permission.DECIDE_RELEASE) else ()
    people = {p.id: p.name for p in access.people(view) if not p.disabled}
    mine = queue(view, Scope.MINE, me, store().clock())

with page_header(_("Releases"), help_text=_("Nothing goes live without the signatures its policy asks.")):
    at = as_of_control(current().zone, store().clock().date())
    if allowed(me, Permission.REQUEST_RELEASE):
        linked = {name: st.query_params.get(name, "") for name in ("use_case", "version")}
        request_button(choices(), send, **linked)
    if own := [area.value for area in AREAS if area.value in me.roles]:
        others = {i: name for i, name in people.items() if i != me.id}
        delegation_button(
            own, others | {me.id: people.get(me.id, "–")}, seats, today, lend=lend, end=take_back
        )
    if st.button(_("Review next"), type="primary", icon=":material/draw:", disabled=not mine):
        st.switch_page(REVIEW, query_params={"release": mine[0].id})

if at is not None:
    with reading() as view:
        then = as_of.everywhere(view, at)
        signers = access.names(view, {s.person_id for each in then for s in each.signatures})
    as_of_view(then, signers, at)
    st.stop()

scopes = {
    Scope.MINE.value: f"{_('Waits for me')} ({len(mine)})" if mine else _("Waits for me"),
    Scope.ALL.value: _("All open"),
    Scope.DONE.value: _("Decided"),
}
scope = Scope(switch(_("Which releases"), scopes, param="show"))
with reading() as view:
    found = mine if scope is Scope.MINE else queue(view, scope, me, store().clock())
    names = access.names(view, {release.requested_by for release in found})

if not found:
    titles = {
        Scope.MINE: (_("Nothing waits for you"), _("Requests that ask your area appear here.")),
        Scope.ALL: (_("No release is open"), _("A version that is evaluated can be requested.")),
        Scope.DONE: (_("Nothing was decided yet"), ""),
    }
    empty(*titles[scope], icon="approval")
    st.stop()

pages = -(-len(found) // PER_PAGE)
asked = st.query_params.get("page", "1")
page = min(int(asked), pages) if asked.isdigit() and int(asked) else 1
with card(scopes[scope.value], f":gray[{ngettext('{n} request', '{n} requests', len(found))}]"):
    release_rows(found[(page - 1) * PER_PAGE : page * PER_PAGE], names, store().clock())
if pages > 1:
    with st.container(horizontal=True):
        for number, label in ((page - 1, _("Previous")), (page + 1, _("Next"))):
            if 1 <= number <= pages:
                target = {"show": scope.value, "page": str(number)}
                st.page_link("../pages/releases.py", label=label, query_params=target)
