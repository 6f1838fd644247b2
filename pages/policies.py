"""Policies: what is asked before a release, by risk tier and environment; every version, and a draft of the next."""

import streamlit as st

from app.session import current
from app.ui import badges
from app.ui.card import card, page_header
from app.ui.empty import empty
from app.ui.picker import pick
from app.ui.policy_difference import policy_difference
from app.ui.policy_editor import foreseen, policy_editor
from app.ui.policy_record import policy_facts, policy_shelf
from app.ui.refused import may_not, refusals
from app.ui.release_words import environment_name
from app.ui.text import digest, md
from app.wiring import reading, store, unit_of_work
from core.decisions.releases import commands
from core.decisions.releases.book import before, book
from core.decisions.releases.drafting import next_version, with_version
from core.decisions.releases.preview import foresee
from core.decisions.releases.queries import policies_of
from core.i18n import _, day
from core.platform.access import queries as access
from core.platform.access.permissions import MATRIX, ROLE_NAMES, Permission, allowed

me = current().actor
may_publish = allowed(me, Permission.PUBLISH_POLICY)
with reading() as view:
    pages = book(view)
    names = access.names(view, {p.published_by for p in pages})
drafting = may_publish and st.query_params.get("draft") == "1"


def turn_draft(*, on: bool) -> None:
    """Open the editor, or leave it; the address says which."""
    st.query_params["draft"] = "1" if on else "0"


with page_header(_("Policies")):
    if may_publish and pages and not drafting:
        st.button(
            _("Draft a new version"),
            type="primary",
            icon=":material/edit:",
            on_click=turn_draft,
            kwargs={"on": True},
        )
    if drafting:
        st.button(_("Leave the draft"), icon=":material/close:", on_click=turn_draft, kwargs={"on": False})
if not pages:
    empty(
        _("No policy is published"),
        _("Aval comes with a policy for each risk tier: `aval serve` publishes them."),
    )
    st.stop()

with card(_("In force"), f":gray[{_('by risk tier and environment')}]"):
    policy_shelf([p for p in pages if p.in_force])

options = {
    p.digest: f"{p.name} {p.version}" + (f" · {_('in force')}" if p.in_force else f" · {day(p.published_at)}")
    for p in pages
}
picked = pick(_("Policy"), options, param="policy", width=340)
chosen = next(p for p in pages if p.digest == picked)
marks = badges.row(
    badges.tier(chosen.tier),
    badges.badge(environment_name(chosen.environment)),
    badges.badge(_("In force"), badges.Tone.GOOD) if chosen.in_force else badges.badge(_("Replaced")),
)

if not drafting:
    older = before(pages, chosen)
    with card(f"{md(chosen.name)} {md(chosen.version)}", f"{marks} {digest(chosen.digest)}"):
        policy_facts(chosen, names.get(chosen.published_by, ""))
        st.code(chosen.text, language=None, wrap_lines=True)
    if older is not None:
        with card(_("What this version changed")):
            policy_difference(older.text, chosen.text, against=f"{older.name} {older.version}")
    if not may_publish:
        able = [_(name) for role, name in ROLE_NAMES.items() if Permission.PUBLISH_POLICY in MATRIX[role]]
        may_not(_("A new version is published by others."), ", ".join(able))
    st.stop()

write, judge = st.columns([1, 1], gap="medium")
with write, card(_("Draft"), f":gray[:small[{_('TOML; immutable once published')}]]"):
    start = with_version(chosen.text, next_version(chosen.version))
    draft = policy_editor(start, key=f"draft_{chosen.digest}")
    publish = st.button(
        _("Publish"), type="primary", icon=":material/publish:", disabled=draft.policy is None, key="publish"
    )
    st.caption(
        _(
            "From then on it never changes. It holds for versions that are uploaded afterwards,"
            " not for those already sealed."
        )
    )
with judge:
    with card(_("Differences")):
        policy_difference(chosen.text, draft.text, against=f"{chosen.name} {chosen.version}")
    if draft.policy is not None:
        with card(_("Who would pass"), f":gray[:small[{_('today, over stored evidence')}]]"), refusals():
            with reading() as view:
                terms = {(p.tier, p.environment): p for p in policies_of(view)}
                present = terms.get((draft.policy.tier, draft.policy.environment))
                found, left_out = foresee(view, store().files, draft.policy, present, store().clock())
            foreseen(found, left_out)
if publish:
    with write, refusals():
        with unit_of_work(me) as uow:
            made = commands.publish_policy(uow, draft.text)
        st.query_params["policy"], st.query_params["draft"] = made.digest, "0"
        st.rerun()
