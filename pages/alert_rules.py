"""Monitoring rules of a use case: what is in force, earlier versions, and a draft replayed over the last year."""

import streamlit as st

from app.session import current
from app.ui import badges
from app.ui.card import card, page_header
from app.ui.empty import empty
from app.ui.picker import pick, pick_use_case
from app.ui.policy_difference import policy_difference
from app.ui.refused import may_not, refusals, refusals_end_page
from app.ui.rule_parts import replayed, rule_editor, rule_table
from app.ui.text import md
from app.wiring import reading, unit_of_work
from core.assets.registry import queries as registry
from core.decisions.releases.drafting import next_version, with_version
from core.evidence.alerts import commands, queries
from core.evidence.alerts.replay import replay
from core.evidence.monitoring import queries as monitoring
from core.i18n import _, moment
from core.platform.access import queries as access
from core.platform.access.permissions import MATRIX, ROLE_NAMES, Permission, allowed

me = current().actor
may_publish = allowed(me, Permission.PUBLISH_RULES)
with refusals_end_page(), reading() as view:
    cases = {one.slug: one for one in registry.use_cases(view)}
with page_header(_("Monitoring rules")):
    slug = pick_use_case({key: one.title for key, one in cases.items()})
if slug is None:
    empty(_("No use case yet"), icon="rule", action=_("Upload"), page="../pages/upload.py")
    st.stop()
with reading() as view:
    book = queries.rule_book(view, cases[slug].id)
    names = access.names(view, {one.by for one in book} - {""})
    watched = monitoring.health(view)
    versions = [v for v in registry.versions(view, cases[slug].id) if v.id in watched]

options = {one.id or "shipped": f"{one.name} {one.version}" for one in book}
picked = pick(_("Version"), options, param="rules", width=260)
chosen = next(one for one in book if (one.id or "shipped") == picked)
in_force = chosen is book[0]
mark = badges.badge(_("In force"), badges.Tone.GOOD) if in_force else badges.badge(_("Replaced"))
said = _("comes with Aval") if chosen.at is None else f"{names.get(chosen.by, '–')}, {moment(chosen.at)}"
with card(f"{md(chosen.name)} {md(chosen.version)}", f"{mark} :gray[:small[{md(said)}]]"):
    rule_table(chosen.rules)
    with st.expander(_("As it is written")):
        st.code(chosen.text, language=None, line_numbers=True, wrap_lines=True)
if not may_publish:
    able = [_(name) for role, name in ROLE_NAMES.items() if Permission.PUBLISH_RULES in MATRIX[role]]
    may_not(_("New rules are published by others."), ", ".join(able))
    st.stop()

write, judge = st.columns([1, 1], gap="medium")
with write, card(_("Draft"), f":gray[:small[{_('TOML; immutable once published')}]]"):
    start = with_version(chosen.text, next_version(book[0].version))
    draft = rule_editor(start, key=f"draft_{slug}_{picked}")
    publish = st.button(
        _("Publish"), type="primary", icon=":material/publish:", disabled=draft.rules is None, key="publish"
    )
with judge:
    with card(_("Differences")):
        policy_difference(book[0].text, draft.text, against=f"{book[0].name} {book[0].version}")
    with card(_("What it would have raised"), f":gray[:small[{_('the last year of the log')}]]"):
        if not versions:
            st.caption(_("No version of this use case has predictions yet."))
        elif draft.rules is not None and st.button(_("Replay"), icon=":material/replay:", key="replay"):
            with st.spinner(_("Replaying")), reading() as view:
                found = [
                    (f"{v.model_name} v{v.number} · {title}", replay(view, v.id, rules))
                    for v in versions
                    for title, rules in ((_("now"), book[0].rules), (_("draft"), draft.rules))
                ]
            replayed(found)
if publish:
    with write, refusals():
        with unit_of_work(me) as uow:
            commands.publish_rules(uow, cases[slug].id, draft.text)
        st.query_params.pop("rules", None)
        st.rerun()
