"""Groups side by side: each metric with its interval, the gap between the extremes, and what of it chance would bring.

A share has the interval of Jeffreys' prior (Brown, Cai and DasGupta 2001, section 4.3): exact Beta quantiles, of nominal
coverage on average where Clopper and Pearson's is wider. Ratios and differences take percentiles of resamples of the
cells. Holm's procedure (1979) says which gaps remain after as many comparisons as were made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from core.evidence.fairness import beta
from core.evidence.fairness.groups import Grouping, Name
from core.evidence.fairness.tally import NO_RATIO, SHARES, Floats, Metric, Tally, divided, share, values

SMALLEST = 30
"""Groups with fewer rows are hidden: their figures would say more about chance, and about single people."""
DRAWS = 1000
LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its 95 % interval over `n` rows; NaN where there is none."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Group:
    """One group; a hidden one has a size and no figures."""

    name: Name
    n: int
    figures: dict[Metric, Figure]

    @property
    def hidden(self) -> bool:
        """Whether it is too small to be shown."""
        return not self.figures


@dataclass(frozen=True, slots=True)
class Gap:
    """One metric between the lowest and the highest group: ratio lowest / highest and difference highest − lowest.

    `p` tests that all groups are alike; `remains` says whether that is rejected after Holm's correction.
    """

    metric: Metric
    lowest: Name
    highest: Name
    ratio: Figure | None
    difference: Figure
    p: float = float("nan")
    remains: bool = False


@dataclass(frozen=True, slots=True)
class Parity:
    """One attribute, or two crossed."""

    attributes: tuple[str, ...]
    groups: tuple[Group, ...]
    gaps: tuple[Gap, ...]

    def gap(self, metric: Metric) -> Gap | None:
        """The gap in one metric, where two groups have it."""
        return next((g for g in self.gaps if g.metric is metric), None)

    @property
    def hidden(self) -> tuple[Group, ...]:
        """The groups that are too small to be shown."""
        return tuple(g for g in self.groups if g.hidden)


def compare(
    groups: Grouping,
    tally: Tally,
    *,
    smallest: int = SMALLEST,
    draws: int = DRAWS,
    seed: int = 0,
    tested: bool = True,
) -> Parity:
    """Compare the groups of one grouping.

    Without `tested` no gap gets a p-value, and of shares nothing here needs SciPy: what a page asks for on the spot.
    """
    shown = np.flatnonzero(tally.sizes >= smallest)
    found: dict[int, dict[Metric, Figure]] = {int(g): {} for g in shown}
    gaps: list[Gap] = []
    if not len(shown):
        return Parity(groups.attributes, _listed(groups, tally, found), ())
    drawn = _resampled(tally, shown, draws, seed)
    rng = np.random.default_rng([seed, 1])
    for metric in tally.metrics:
        value = values(tally, metric)[shown]
        low, high, n = _interval(tally, metric, shown, plain=not tested)
        for at, group in enumerate(shown):
            found[int(group)][metric] = Figure(float(value[at]), float(low[at]), float(high[at]), int(n[at]))
        again = (
            _shares(metric, drawn)
            if metric in SHARES and drawn is not None
            else tally.sums[metric].mean[shown]
            + tally.sums[metric].error[shown] * rng.standard_normal((draws, len(shown)))
        )
        gap = _gap(metric, value, again, n, [groups.names[g] for g in shown])
        if gap is not None:
            gaps.append(_tested(gap, tally, metric, shown) if tested else gap)
    return Parity(groups.attributes, _listed(groups, tally, found), tuple(gaps))


def _listed(groups: Grouping, tally: Tally, found: Mapping[int, dict[Metric, Figure]]) -> tuple[Group, ...]:
    sizes = zip(groups.names, tally.sizes, strict=True)
    return tuple(Group(name, int(n), found.get(i, {})) for i, (name, n) in enumerate(sizes))


def corrected(found: Sequence[Parity], *, level: float = LEVEL) -> tuple[Parity, ...]:
    """Mark the gaps that remain after Holm's correction over all of them."""
    tested = sorted(
        (g.p, i, j) for i, parity in enumerate(found) for j, g in enumerate(parity.gaps) if not np.isnan(g.p)
    )
    kept: set[tuple[int, int]] = set()
    for rank, (p, i, j) in enumerate(tested):
        if p > level / (len(tested) - rank):
            break
        kept.add((i, j))
    return tuple(
        Parity(
            parity.attributes,
            parity.groups,
            tuple(
                Gap(g.metric, g.lowest, g.highest, g.ratio, g.difference, g.p, (i, j) in kept)
                for j, g in enumerate(parity.gaps)
            ),
        )
        for i, parity in enumerate(found)
    )


def comparisons(found: Sequence[Parity]) -> tuple[int, int]:
    """Return how many gaps were tested, and how many remain after the correction."""
    tested = [g for parity in found for g in parity.gaps if not np.isnan(g.p)]
    return len(tested), sum(g.remains for g in tested)


def jeffreys(
    hits: Floats, rows: Floats, *, level: float = LEVEL, plain: bool = False
) -> tuple[Floats, Floats]:
    """Return the interval of a share by Jeffreys' prior; 0 and 1 are reached where all or none are hits.

    `plain` computes the few of a page without SciPy; the same figures, more slowly.
    """
    if plain:
        pairs = [(float(h), float(n - h)) for h, n in zip(hits, rows, strict=True)]
        low = np.array([beta.quantile(level / 2, h + 0.5, m + 0.5) for h, m in pairs])
        high = np.array([beta.quantile(1 - level / 2, h + 0.5, m + 0.5) for h, m in pairs])
    else:
        from scipy import special  # noqa: PLC0415 - 12 MB that a process which only shows results spares

        low = special.betaincinv(hits + 0.5, rows - hits + 0.5, level / 2)
        high = special.betaincinv(hits + 0.5, rows - hits + 0.5, 1 - level / 2)
    low, high = np.where(hits == 0, 0.0, low), np.where(hits == rows, 1.0, high)
    none = rows <= 0
    return np.where(none, np.nan, low), np.where(none, np.nan, high)


def _interval(
    tally: Tally, metric: Metric, shown: NDArray[np.intp], *, plain: bool
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    if metric in tally.sums:
        from scipy import special  # noqa: PLC0415 - 12 MB that a process which only shows results spares

        sums = tally.sums[metric]
        n = sums.rows[shown]
        reach = special.stdtrit(np.maximum(n - 1, 1), 1 - LEVEL / 2) * sums.error[shown]
        mean = sums.mean[shown]
        return mean - reach, mean + reach, n.astype(np.int64)
    assert tally.cells is not None  # noqa: S101 - a share is of cells
    hits, rows = share(metric, tally.cells[shown])
    low, high = jeffreys(hits.astype(np.float64), rows.astype(np.float64), plain=plain)
    return low, high, rows


def _resampled(tally: Tally, shown: NDArray[np.intp], draws: int, seed: int) -> NDArray[np.int64] | None:
    """Draw the cells of the groups that are shown, (draws, groups, 4)."""
    if tally.cells is None:
        return None
    cells = tally.cells[shown]
    total = int(cells.sum())
    rng = np.random.default_rng([seed, 0])
    return rng.multinomial(total, cells.ravel() / total, size=draws).reshape(draws, len(shown), 4)


def _shares(metric: Metric, drawn: NDArray[np.int64]) -> Floats:
    hits, rows = share(metric, drawn)
    return divided(hits.astype(np.float64), rows.astype(np.float64))


def _gap(
    metric: Metric, value: Floats, again: Floats, n: NDArray[np.int64], names: Sequence[Name]
) -> Gap | None:
    known = np.flatnonzero(~np.isnan(value))
    if len(known) < 2:
        return None
    least, most = known[np.argmin(value[known])], known[np.argmax(value[known])]
    rows = int(min(n[least], n[most]))
    apart = again[:, most] - again[:, least]
    difference = Figure(float(value[most] - value[least]), *_ends(apart), rows)
    ratio = None
    if metric not in NO_RATIO and value[least] >= 0 and value[most] > 0:
        ratio = Figure(
            float(value[least] / value[most]), *_ends(divided(again[:, least], again[:, most])), rows
        )
    return Gap(metric, names[least], names[most], ratio, difference)


def _ends(drawn: Floats) -> tuple[float, float]:
    known = drawn[~np.isnan(drawn)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [LEVEL / 2, 1 - LEVEL / 2])
    return float(low), float(high)


def _tested(gap: Gap, tally: Tally, metric: Metric, shown: NDArray[np.intp]) -> Gap:
    """Add the p-value of "all groups are alike": chi-square of homogeneity, or of means over their errors."""
    from scipy import special  # noqa: PLC0415 - 12 MB that a process which only shows results spares

    if metric in tally.sums:
        sums = tally.sums[metric]
        mean, error = sums.mean[shown], sums.error[shown]
        known = (error > 0) & ~np.isnan(mean)
        if known.sum() < 2:
            return gap
        weight = 1 / error[known] ** 2
        centre = (weight * mean[known]).sum() / weight.sum()
        statistic, free = float((weight * (mean[known] - centre) ** 2).sum()), int(known.sum()) - 1
    else:
        assert tally.cells is not None  # noqa: S101 - a share is of cells
        hits, rows = share(metric, tally.cells[shown])
        known = rows > 0
        hits, rows = hits[known], rows[known]
        pooled = hits.sum() / rows.sum()
        if len(rows) < 2 or not 0 < pooled < 1:
            return gap
        statistic = float((((hits - rows * pooled) ** 2) / (rows * pooled * (1 - pooled))).sum())
        free = len(rows) - 1
    p = float(cast("float", special.chdtrc(free, statistic)))
    return Gap(gap.metric, gap.lowest, gap.highest, gap.ratio, gap.difference, p)


def joined(decided: Parity, judged: Parity, wanted: set[Metric]) -> Parity:
    """Take the `wanted` metrics from one comparison and the rest from another over the same groups."""
    groups = tuple(
        Group(
            a.name,
            a.n,
            {m: f for m, f in a.figures.items() if m in wanted}
            | {m: f for m, f in b.figures.items() if m not in wanted},
        )
        for a, b in zip(decided.groups, judged.groups, strict=True)
    )
    gaps = [g for g in decided.gaps if g.metric in wanted] + [
        g for g in judged.gaps if g.metric not in wanted
    ]
    return Parity(decided.attributes, groups, tuple(gaps))
