"""The cards of the explainability page: each a fragment, so that a choice redraws one card only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from app.ui import badges
from app.ui.beeswarm import beeswarm, dependence
from app.ui.card import card, card_with
from app.ui.empty import note
from app.ui.importance_bars import importance_bars, importance_dumbbell
from app.ui.on_request import OnRequest, wait_for
from app.ui.partial_chart import partial_chart
from app.ui.picker import pick, switch
from app.ui.rule_list import rule_list
from app.ui.text import md
from core.evidence.explain import cohort, labels, queries, words
from core.evidence.explain.partial import Partial
from core.evidence.explain.queries import Explanation
from core.evidence.explain.surrogate import surrogate
from core.evidence.explain.swarm import swarms
from core.i18n import _, number


@dataclass(frozen=True)
class Shown:
    """One version's explanation with its stored values: attributions, feature values, scores, by row."""

    explanation: Explanation
    name: str
    values: pd.DataFrame
    inputs: pd.DataFrame
    scores: pd.Series


def verdict_line(explanation: Explanation) -> None:
    """Say first whether the values may be relied on, then how they were made."""
    good = badges.badge(_("Adds up"), badges.Tone.GOOD, "verified")
    bad = badges.badge(_("Do not use in a letter"), badges.Tone.BLOCK)
    st.markdown(f"{good if explanation.holds else bad} **{md(words.verdict(explanation))}**")
    st.caption(md(words.circumstances(explanation)))
    if explanation.fallback:
        note(_(words.FALLBACK_REASONS[explanation.fallback]))


@st.fragment
def drivers(shown: Shown, others: Mapping[str, str], read: Callable[[str], Explanation | None]) -> None:
    """What drives the decisions: bars, all rows, or against another version (`others`: id → name)."""
    unit = words.unit_name(shown.explanation)
    views = {"bars": _("Importance"), "swarm": _("All rows"), "part": _("A part"), "rules": _("Rules")}
    if others:
        views["versions"] = _("Versions")
    chosen = "bars"

    def control() -> None:
        nonlocal chosen
        chosen = switch(_("View"), views, param="view")

    with card_with(_("What drives the decisions"), control):
        if chosen == "swarm":
            beeswarm(swarms(shown.values, shown.inputs), unit=unit, key="swarm")
            note(_("Each point is one row; to the right, the feature raised the result."))
        elif chosen == "part":
            _part(shown, unit)
        elif chosen == "rules":
            rule_list(surrogate(shown.inputs, shown.scores), unit=unit)
        elif chosen == "versions":
            other = pick(_("Compared with"), others, param="against")
            before = read(other) if other else None
            if other and before:
                _against(shown, others[other], before, unit)
        else:
            importance_bars(shown.explanation.importance, unit=unit, key="bars")
            note(_("Bars are means over the explained rows; whiskers are 95 % bootstrap intervals."))


def _part(shown: Shown, unit: str) -> None:
    """Importance in a part of the rows against the rest."""
    with st.container(horizontal=True, gap="small"):
        feature = pick(
            _("Feature"), {n: labels.label(n).name for n in shown.explanation.features}, param="by", width=200
        )
        choices = {} if feature is None else {_part_key(p): p for p in cohort.parts(shown.inputs[feature])}
        chosen = pick(_("Part"), {key: _part_name(p) for key, p in choices.items()}, param="part", width=220)
    if chosen is None:
        return
    pairs, rows, rest = cohort.compared(shown.values, shown.inputs, choices[chosen])
    if not pairs:
        note(_("Too few rows to compare: {rows} in this part, {rest} in the rest.", rows=rows, rest=rest))
        return
    importance_dumbbell(pairs, left=_("the rest"), right=_part_name(choices[chosen]), unit=unit, key="cohort")
    note(_("{rows} rows in this part, {rest} in the rest.", rows=number(rows), rest=number(rest)))


def _part_key(part: cohort.Part) -> str:
    return part.value or f"{part.low}~{part.high}"


def _part_name(part: cohort.Part) -> str:
    if part.value:
        return labels.told(part.feature, part.value)
    if part.low is None and part.high is not None:
        return _("below {value}", value=labels.told(part.feature, part.high))
    if part.high is None and part.low is not None:
        return _("from {value}", value=labels.told(part.feature, part.low))
    return _(
        "{low} to {high}", low=labels.told(part.feature, part.low), high=labels.told(part.feature, part.high)
    )


def _against(shown: Shown, name: str, before: Explanation, unit: str) -> None:
    comparison = queries.comparison(before, shown.explanation)
    if not comparison.comparable:
        note(
            _(
                "These versions were explained in different units or by different questions: compare ranks only."
            )
        )
    importance_dumbbell(comparison.pairs, left=name, right=shown.name, unit=unit, key="dumbbell")
    note(md(words.agreement(comparison)))


SHAPLEY, PARTIAL = "shapley", "partial"


Partials = OnRequest[Mapping[str, Partial] | None]


@st.fragment
def one_feature(shown: Shown, partials: Partials) -> None:
    """How one feature acts over its values: what it did to each row, or what it alone would change."""
    with card(_("How one feature acts")):
        feature = pick(
            _("Feature"),
            {name: labels.label(name).name for name in shown.explanation.features},
            param="feature",
        )
        how = switch(
            _("Shown as"), {SHAPLEY: _("Shapley values"), PARTIAL: _("Partial dependence")}, param="how"
        )
        if feature and how == PARTIAL:
            _partial(shown, partials, feature)
        elif feature:
            other = cohort.partner(shown.values, shown.inputs, feature)
            dependence(
                shown.inputs[feature],
                shown.values[feature],
                feature=feature,
                unit=words.unit_name(shown.explanation),
                key="dependence",
                colour=shown.inputs[other] if other else None,
                colour_name=labels.label(other).name if other else "",
            )
            note(
                _(
                    "Above zero, this value raised the result; the spread at one value is what other features add."
                )
            )


def _partial(shown: Shown, partials: Partials, feature: str) -> None:
    there = wait_for(
        partials,
        there=partials.found is not None,
        name=_("Partial dependence"),
        text=_("The model is asked in isolation what one feature alone would change, on 300 rows."),
        icon="ssid_chart",
    )
    if not there or partials.found is None:
        return
    found = partials.found.get(feature)
    if found is None:
        note(_("It is worked out for the most important features that take more than one value."))
        return
    about = shown.explanation.label
    answer = _("Probability of “{label}”", label=about) if about else _("Predicted value")
    partial_chart(found, answer=answer, key="partial")
