"""Where a model fails: a tree over its errors, whose leaves are the slices.

The tree is grown on one half of the rows and its leaves are measured on the other, so that a slice is no artefact of
having looked for it (honest estimation, Athey and Imbens 2016). Slices are ranked by how many errors more than the
average they hold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

Floats = NDArray[np.float64]

SMALLEST = 30
SHARE = 0.03
"""The least share of the rows in a leaf."""
DEPTH = 3
MOST_VALUES = 12
"""Categories of a text column that the tree may ask for."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One step of a rule: `at_most`, `above`, `is` or `is_not` a value; `or_missing` where empty cells fall in too."""

    feature: str
    relation: str
    value: float | str
    or_missing: bool = False


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows that one rule describes: `n` measured ones, their mean error with its 95 % interval, and their share.

    `times` is the error as a multiple of the error of all measured rows; `p` tests that the slice errs like the rest.
    """

    conditions: tuple[Condition, ...]
    n: int
    share: float
    error: float
    low: float
    high: float
    times: float
    p: float
    remains: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """The slices, worst first, and the mean error of all measured rows; `kind` is `wrong` (shares) or `absolute`."""

    kind: str
    overall: float
    rows: int
    slices: tuple[Slice, ...]


def find(features: pd.DataFrame, error: Floats, *, kind: str, seed: int = 0) -> Found | None:
    """Grow the tree and measure its leaves; `error` is 0 or 1 per row (`wrong`), or a distance (`absolute`).

    Returns none where there are too few rows, or nothing to tell them apart by.
    """
    from sklearn.tree import DecisionTreeRegressor  # noqa: PLC0415 - loaded by the worker alone

    rows = len(error)
    least = max(SMALLEST, int(SHARE * rows / 2))
    if rows < 8 * SMALLEST or features.empty:
        return None
    inputs, columns = _encoded(features)
    order = np.random.default_rng(seed).permutation(rows)
    grow, measure = order[: rows // 2], order[rows // 2 :]
    tree = DecisionTreeRegressor(max_depth=DEPTH, min_samples_leaf=least, random_state=seed)
    tree.fit(inputs[grow], error[grow])
    leaf = tree.apply(inputs[measure])
    told = error[measure]
    rules = _rules(tree.tree_, columns)
    found = []
    for place in np.unique(leaf):
        inside = leaf == place
        if inside.sum() >= SMALLEST and place in rules and rules[place]:
            found.append(_measured(rules[place], told, inside, kind))
    overall = float(told.mean())
    found.sort(key=lambda s: -(s.error - overall) * s.n)
    return Found(kind, overall, len(measure), _corrected(found))


def to_json(found: Found) -> dict[str, Any]:
    """Write what was found as plain JSON values."""
    return {
        "kind": found.kind,
        "overall": found.overall,
        "rows": found.rows,
        "slices": [
            {
                "conditions": [
                    {"feature": c.feature, "relation": c.relation, "value": c.value, "or_missing": c.or_missing}
                    for c in s.conditions
                ],
                "n": s.n, "share": s.share, "error": s.error, "low": s.low, "high": s.high, "times": s.times,
                "p": s.p, "remains": s.remains,
            }
            for s in found.slices
        ],
    }  # fmt: skip


def from_json(stored: Mapping[str, Any]) -> Found:
    """Read what `to_json` wrote."""
    slices = tuple(
        Slice(**{**s, "conditions": tuple(Condition(**c) for c in s["conditions"])}) for s in stored["slices"]
    )
    return Found(str(stored["kind"]), float(stored["overall"]), int(stored["rows"]), slices)


@dataclass(frozen=True, slots=True)
class _Column:
    """One input of the tree: a number as it is, or one value of a category; `gaps` where cells are empty."""

    feature: str
    value: str | None
    gaps: bool


def _encoded(features: pd.DataFrame) -> tuple[Floats, list[_Column]]:
    made: list[Floats] = []
    columns: list[_Column] = []
    for name in features:
        values = features[name]
        if types.is_numeric_dtype(values) and not types.is_bool_dtype(values):
            numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
            gaps = np.isnan(numbers)
            # Empty cells lie below every number: the lower side of a cut holds them, and its rule says so.
            low = float(np.nanmin(numbers)) if not gaps.all() else 0.0
            made.append(np.where(gaps, low - 1.0 - abs(low), numbers))
            columns.append(_Column(str(name), None, bool(gaps.any())))
        elif not types.is_datetime64_any_dtype(values):
            texts = values.astype("string")
            for value in texts.value_counts().index[:MOST_VALUES]:
                made.append((texts == value).fillna(value=False).to_numpy(np.float64))
                columns.append(_Column(str(name), str(value), gaps=False))
    return np.column_stack(made) if made else np.zeros((len(features), 1)), columns


def _rules(tree: Any, columns: Sequence[_Column]) -> dict[int, tuple[Condition, ...]]:
    """Return each leaf's rule: of several cuts of one number the narrowest on each side."""
    found: dict[int, tuple[Condition, ...]] = {}

    def walk(node: int, path: list[tuple[_Column, bool, float]]) -> None:
        left, right = int(tree.children_left[node]), int(tree.children_right[node])
        if left < 0:
            found[node] = _joined(path)
            return
        column = columns[int(tree.feature[node])]
        cut = float(tree.threshold[node])
        walk(left, [*path, (column, True, cut)])
        walk(right, [*path, (column, False, cut)])

    if columns:
        walk(0, [])
    return found


def _joined(path: Sequence[tuple[_Column, bool, float]]) -> tuple[Condition, ...]:
    kept: dict[tuple[str, str, str], Condition] = {}
    for column, below, cut in path:
        if column.value is not None:
            relation = "is_not" if below else "is"
            kept[column.feature, relation, column.value] = Condition(column.feature, relation, column.value)
            continue
        relation = "at_most" if below else "above"
        before = kept.get((column.feature, relation, ""))
        if before is not None and isinstance(before.value, float):
            edge = min(cut, before.value) if below else max(cut, before.value)
        else:
            edge = cut
        kept[column.feature, relation, ""] = Condition(column.feature, relation, edge, below and column.gaps)
    above = {f for f, r, _v in kept if r == "above"}
    named = {f for f, r, _v in kept if r == "is"}
    conditions = []
    for (feature, relation, _value), one in kept.items():
        if relation == "is_not" and feature in named:
            continue  # who is in one category is in no other
        gaps = one.or_missing and feature not in above
        conditions.append(Condition(feature, relation, one.value, gaps))
    return tuple(conditions)


def _measured(rule: tuple[Condition, ...], told: Floats, inside: NDArray[np.bool_], kind: str) -> Slice:
    from scipy import special  # noqa: PLC0415 - only the worker computes: the server spares 60 MB

    held, rest = told[inside], told[~inside]
    n, mean, overall = len(held), float(held.mean()), float(told.mean())
    if kind == "wrong":
        hits = float(held.sum())
        low = 0.0 if hits == 0 else float(special.betaincinv(hits + 0.5, n - hits + 0.5, 0.025))
        high = 1.0 if hits == n else float(special.betaincinv(hits + 0.5, n - hits + 0.5, 0.975))
    else:
        reach = float(special.stdtrit(n - 1, 0.975) * held.std(ddof=1) / np.sqrt(n))
        low, high = mean - reach, mean + reach
    spread = held.var(ddof=1) / n + (rest.var(ddof=1) / len(rest) if len(rest) > 1 else 0.0)
    z = (mean - float(rest.mean())) / np.sqrt(spread) if len(rest) and spread > 0 else 0.0
    p = float(2 * special.ndtr(-abs(z)))
    return Slice(rule, n, n / len(told), mean, low, high, mean / overall if overall > 0 else 1.0, p)


def _corrected(found: Sequence[Slice]) -> tuple[Slice, ...]:
    """Mark the slices that differ from the rest after Holm's correction."""
    order = sorted(range(len(found)), key=lambda i: found[i].p)
    kept = set()
    for rank, at in enumerate(order):
        if found[at].p > 0.05 / (len(order) - rank):
            break
        kept.add(at)
    return tuple(
        Slice(s.conditions, s.n, s.share, s.error, s.low, s.high, s.times, s.p, i in kept)
        for i, s in enumerate(found)
    )
