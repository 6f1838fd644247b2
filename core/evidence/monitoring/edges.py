"""Where the reference is cut: the fixed cells into which every later value is counted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

DECILES = np.arange(1, 10) / 10
QUANTILES = 100
DISPLAY_BINS = 30
LISTED_CATEGORIES = 512
KNOWN_CATEGORIES = 10_000


@dataclass(frozen=True, slots=True)
class NumberEdges:
    """Cuts of a numeric column, ascending: cell `i` holds `(cuts[i-1], cuts[i]]`.

    The first cell lies below the reference's minimum, the last above its maximum. `deciles` and `display` are
    positions in `cuts`: the cuts that PSI uses, and those of the drawn histogram. `discrete` says that every
    distinct value of the reference is a cut.
    """

    cuts: tuple[float, ...]
    deciles: tuple[int, ...]
    display: tuple[int, ...]
    discrete: bool
    temporal: bool = False

    @property
    def slots(self) -> int:
        """Null, NaN, then the cells."""
        return 2 + len(self.cuts) + 1


@dataclass(frozen=True, slots=True)
class CategoryEdges:
    """The reference's categories, most frequent first; `others` are known but counted together."""

    listed: tuple[str, ...]
    others: tuple[str, ...] = ()

    @property
    def slots(self) -> int:
        """Null, the listed ones, the others, and those that the reference does not have."""
        return 1 + len(self.listed) + 2


@dataclass(frozen=True, slots=True)
class TextEdges:
    """Free text or too many categories: only missing and present values are counted."""

    distinct: int = 0

    @property
    def slots(self) -> int:
        return 2


Edges = NumberEdges | CategoryEdges | TextEdges


def number_edges(values: Floats, *, temporal: bool = False) -> NumberEdges:
    """Cut a reference column of floats (any order; NaN and infinities are left out).

    Cuts are the minimum, percentiles (numpy's linear method; the nine deciles among them), equal steps between
    the 1st and 99th percentile for drawing, and the maximum. With few distinct values each one is a cut.
    """
    finite = np.sort(values[np.isfinite(values)])
    if not len(finite):
        return NumberEdges((), (), (), discrete=True, temporal=temporal)
    distinct = np.unique(finite)
    deciles = np.unique(np.quantile(finite, DECILES))
    below = np.nextafter(finite[0], -np.inf)
    discrete = len(distinct) <= QUANTILES
    if discrete:
        shown = distinct
        # Two cuts a value: what lies between the reference's values is counted apart, so KS stays exact.
        inner = np.concatenate([np.nextafter(distinct, -np.inf), distinct])
    else:
        low, high = np.quantile(finite, [0.01, 0.99])
        shown = np.linspace(low, high, DISPLAY_BINS + 1)
        inner = np.concatenate([np.quantile(finite, np.arange(1, QUANTILES) / QUANTILES), shown])
    cuts = np.unique(np.concatenate([[below], inner, deciles, finite[-1:]]))
    drawn = np.unique(np.concatenate([[below], shown, finite[-1:]]))
    return NumberEdges(
        cuts=tuple(cuts.tolist()),
        deciles=tuple(np.searchsorted(cuts, deciles).tolist()),
        display=tuple(np.searchsorted(cuts, drawn).tolist()),
        discrete=discrete,
        temporal=temporal,
    )


def category_edges(values: Sequence[str], counts: Sequence[int]) -> CategoryEdges | TextEdges:
    """List a reference's categories by falling count, ties by name; too many of them are text."""
    if len(values) > KNOWN_CATEGORIES:
        return TextEdges(distinct=len(values))
    pairs = sorted(zip(counts, values, strict=True), key=lambda pair: (-pair[0], pair[1]))
    ranked = [value for _, value in pairs]
    return CategoryEdges(tuple(ranked[:LISTED_CATEGORIES]), tuple(ranked[LISTED_CATEGORIES:]))
