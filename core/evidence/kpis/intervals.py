"""95 % intervals of a formula's value: exact where it is a proportion or a median, delta method or bootstrap else."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from core.evidence.kpis.formula import Node, Op
from core.evidence.kpis.formula_plan import Plan, Totals, finite
from core.evidence.monitoring.significance import Z
from core.i18n import N_

Floats = npt.NDArray[np.float64]

LEVEL = 0.95
DRAWS = 999
LARGEST_DRAWN = 50_000
"""Past so many rows the statistic of random parts tells its spread: a bootstrap of all would take too long."""
PARTS = 100


class Method(StrEnum):
    """How an interval was found."""

    EXACT = "exact"
    DELTA = "delta"
    ORDER = "order"
    BOOTSTRAP = "bootstrap"
    CLOSED_FORM = "closed_form"
    NONE = "none"


METHOD_NAMES: Mapping[Method, str] = {
    Method.EXACT: N_("exact (Clopper–Pearson)"),
    Method.DELTA: N_("delta method"),
    Method.ORDER: N_("exact (order statistics)"),
    Method.BOOTSTRAP: N_("bootstrap"),
    Method.CLOSED_FORM: N_("closed form of the metric"),
    Method.NONE: N_("no interval"),
}


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval over `n` rows; none where nothing can be said."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    method: Method = Method.NONE


def clopper_pearson(hits: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Exact interval of a proportion (Clopper and Pearson 1934); (0, 1) without trials."""
    from scipy.special import betaincinv  # noqa: PLC0415 - only proportions need it

    tail = (1 - level) / 2
    low = float(betaincinv(hits, n - hits + 1, tail)) if hits else 0.0
    high = float(betaincinv(hits + 1, n - hits, 1 - tail)) if hits < n else 1.0
    return low, high


def from_totals(plan: Plan, totals: Totals) -> Estimate:
    """Estimate a formula that adds up: exactly where it is a proportion, by the delta method else.

    Delta method: variance g'Cg, g the slope at the sums of the terms, C their covariance (Casella and Berger, 5.5.4).
    """
    dual = plan.result(totals)
    value = finite(dual.value)
    if value is None:
        return Estimate(None, None, None, totals.n)
    if plan.share is not None:
        trials = totals.n if plan.share.trials is None else round(totals.sums[plan.share.trials])
        return Estimate(
            value, *clopper_pearson(round(totals.sums[plan.share.hits]), trials), trials, Method.EXACT
        )
    variance = float(dual.slope @ totals.spread() @ dual.slope)
    if not math.isfinite(variance):
        return Estimate(value, None, None, totals.n)
    error = Z * math.sqrt(max(variance, 0.0))
    return Estimate(value, value - error, value + error, totals.n, Method.DELTA)


def from_rows(  # noqa: PLR0911 - each way ends where it is known
    plan: Plan, value: float | None, rows: Sequence[Floats], n: int, seed: int = 0
) -> Estimate:
    """Estimate a formula that needs its rows: `rows` are the aggregates' own values, NaN where missing.

    Extremes and counts of distinct values have no interval: a sample says nothing about what it has not seen.
    """
    held = finite(value)
    if held is None or any(one.op in (Op.MIN, Op.MAX, Op.COUNT_DISTINCT) for one in plan.aggregates):
        return Estimate(held, None, None, n)
    if plan.formula.root.op == Op.MEDIAN:
        low, high = _order(rows[0][~np.isnan(rows[0])])
        return Estimate(held, low, high, n, Method.ORDER if low is not None else Method.NONE)
    if n < 2:
        return Estimate(held, None, None, n)
    random = np.random.default_rng(seed)
    if n > LARGEST_DRAWN:
        parts = np.array_split(random.permutation(n), PARTS)
        seen = [v for one in parts if (v := _statistic(plan, rows, one)) is not None]
        if len(seen) < PARTS // 2:
            return Estimate(held, None, None, n)
        error = Z * float(np.std(seen, ddof=1)) / math.sqrt(len(seen))
        return Estimate(held, held - error, held + error, n, Method.BOOTSTRAP)
    drawn = (_statistic(plan, rows, random.integers(0, n, n)) for _ in range(DRAWS))
    values = np.array([one for one in drawn if one is not None])
    if len(values) < DRAWS // 2:
        return Estimate(held, None, None, n)
    low, high = (float(one) for one in np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
    return Estimate(held, low, high, n, Method.BOOTSTRAP)


def _order(values: Floats) -> tuple[float | None, float | None]:
    """The order statistics that hold the median with at least 95 % (binomial, p = ½)."""
    from scipy.special import bdtr  # noqa: PLC0415

    n = len(values)
    ranks = np.arange(max(0, n // 2 - int(3 * math.sqrt(n)) - 2), n // 2 + 1)
    below = ranks[bdtr(ranks, n, 0.5) <= (1 - LEVEL) / 2] if n else ranks[:0]
    if not len(below):
        return None, None
    rank = int(below[-1])
    ordered = np.partition(values, [rank, n - 1 - rank])
    return float(ordered[rank]), float(ordered[n - 1 - rank])


def _statistic(plan: Plan, rows: Sequence[Floats], taken: npt.NDArray[np.intp]) -> float | None:
    known = [_aggregate(node, column[taken]) for node, column in zip(plan.aggregates, rows, strict=True)]
    return finite(plan.of_aggregates(known))


def _aggregate(node: Node, values: Floats) -> float | None:
    held = values[~np.isnan(values)]
    if node.op in (Op.COUNT, Op.COUNT_ALL):
        return float(len(held))
    if node.op == Op.COUNT_IF:
        return float(held.sum())
    if not len(held):
        return None
    if node.op == Op.MEDIAN:
        return float(np.median(held))
    return float(held.sum() if node.op == Op.SUM else held.mean())
