"""Counterfactuals: the smallest plausible changes, within limits, after which the model decides otherwise.

Beam search over one change at a time (at most MOST_CHANGES), each step one batched prediction. Candidates are observed
values only: at the model's own thresholds where they are known, else at quantiles. Fewer changes come first, then
the smaller cost; cost of a number is its move over the spread of the column, of a category 1.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evidence.explain.plausibility import Neighbourhood, numbers
from core.evidence.recourse.counterfactual import Change, Counterfactual, Found
from core.evidence.recourse.limits import Bond, Limits, Way

Floats = NDArray[np.float64]
Score = Callable[[pd.DataFrame], Floats]

MOST_CHANGES = 4
WIDTH = 12  # partial changes kept at each step
FEWER = 6  # candidates per feature from the second step on: those that helped most alone
GRID = 16
NEIGHBOURS = 400  # reference rows among which plausibility is measured


State = tuple[tuple[int, Any], ...]  # (feature position, value), in the order of the changes


class Search:
    """One model's search against reference rows (the observed values), under limits. Reusable for many rows."""

    def __init__(
        self,
        score: Score,
        reference: pd.DataFrame,
        limits: Limits,
        thresholds: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        """`thresholds` are the model's own split points by column, where they are known."""
        self._score = score
        self._reference = reference
        self._limits = limits
        self._names = [str(c) for c in reference.columns]
        self._numeric = [
            pd.api.types.is_numeric_dtype(t) and not pd.api.types.is_bool_dtype(t) for t in reference.dtypes
        ]
        self._spread = [_spread(reference.iloc[:, i]) if n else 1.0 for i, n in enumerate(self._numeric)]
        self._grid = [self._values(i, (thresholds or {}).get(n, ())) for i, n in enumerate(self._names)]
        self._followers = {link.follower for link in limits.links}
        self._space = Neighbourhood(reference.head(NEIGHBOURS), self._numeric)

    def run(self, row: pd.DataFrame, threshold: float, *, above: bool, most: int = 3) -> Found:
        """Up to `most` counterfactuals of a one-row frame: its score shall reach `threshold` (`above`) or fall below."""
        row = row.reset_index(drop=True)
        usual = max(self._space.usual, float(self._space.distance(row)[0]))

        def wanted(scores: Floats) -> NDArray[np.bool_]:
            return scores >= threshold if above else scores < threshold

        candidates = self._candidates(row)
        states: list[State] = [()]
        found: list[Counterfactual] = []
        tried = implausible = 0
        for depth in range(MOST_CHANGES):
            grown = self._grown(states, candidates)
            if not grown:
                break
            frame, kept = self._frame(row, grown)
            if not kept:
                break
            scores = self._score(frame)
            tried += len(kept)
            costs = np.array([self._cost(row, s) for s in kept])
            hits = np.flatnonzero(wanted(scores))
            found, unlike = self._kept(row, frame, kept, scores, costs, hits, usual, most)
            implausible += unlike
            if found:
                break  # fewest changes first: a longer list of changes is no better answer
            gain = scores if above else -scores
            if depth == 0:
                candidates = self._best(kept, gain)
            order = np.argsort(-(gain - 0.01 * costs * float(np.ptp(gain) or 1.0)), kind="stable")[:WIDTH]
            states = [kept[int(i)] for i in order]
        return Found(self._confirmed(row, found, wanted), tried, implausible)

    def _kept(
        self,
        row: pd.DataFrame,
        frame: pd.DataFrame,
        states: list[State],
        scores: Floats,
        costs: Floats,
        hits: NDArray[np.int64],
        usual: float,
        most: int,
    ) -> tuple[list[Counterfactual], int]:
        """The cheapest plausible hits, one for each set of features, and how many were unlike anything seen."""
        found: list[Counterfactual] = []
        unlike = 0
        distances = self._space.distance(frame.iloc[hits]) if len(hits) else np.zeros(0)
        for place in np.argsort(costs[hits], kind="stable"):
            at = int(hits[place])
            if distances[place] > usual:
                unlike += 1
            elif not any(_features(states[at]) == _features_of(f, self._names) for f in found):
                found.append(self._told(row, frame, at, states[at], scores, costs, float(distances[place])))
            if len(found) >= most:
                break
        return found, unlike

    def _confirmed(
        self, row: pd.DataFrame, found: list[Counterfactual], wanted: Callable[[Floats], NDArray[np.bool_]]
    ) -> tuple[Counterfactual, ...]:
        """Only those that flip the model when each is asked about alone."""
        good = []
        for one in found:
            frame = self._set(row, {c.feature: c.after for c in one.changes})
            if bool(wanted(self._score(frame))[0]):
                good.append(one)
        return tuple(good)

    def _set(self, row: pd.DataFrame, values: Mapping[str, Any]) -> pd.DataFrame:
        frame = row.copy()
        for name, value in values.items():
            frame.isetitem(self._names.index(name), _typed([value], self._reference[name]).array)
        return frame

    def _values(self, position: int, thresholds: Sequence[float]) -> list[Any]:
        """Observed values that are worth trying."""
        column, limit = self._reference.iloc[:, position], self._limits.of(self._names[position])
        present = column.dropna()
        if not self._numeric[position]:
            if len(present.unique()) > 60 and not limit.categories:
                return []  # free text
            seen = [v for v, _ in present.value_counts().items()]
            return [v for v in seen if not limit.categories or str(v) in limit.categories]
        unique = np.unique(present.to_numpy(np.float64))
        if not len(unique):
            return []
        cuts = np.unique(np.asarray(thresholds, np.float64))
        if len(cuts):
            at = np.searchsorted(unique, cuts, side="right")
            grid = np.unique(
                np.concatenate([unique[np.clip(at - 1, 0, None)], unique[np.clip(at, None, len(unique) - 1)]])
            )
        else:
            grid = unique
        if len(grid) > GRID:
            grid = np.unique(np.quantile(grid, np.linspace(0, 1, GRID), method="nearest"))
        low, high = limit.low, limit.high
        grid = grid[
            (grid >= (-np.inf if low is None else low)) & (grid <= (np.inf if high is None else high))
        ]
        return [v.item() for v in grid]

    def _candidates(self, row: pd.DataFrame) -> list[list[Any]]:
        found: list[list[Any]] = []
        for position, name in enumerate(self._names):
            limit, before = self._limits.of(name), _cell(row, position)
            if limit.way is Way.FIXED or name in self._followers:
                found.append([])
                continue
            missing = pd.isna(before)
            values = [v for v in self._grid[position] if missing or v != before]
            if self._numeric[position] and not missing:
                values = _stepped(values, float(before), limit.step)
                values = [v for v in values if limit.way is not Way.UP or v > before]
                values = [v for v in values if limit.way is not Way.DOWN or v < before]
            elif missing and limit.way in {Way.UP, Way.DOWN}:
                values = []  # up or down from nothing has no meaning
            found.append(values)
        return found

    def _grown(self, states: list[State], candidates: list[list[Any]]) -> list[State]:
        grown: dict[frozenset[tuple[int, Any]], State] = {}
        for state in states:
            used = {position for position, _ in state}
            for position, values in enumerate(candidates):
                if position in used:
                    continue
                for value in values:
                    longer = (*state, (position, value))
                    grown.setdefault(frozenset(longer), longer)
        return list(grown.values())

    def _best(self, kept: list[State], gain: Floats) -> list[list[Any]]:
        """Per feature the values that helped most alone."""
        by_feature: dict[int, list[tuple[float, Any]]] = {}
        for state, value in zip(kept, gain, strict=True):
            position, tried = state[0]
            by_feature.setdefault(position, []).append((float(value), tried))
        return [
            [v for _, v in sorted(by_feature.get(i, []), key=lambda p: -p[0])[:FEWER]]
            for i in range(len(self._names))
        ]

    def _frame(self, row: pd.DataFrame, states: list[State]) -> tuple[pd.DataFrame, list[State]]:
        """The changed rows, and the states whose followers stay within what was observed."""
        columns: dict[str, list[Any]] = {}
        changed: list[dict[int, Any]] = [dict(state) for state in states]
        good = np.ones(len(states), np.bool_)
        for link in self._limits.links:
            lead, follow = self._names.index(link.leader), self._names.index(link.follower)
            before, own = float(_cell(row, lead)), float(_cell(row, follow))
            seen = self._reference.iloc[:, follow]
            for k, state in enumerate(changed):
                if lead not in state:
                    continue
                value = _followed(own, before, float(state[lead]), link.bond)
                good[k] &= value is not None and seen.min() <= value <= seen.max()
                state[follow] = value
        kept = np.flatnonzero(good)
        for position, name in enumerate(self._names):
            before = _cell(row, position)
            columns[name] = [changed[k].get(position, before) for k in kept]
        typed = {name: _typed(values, self._reference[name]) for name, values in columns.items()}
        return pd.DataFrame(typed), [states[int(k)] for k in kept]

    def _cost(self, row: pd.DataFrame, state: State) -> float:
        total = 0.0
        for position, value in state:
            before = _cell(row, position)
            moves = self._numeric[position] and not pd.isna(before)
            total += abs(float(value) - float(before)) / self._spread[position] if moves else 1.0
        return total

    def _told(
        self,
        row: pd.DataFrame,
        frame: pd.DataFrame,
        at: int,
        state: State,
        scores: Floats,
        costs: Floats,
        distance: float,
    ) -> Counterfactual:
        own = {position for position, _ in state}
        changes = []
        for position, name in enumerate(self._names):
            before, after = _plain(_cell(row, position)), _plain(frame.iloc[at, position])
            if position in own or (name in self._followers and before != after):
                changes.append(Change(name, before, after, position not in own))
        return Counterfactual(tuple(changes), float(scores[at]), float(costs[at]), distance)


def _spread(values: pd.Series) -> float:
    """Median absolute deviation, or the standard deviation, or 1: never 0."""
    found = numbers(values)
    found = found[np.isfinite(found)]
    if not len(found):
        return 1.0
    return float(np.median(np.abs(found - np.median(found)))) or float(found.std()) or 1.0


def _stepped(values: list[Any], before: float, step: float | None) -> list[Any]:
    if not step:
        return values
    moved = [before + round((float(v) - before) / step) * step for v in values]
    low, high = min(map(float, values), default=before), max(map(float, values), default=before)
    return list(dict.fromkeys(v for v in moved if v != before and low <= v <= high))


def _followed(own: float, before: float, after: float, bond: Bond) -> float | None:
    if bond is Bond.DIFFERENCE:
        return own + after - before
    if before == 0 or after == 0:
        return None
    return own * after / before if bond is Bond.PROPORTIONAL else own * before / after


def _typed(values: Sequence[Any], like: pd.Series) -> pd.Series:
    """A column of the reference's type; whole numbers stay whole where all values are."""
    if isinstance(like.dtype, pd.CategoricalDtype):
        return pd.Series(pd.Categorical(values, dtype=like.dtype))
    if pd.api.types.is_integer_dtype(like.dtype):
        found = np.asarray(values, np.float64)
        whole = np.isfinite(found).all() and (found == np.round(found)).all()
        return pd.Series(found).astype(like.dtype) if whole else pd.Series(found)
    return pd.Series(list(values), dtype=like.dtype)


def _plain(value: object) -> object:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value


def _features(state: State) -> frozenset[int]:
    return frozenset(position for position, _ in state)


def _features_of(found: Counterfactual, names: Sequence[str]) -> frozenset[int]:
    return frozenset(names.index(c.feature) for c in found.own)


def _cell(row: pd.DataFrame, position: int) -> Any:
    return row.iloc[0, position]
