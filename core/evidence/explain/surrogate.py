"""A model in a few rules: a small regression tree (CART, Breiman 1984) over the model's own scores, told in words.

A summary of the model, never the model: how much of the scores it tells is measured on rows it was not made from.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.assets.datasets.schema import is_number
from core.evidence.explain import labels
from core.i18n import _, number

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

DEPTH = 3
LEAST = 0.02
"""Share of the rows that a rule speaks of at least."""
CUTS = 32
"""Thresholds that are tried for a number."""
HELD = 3
"""Every third row is kept aside to judge by."""
_MOST_NAMED = 4


@dataclass(frozen=True, slots=True)
class Condition:
    """What a rule asks of one feature: a number in (`above`, `most`], or one of some categories; or none of them."""

    feature: str
    above: float | None = None
    most: float | None = None
    among: tuple[str, ...] = ()
    missing: bool = False

    def text(self) -> str:
        """The condition in the reader's words."""
        name = labels.label(self.feature).name
        if self.among:
            named = [labels.told(self.feature, one) for one in self.among[:_MOST_NAMED]]
            rest = len(self.among) - len(named)
            said = ", ".join(named) + (_(" and {n} more", n=number(rest)) if rest else "")
            return _("{feature} is {values}", feature=name, values=said)
        low = None if self.above is None else labels.told(self.feature, self.above)
        high = None if self.most is None else labels.told(self.feature, self.most)
        if low is not None and high is not None:
            said = _("{feature} is above {low} and at most {high}", feature=name, low=low, high=high)
        elif low is not None:
            said = _("{feature} is above {low}", feature=name, low=low)
        else:
            said = _("{feature} is at most {high}", feature=name, high=high)
        return said + (_(", or missing") if self.missing else "")


@dataclass(frozen=True, slots=True)
class Rule:
    """What the model says on average where all conditions hold, and of which share of the rows that is."""

    conditions: tuple[Condition, ...]
    mean: float
    share: float


@dataclass(frozen=True, slots=True)
class Surrogate:
    """The rules, highest mean first, and the share of the scores' variance that they tell on rows kept aside (R²)."""

    rules: tuple[Rule, ...]
    fidelity: float
    rows: int


@dataclass(frozen=True, slots=True)
class _Split:
    gain: float
    left: Flags
    at: Condition
    otherwise: Condition


def surrogate(inputs: pd.DataFrame, scores: pd.Series, depth: int = DEPTH) -> Surrogate:
    """Tell a model's scores by rules over its inputs; both are indexed alike."""
    aside = np.arange(len(inputs)) % HELD == HELD - 1
    made, judged = ~aside, aside
    y = scores.to_numpy(dtype=np.float64)
    columns = {str(name): _column(inputs[name]) for name in inputs}
    leaves = _grown(columns, y, made, (), depth, max(1, round(LEAST * made.sum())))
    said = np.full(len(y), y[made].mean())
    rules = []
    for conditions, where in leaves:
        mean = float(y[made & where].mean())
        said[where] = mean
        rules.append(Rule(_merged(conditions), mean, float(where.mean())))
    spread = float(np.square(y[judged] - y[judged].mean()).sum()) if judged.any() else 0.0
    missed = float(np.square(y[judged] - said[judged]).sum())
    fidelity = 1 - missed / spread if spread else float("nan")
    return Surrogate(tuple(sorted(rules, key=lambda one: -one.mean)), fidelity, len(y))


def _column(values: pd.Series) -> Floats | npt.NDArray[np.str_]:
    if is_number(values):
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    return values.astype("string").fillna("").to_numpy(dtype=str)


def _grown(
    columns: dict[str, Floats | npt.NDArray[np.str_]],
    y: Floats,
    made: Flags,
    path: tuple[Condition, ...],
    depth: int,
    least: int,
    where: Flags | None = None,
) -> list[tuple[tuple[Condition, ...], Flags]]:
    """Return the leaves below as (conditions, rows); `made` are the rows that decide, `where` all that come here."""
    here = np.ones(len(y), dtype=bool) if where is None else where
    best: _Split | None = None
    if depth and (made & here).sum() >= 2 * least:
        for name, values in columns.items():
            found = _split(name, values, y, made & here, least)
            if found is not None and (best is None or found.gain > best.gain):
                best = found
    if best is None:
        return [(path, here)]
    left, right = here & best.left, here & ~best.left
    return [
        *_grown(columns, y, made, (*path, best.at), depth - 1, least, left),
        *_grown(columns, y, made, (*path, best.otherwise), depth - 1, least, right),
    ]


def _split(
    name: str, values: Floats | npt.NDArray[np.str_], y: Floats, rows: Flags, least: int
) -> _Split | None:
    """Return the cut of one feature that lowers the squared error most; none where no cut leaves enough rows."""
    if values.dtype.kind == "f":
        known = values[rows & ~np.isnan(values.astype(np.float64))].astype(np.float64)
        if not len(known):
            return None
        cuts = np.unique(np.quantile(known, np.linspace(0, 1, CUTS + 2)[1:-1], method="lower"))
        place = np.searchsorted(cuts, values, side="left")  # NaN sorts last: to the right of every cut
        count, total = _sums(place[rows], y[rows], len(cuts) + 1)
        at, gain = _best(count, total, least)
        if at is None:
            return None
        limit = float(cuts[at])
        blank = bool(np.isnan(values.astype(np.float64)).any())
        return _Split(
            gain, place <= at, Condition(name, most=limit), Condition(name, above=limit, missing=blank)
        )
    words, place = np.unique(values, return_inverse=True)
    count, total = _sums(place[rows], y[rows], len(words))
    # Ordered by mean score, the best of all divisions of categories is a cut of that order (Fisher 1958).
    present = np.flatnonzero(count)
    order = present[np.argsort(total[present] / count[present], kind="stable")]
    at, gain = _best(count[order], total[order], least)
    if at is None:
        return None
    listed, chosen = words.tolist(), order[: at + 1]
    rest = np.setdiff1d(np.arange(len(words)), chosen)
    return _Split(gain, np.isin(place, chosen), _among(name, listed, chosen), _among(name, listed, rest))


def _among(name: str, words: Sequence[object], chosen: npt.NDArray[np.intp]) -> Condition:
    return Condition(name, among=tuple(sorted(str(words[i]) for i in chosen)))


def _sums(place: npt.NDArray[np.intp], y: Floats, bins: int) -> tuple[Floats, Floats]:
    count = np.bincount(place, minlength=bins).astype(np.float64)
    return count, np.bincount(place, y, bins).astype(np.float64)


def _best(count: Floats, total: Floats, least: int) -> tuple[int | None, float]:
    """Return after which bin to cut, and by how much that lowers the squared error."""
    left, whole = np.cumsum(count)[:-1], count.sum()
    sums = np.cumsum(total)[:-1]
    right = whole - left
    allowed = (left >= least) & (right >= least)
    if not allowed.any():
        return None, 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        gains = np.where(
            allowed, sums**2 / left + (total.sum() - sums) ** 2 / right - total.sum() ** 2 / whole, -np.inf
        )
    at = int(np.argmax(gains))
    return (at, float(gains[at])) if gains[at] > 1e-12 * max(1.0, whole) else (None, 0.0)


def _merged(conditions: Sequence[Condition]) -> tuple[Condition, ...]:
    """Say what is asked of one feature several times only once: the narrowest range, the categories common to all."""
    found: dict[str, Condition] = {}
    for one in conditions:
        before = found.get(one.feature)
        if before is None:
            found[one.feature] = one
            continue
        if one.among:
            common = tuple(word for word in before.among if word in one.among)
            found[one.feature] = Condition(one.feature, among=common)
            continue
        found[one.feature] = Condition(
            one.feature,
            above=before.above if one.above is None else one.above,
            most=before.most if one.most is None else one.most,
            missing=before.missing and one.missing,
        )
    return tuple(found.values())
