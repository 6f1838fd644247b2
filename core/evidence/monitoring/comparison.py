"""One column of two samples compared: every statistic with its named variant, and what the values themselves say."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from core.evidence.monitoring import distances, exact, significance
from core.evidence.monitoring.edges import DECILES
from core.evidence.monitoring.exact import Ordered
from core.evidence.monitoring.samples import Sorted, Tallied
from core.evidence.monitoring.sources import Kind

Cells = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

NAMED_VALUES = 20


class Statistic(StrEnum):
    """Every number a column may have; shares are of all rows of their side."""

    PSI = "psi"
    JS = "js"
    HELLINGER = "hellinger"
    KS = "ks"
    P_VALUE = "p_value"
    WASSERSTEIN = "wasserstein"
    WASSERSTEIN_NORMED = "wasserstein_normed"
    CHI2 = "chi2"
    LINF = "linf"
    MISSING = "missing"
    MISSING_RISE = "missing_rise"
    NEW_SHARE = "new_share"
    VANISHED_SHARE = "vanished_share"
    OUT_OF_RANGE = "out_of_range"


QUALITY_VARIANTS: Mapping[Statistic, str] = {
    Statistic.MISSING: "share of null and NaN in the current file",
    Statistic.MISSING_RISE: "share of null and NaN, current minus reference",
    Statistic.NEW_SHARE: "share of current rows in categories that the reference lacks",
    Statistic.VANISHED_SHARE: "share of reference rows in categories that the current file lacks",
    Statistic.OUT_OF_RANGE: "share of current rows below the reference's minimum or above its maximum",
}


@dataclass(frozen=True, slots=True)
class Bins:
    """What PSI was computed from: rows of either side in each bin, the missing ones in the last.

    A numeric bin `i` holds the values above `cuts[i-1]` and up to `cuts[i]`; categories have `names` instead.
    """

    reference: tuple[int, ...]
    current: tuple[int, ...]
    cuts: tuple[float, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnComparison:
    """A column of both sides, the reference first in each pair; a statistic that does not apply is absent.

    `psi_noise` is the PSI that sampling alone reaches in one of 10,000 comparisons, `missing_noise` by how much a
    share of missing values rises so. `new` counts the first new categories.
    """

    name: str
    kinds: tuple[Kind, Kind]
    types: tuple[str, str]
    rows: tuple[int, int]
    missing: tuple[int, int]
    statistics: Mapping[Statistic, float]
    variants: Mapping[Statistic, str]
    psi_noise: float = math.nan
    missing_noise: float = math.nan
    new: Mapping[str, int] = field(default_factory=dict)
    vanished: tuple[str, ...] = ()
    new_count: int = 0
    vanished_count: int = 0
    span: tuple[tuple[float, float] | None, tuple[float, float] | None] = (None, None)
    constant: bool = False
    free_text: bool = False
    bins: Bins | None = None
    spread: int = 0
    """About how many distinct values the current side has; orders the search for repeated rows."""

    @property
    def type_changed(self) -> bool:
        """Whether the kind of value changed; a column that is empty on one side has none to change."""
        return self.kinds[0] != self.kinds[1] and Kind.EMPTY not in self.kinds


def compare_numbers(
    name: str, kinds: tuple[Kind, Kind], types: tuple[str, str], a: Sorted, b: Sorted, *, unit: float = 1.0
) -> ColumnComparison:
    """Compare two sorted columns exactly; `unit` is how many seconds one step of a moment is."""
    x, y = a.finite, b.finite
    cuts = decile_cuts(x)
    p, q = _binned(a, cuts), _binned(b, cuts)
    ks = exact.kolmogorov_smirnov(a.values, b.values)
    far = exact.wasserstein(x, y) * unit
    spread = standard_deviation(x) * unit
    outside = _outside(a.values, b.values)
    found = {
        Statistic.PSI: float(distances.psi(p, q)),
        Statistic.JS: float(distances.jensen_shannon(p, q)),
        Statistic.HELLINGER: float(distances.hellinger(p, q)),
        Statistic.KS: ks,
        Statistic.P_VALUE: significance.kolmogorov_tail(ks, len(a.values), len(b.values)),
        Statistic.WASSERSTEIN: far,
        Statistic.WASSERSTEIN_NORMED: far / spread if spread > 0 else (0.0 if far == 0 else math.nan),
        Statistic.OUT_OF_RANGE: outside / b.rows,
    }
    variants = {
        Statistic.PSI: distances.VARIANTS["psi"],
        Statistic.JS: distances.VARIANTS["js"],
        Statistic.HELLINGER: distances.VARIANTS["hellinger"],
        Statistic.KS: distances.VARIANTS["ks_exact"],
        Statistic.P_VALUE: "two-sample Kolmogorov, asymptotic, from the exact distance",
        Statistic.WASSERSTEIN: "first order, exact, in seconds"
        if Kind.MOMENT in kinds
        else distances.VARIANTS["wasserstein"],
        Statistic.WASSERSTEIN_NORMED: distances.VARIANTS["wasserstein_normed"],
    }
    return _column(
        ColumnComparison(
            name=name,
            kinds=kinds,
            types=types,
            rows=(a.rows, b.rows),
            missing=(a.missing, b.missing),
            statistics=found,
            variants=variants,
            psi_noise=_noise(len(p), a.rows, b.rows),
            span=(_span(a.values, unit), _span(b.values, unit)),
            constant=_constant(b.values) and not _constant(a.values),
            bins=Bins(tuple(p.tolist()), tuple(q.tolist()), tuple((cuts * unit).tolist())),
            spread=_distinct(b.values),
        )
    )


def compare_categories(
    name: str, kinds: tuple[Kind, Kind], types: tuple[str, str], a: Tallied, b: Tallied
) -> ColumnComparison:
    """Compare two counted columns; free text is compared by what is missing alone."""
    base = ColumnComparison(
        name=name,
        kinds=kinds,
        types=types,
        rows=(a.rows, b.rows),
        missing=(a.missing, b.missing),
        statistics={},
        variants={},
        free_text=a.counts is None or b.counts is None,
    )
    if a.counts is None or b.counts is None:
        return _column(base, spread=b.rows)
    before, after = a.counts, b.counts
    keys = sorted(before.keys() | after.keys())
    p = np.array([before.get(key, 0) for key in keys], dtype=np.int64)
    q = np.array([after.get(key, 0) for key in keys], dtype=np.int64)
    with_missing = np.append(p, a.missing), np.append(q, b.missing)
    statistic, freedom = distances.chi_square(p, q)
    comparable = bool(p.sum() and q.sum())
    found = {
        Statistic.PSI: float(distances.psi(*with_missing)),
        Statistic.JS: float(distances.jensen_shannon(*with_missing)),
        Statistic.HELLINGER: float(distances.hellinger(*with_missing)),
        Statistic.CHI2: float(statistic) if comparable else math.nan,
        Statistic.P_VALUE: significance.chi_square_tail(float(statistic), int(freedom))
        if comparable
        else math.nan,
        Statistic.LINF: float(distances.largest_gap(p, q)) if comparable else math.nan,
        Statistic.NEW_SHARE: int(q[p == 0].sum()) / b.rows,
        Statistic.VANISHED_SHARE: int(p[q == 0].sum()) / a.rows,
    }
    variants = {
        Statistic.PSI: distances.VARIANTS["psi"],
        Statistic.JS: distances.VARIANTS["js"],
        Statistic.HELLINGER: distances.VARIANTS["hellinger"],
        Statistic.CHI2: distances.VARIANTS["chi2"],
        Statistic.P_VALUE: distances.VARIANTS["p_chi2"],
        Statistic.LINF: distances.VARIANTS["linf"],
    }
    new = sorted(
        ((n, key) for key, n in after.items() if key not in before), key=lambda one: (-one[0], one[1])
    )
    gone = sorted((-n, key) for key, n in before.items() if key not in after)
    return _column(
        base,
        statistics=found,
        variants=variants,
        psi_noise=_noise(len(with_missing[0]), a.rows, b.rows),
        new={key: n for n, key in new[:NAMED_VALUES]},
        vanished=tuple(key for _, key in gone[:NAMED_VALUES]),
        new_count=len(new),
        vanished_count=len(gone),
        constant=len(after) == 1 < len(before),
        bins=_shown(keys, *with_missing),
        spread=len(after),
    )


def _column(base: ColumnComparison, **more: object) -> ColumnComparison:
    """Fill in what every kind of column has: its missing values and the words of its variants."""
    one = replace(base, **more)  # type: ignore[arg-type]
    before, after = (gone / n for gone, n in zip(one.missing, one.rows, strict=True))
    statistics = {**one.statistics, Statistic.MISSING: after, Statistic.MISSING_RISE: after - before}
    variants = {**one.variants, **{s: QUALITY_VARIANTS[s] for s in statistics if s in QUALITY_VARIANTS}}
    noise = float(significance.share_noise(max(before, 1 / one.rows[0]), one.rows[1], one.rows[0]))
    return replace(one, statistics=statistics, variants=variants, missing_noise=noise)


def _shown(keys: list[str], p: Cells, q: Cells) -> Bins:
    """Keep the commonest categories by name and put the others together: a report stays readable."""
    order = np.argsort(-(p[:-1] + q[:-1]), kind="stable")
    kept = order[:NAMED_VALUES]
    rest = order[NAMED_VALUES:]
    sides = [
        (*side[kept].tolist(), *([int(side[rest].sum())] if len(rest) else []), int(side[-1]))
        for side in (p, q)
    ]
    return Bins(sides[0], sides[1], names=tuple(keys[i] for i in kept))


def decile_cuts(values: Ordered) -> Floats:
    """Return the distinct deciles of sorted values: numpy's linear method, without partitioning them again."""
    if not len(values):
        return np.empty(0)
    place = DECILES * (len(values) - 1)
    below = np.floor(place).astype(np.int64)
    share = place - below
    low = np.asarray(values[below], dtype=np.float64)
    high = np.asarray(values[np.minimum(below + 1, len(values) - 1)], dtype=np.float64)
    gap = high - low
    return np.unique(np.where(share >= 0.5, high - gap * (1 - share), low + gap * share))


def _binned(side: Sorted, cuts: Floats) -> Cells:
    points = np.floor(cuts).astype(np.int64) if side.values.dtype == np.int64 else cuts
    reached = np.searchsorted(side.values, points, "right")
    cells = np.diff(reached, prepend=0, append=len(side.values))
    return np.append(cells, side.missing)


def standard_deviation(values: Ordered, chunk: int = 65_536) -> float:
    """Population standard deviation of finite values, in pieces that fit the cache; NaN when there are none."""
    n = len(values)
    if not n:
        return math.nan
    middle = values[n // 2]
    first = second = 0.0
    for start in range(0, n, chunk):
        gap = np.asarray(values[start : start + chunk] - middle, dtype=np.float64)
        first += float(gap.sum())
        second += float(np.dot(gap, gap))
    return math.sqrt(max(second / n - (first / n) ** 2, 0.0))


def _outside(a: Ordered, b: Ordered) -> int:
    if not len(a) or not len(b):
        return 0
    return int(np.searchsorted(b, a[0], "left") + len(b) - np.searchsorted(b, a[-1], "right"))


def _constant(values: Ordered) -> bool:
    return len(values) > 1 and bool(values[0] == values[-1])


def _span(values: Ordered, unit: float) -> tuple[float, float] | None:
    return (float(values[0]) * unit, float(values[-1]) * unit) if len(values) else None


def _distinct(values: Ordered, points: int = 4096) -> int:
    thinned = values[:: max(1, len(values) // points)]
    return int(np.count_nonzero(thinned[1:] != thinned[:-1])) + 1 if len(thinned) else 0


def _noise(bins: int, n: int, m: int) -> float:
    return float(significance.psi_noise(bins, n, m, 0.9999))
