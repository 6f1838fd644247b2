"""What a comparison means: which columns drifted, why in words, and the worst first."""

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from core.evidence.monitoring.comparison import ColumnComparison, Statistic
from core.evidence.monitoring.significance import adjusted
from core.evidence.monitoring.sources import KIND_NAMES, Kind
from core.i18n import N_, _, number, percent


class Verdict(StrEnum):
    """How a column stands, the worst first."""

    DRIFTED = "drifted"
    SMALL = "small"
    STEADY = "steady"
    UNCOMPARED = "uncompared"


VERDICT_NAMES: Mapping[Verdict, str] = {
    Verdict.DRIFTED: N_("drifted"),
    Verdict.SMALL: N_("small change"),
    Verdict.STEADY: N_("steady"),
    Verdict.UNCOMPARED: N_("not compared"),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """From where a statistic means drift, and the level at which a change is certain."""

    version: str
    certainty: float
    limits: Mapping[Statistic, float]


def parse(text: str) -> Limits:
    """Read limits from TOML."""
    raw = tomllib.loads(text)
    limits = {Statistic(key): float(value) for key, value in raw["limits"].items()}
    return Limits(str(raw["version"]), float(raw["certainty"]), limits)


@dataclass(frozen=True, slots=True)
class Judged:
    """A column with its verdict; `reach` is how many times over its limit the worst statistic is.

    `reasons` name the statistics at fault; `type_change` and `constant` stand beside them. `q_value` is the column's
    p-value among all columns (Benjamini–Hochberg).
    """

    column: ColumnComparison
    verdict: Verdict
    reasons: tuple[Statistic, ...]
    type_changed: bool
    constant: bool
    reach: float
    q_value: float

    def words(self) -> str:
        """Say in the reader's language what changed."""
        parts = []
        if self.type_changed:
            before, after = (_(KIND_NAMES[kind]) for kind in self.column.kinds)
            parts.append(_("type changed from {before} to {after}", before=before, after=after))
        if self.constant:
            parts.append(_("all values are the same now"))
        parts += [_words(self.column, reason) for reason in self.reasons]
        if not parts and self.verdict == Verdict.SMALL:
            parts.append(_("a change beyond chance, too small to matter"))
        if not parts and Kind.OTHER in self.column.kinds:
            parts.append(_("values of this type are not compared"))
        if not parts and self.column.free_text:
            parts.append(_("free text: only missing values are compared"))
        return "; ".join(parts)


def _words(column: ColumnComparison, reason: Statistic) -> str:
    value = column.statistics[reason]
    before, after = (gone / n for gone, n in zip(column.missing, column.rows, strict=True))
    match reason:
        case Statistic.MISSING_RISE:
            return _(
                "missing values rose from {before} to {after}", before=percent(before), after=percent(after)
            )
        case Statistic.NEW_SHARE:
            named = ", ".join(list(column.new)[:3]) + (" …" if len(column.new) > 3 else "")
            return _("new categories in {share} of the rows: {named}", share=percent(value), named=named)
        case Statistic.OUT_OF_RANGE:
            return _("{share} of the rows lie outside the reference's range", share=percent(value))
        case Statistic.WASSERSTEIN_NORMED:
            return _("values moved by {size} standard deviations", size=number(value, 2))
        case _:
            return _("the distribution changed (PSI {psi})", psi=number(value, 3))


def judge(columns: Sequence[ColumnComparison], limits: Limits) -> tuple[Judged, ...]:
    """Judge all columns of a comparison together; worst first."""
    q = adjusted(np.array([one.statistics.get(Statistic.P_VALUE, math.nan) for one in columns]))
    judged = [_judge(one, limits, level) for one, level in zip(columns, q.tolist(), strict=True)]
    order = list(Verdict)
    return tuple(sorted(judged, key=lambda one: (order.index(one.verdict), -one.reach, one.column.name)))


def _judge(column: ColumnComparison, limits: Limits, q_value: float) -> Judged:
    certain = q_value <= limits.certainty
    beyond = {
        Statistic.PSI: column.statistics.get(Statistic.PSI, 0.0) > column.psi_noise,
        Statistic.WASSERSTEIN_NORMED: certain,
        Statistic.MISSING_RISE: column.statistics[Statistic.MISSING_RISE] > column.missing_noise,
        Statistic.NEW_SHARE: True,
        Statistic.OUT_OF_RANGE: certain,
    }
    reach = {
        one: column.statistics[one] / limit
        for one, limit in limits.limits.items()
        if one in column.statistics and beyond.get(one, True) and not math.isnan(column.statistics[one])
    }
    reasons = tuple(sorted((one for one, times in reach.items() if times >= 1), key=lambda one: -reach[one]))
    if _explained_by_missing(column, reasons):
        reasons = tuple(one for one in reasons if one != Statistic.PSI)
    type_changed, constant = column.type_changed, column.constant
    if reasons or type_changed or constant:
        verdict = Verdict.DRIFTED
    elif Kind.OTHER in column.kinds:
        verdict = Verdict.UNCOMPARED
    else:
        verdict = Verdict.SMALL if certain else Verdict.STEADY
    most = max([0.0, *reach.values(), *([math.inf] if type_changed else [])])
    return Judged(column, verdict, reasons, type_changed, constant, most, q_value)


def _explained_by_missing(column: ColumnComparison, reasons: Sequence[Statistic]) -> bool:
    """Say whether PSI passes its limit through its bin of missing values alone."""
    if Statistic.PSI not in reasons or Statistic.MISSING_RISE not in reasons:
        return False
    before, after = (max(gone / n, 1e-4) for gone, n in zip(column.missing, column.rows, strict=True))
    return (after - before) * math.log(after / before) >= 0.5 * column.statistics[Statistic.PSI]
