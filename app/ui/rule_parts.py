"""Rules of monitoring: what they watch, where a draft is wrong, and what it would have raised."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from app.ui import badges
from app.ui.text import code, md
from core.errors import Invalid
from core.evidence.alerts.replay import Replayed
from core.evidence.alerts.rules import KIND_NAMES, OF_METRICS, Reference, Rule, RuleSet, parse
from core.evidence.monitoring.column_names import named
from core.evidence.monitoring.windows import GRAIN_NAMES
from core.i18n import N_, _, day, ngettext, number, percent

REFERENCE_WORDS: Mapping[Reference, str] = {
    Reference.AUTO: N_("The season where the evaluation data covers a year, else all of it"),
    Reference.EVALUATION: N_("All of the evaluation data"),
    Reference.SEASON: N_("The same season"),
    Reference.PREVIOUS: N_("The window before"),
}
DAYS_NAMED = 12


@dataclass(frozen=True, slots=True)
class Draft:
    """What stands in the editor; `rules` are there when it can be read."""

    text: str
    rules: RuleSet | None


def rule_table(rules: RuleSet) -> None:
    """Draw the rules of a set in words."""
    st.table(
        {
            _("Rule"): [code(rule.id) for rule in rules.rules],
            _("Looks at"): [_looks_at(rule) for rule in rules.rules],
            _("Window"): [_(GRAIN_NAMES[rule.grain]) for rule in rules.rules],
            _("Limit"): [_limit(rule) for rule in rules.rules],
            _("Least rows"): [number(rule.minimum_rows, 0) for rule in rules.rules],
        },
        border="horizontal",
        hide_index=True,
    )
    facts = [
        _("Compared with: {what}", what=_(REFERENCE_WORDS[rules.against])),
        _("False discoveries: {share} of the columns of a window", share=percent(rules.false_discovery_rate)),
        _("Rests at {share} of the limit", share=percent(rules.hysteresis, 0)),
        ngettext("Put off for {n} day at most", "Put off for {n} days at most", rules.longest_snooze_days),
    ]
    st.caption(" · ".join(md(fact) for fact in facts))


def _looks_at(rule: Rule) -> str:
    what = badges.badge(_(KIND_NAMES[rule.kind]))
    scope = ", ".join([*rule.columns, *(_("not {column}", column=name) for name in rule.ignore)])
    if rule.kind in OF_METRICS:
        scope = ", ".join(named(metric) for metric in rule.metrics.values())
    elif rule.part is not None and not scope:
        scope = _("predictions") if rule.part == "output" else _("features")
    return f"{what} {md(scope)}"


def _limit(rule: Rule) -> str:
    size = number(rule.limit, 2) if rule.kind == "psi" else percent(rule.limit)
    return size if rule.windows == 1 else _("{limit}, {n} windows in a row", limit=size, n=rule.windows)


def rule_editor(text: str, *, key: str) -> Draft:
    """Draw the text for editing, and what is wrong with it; return what stands there."""
    edited = st.text_area(
        _("Rules"), text, height=520, max_chars=20_000, key=key, label_visibility="collapsed"
    )
    try:
        return Draft(edited, parse(edited))
    except Invalid as problem:
        st.error(
            f"{md(problem.text())}  \n:material/lightbulb: {md(problem.fix_text())}"
            if problem.fix
            else md(problem.text()),
            icon=":material/edit_off:",
        )
        return Draft(edited, None)


def replayed(found: Sequence[tuple[str, Replayed]]) -> None:
    """Say how many alerts rules would have raised per model, on which days; `found` pairs a model's words and replay."""
    for words, one in found:
        if one.first is None or one.last is None:
            st.markdown(f"**{md(words)}** :gray[{_('no predictions')}]")
            continue
        count = ngettext("{n} alert", "{n} alerts", len(one.episodes))
        span = _(
            "{first} to {last}, {n} windows",
            first=day(one.first),
            last=day(one.last),
            n=number(one.windows, 0),
        )
        tone = badges.Tone.WARN if one.episodes else badges.Tone.GOOD
        st.markdown(f"**{md(words)}** {badges.badge(count, tone)} :gray[:small[{md(span)}]]")
        if one.episodes:
            shown = [f"{day(d)}" for d in dict.fromkeys(one.days)]
            more = f" … +{len(shown) - DAYS_NAMED}" if len(shown) > DAYS_NAMED else ""
            st.caption(_("On {days}", days=", ".join(shown[:DAYS_NAMED]) + more))
            st.caption(
                " · ".join(f"{md(_(KIND_NAMES[kind]))}: {n}" for kind, n in sorted(one.by_kind.items()))
            )
