"""What distributions cannot see: missing, new, far and constant values of every column in one window."""

from collections.abc import Mapping, Sequence

import streamlit as st

from app.ui import badges
from app.ui.text import md
from core.evidence.alerts.rules import Rule, RuleKind
from core.evidence.monitoring.column_names import named
from core.evidence.monitoring.drift import ColumnDrift
from core.i18n import _, number, percent

NEW_NAMED = 3


def quality_table(
    columns: Sequence[ColumnDrift], at: int, novel: Mapping[str, Mapping[str, int]], rules: Sequence[Rule]
) -> None:
    """Draw one row per column, those with something over a limit first."""
    limits = {rule.kind: rule.limit for rule in rules}
    ranked = sorted(columns, key=lambda c: (-_over(c, at, limits), c.name))
    st.table(
        {
            _("Column"): [f"**{md(named(c.name))}**" for c in ranked],
            _("Rows"): [number(int(c.rows[at]), 0) for c in ranked],
            _("Missing"): [_missing(c, at) for c in ranked],
            _("New categories"): [_new(c, at, novel) for c in ranked],
            _("Out of range"): [percent(_known(c.out_of_range[at])) if c.numeric else "–" for c in ranked],
            _("Result"): [_result(c, at, limits) for c in ranked],
        },
        border="horizontal",
        hide_index=True,
    )


def _missing(column: ColumnDrift, at: int) -> str:
    before = _("was {share}", share=percent(_known(column.missing_before[at])))
    return f"{percent(_known(column.missing[at]))} :gray[:small[{before}]]"


def _new(column: ColumnDrift, at: int, novel: Mapping[str, Mapping[str, int]]) -> str:
    if column.numeric:
        return "–"
    names = ", ".join(list(novel.get(column.name, {}))[:NEW_NAMED])
    share = percent(_known(column.new_share[at]))
    return f"{share} :gray[:small[{md(names)}]]" if names else share


def _over(column: ColumnDrift, at: int, limits: Mapping[RuleKind, float]) -> int:
    rise = _known(column.missing[at]) - _known(column.missing_before[at])
    return sum(
        value > limits.get(kind, float("inf"))
        for kind, value in (
            (RuleKind.MISSING, rise),
            (RuleKind.NEW_CATEGORY, _known(column.new_share[at])),
            (RuleKind.OUT_OF_RANGE, _known(column.out_of_range[at])),
        )
    ) + bool(column.constant[at])


def _result(column: ColumnDrift, at: int, limits: Mapping[RuleKind, float]) -> str:
    if not int(column.rows[at]):
        return badges.badge(_("No data"))
    if column.constant[at]:
        return badges.badge(_("One single value"), badges.Tone.WARN)
    if _over(column, at, limits):
        return badges.badge(_("Over its limit"), badges.Tone.WARN)
    return badges.badge(_("Fine"), badges.Tone.GOOD)


def _known(value: float) -> float:
    return 0.0 if value != value else float(value)  # noqa: PLR0124 - NaN
