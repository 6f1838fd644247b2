"""A whole report: each attribute, every two of them crossed, thresholds, stand-ins; the same for job and command line."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evidence.fairness import groups as grouping
from core.evidence.fairness import parity, proxies, tally, threshold
from core.evidence.fairness.groups import MOST_GROUPS, Grouping
from core.evidence.fairness.parity import SMALLEST, Figure, Parity
from core.evidence.fairness.presets import Preset
from core.evidence.fairness.proxies import Proxies
from core.evidence.fairness.tally import NO_RATIO, Flags, Floats, Metric, Tally
from core.evidence.fairness.threshold import Thresholds

MOST_CROSSED = 6
"""Attributes that are crossed two by two; every further one would add as many tables as there are attributes."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What was decided and what came of it, row by row, turned so that *true* is the favourable outcome.

    A regression has `values` and `predicted` instead. `probability` is of the model's event, which is favourable or not.
    """

    truth: Flags | None = None
    said: Flags | None = None
    probability: Floats | None = None
    event_favourable: bool = True
    values: Floats | None = None
    predicted: Floats | None = None

    @property
    def favourable_score(self) -> Floats | None:
        """The probability of the favourable outcome."""
        if self.probability is None:
            return None
        return self.probability if self.event_favourable else 1 - self.probability

    def tally(self, groups: Grouping) -> Tally:
        """Count the rows of each group."""
        if self.values is not None and self.predicted is not None:
            return tally.of_quantities(groups, self.values, self.predicted)
        assert self.truth is not None  # noqa: S101 - one of the two kinds
        assert self.said is not None  # noqa: S101
        return tally.of_classes(groups, self.truth, self.said, self.favourable_score)

    def __len__(self) -> int:
        found = self.truth if self.truth is not None else self.values
        return 0 if found is None else len(found)


@dataclass(frozen=True, slots=True)
class Report:
    """What was found: `single` per attribute, `crossed` per two of them; `skipped` have too many values to be groups.

    `thresholds` and `proxies` have one entry per attribute that allows it. `comparisons` gaps were tested, of which
    `remaining` hold after Holm's correction.
    """

    rows: int
    single: tuple[Parity, ...]
    crossed: tuple[Parity, ...]
    thresholds: Mapping[str, Thresholds]
    proxies: tuple[Proxies, ...]
    comparisons: int
    remaining: int
    skipped: tuple[str, ...]
    smallest: int = SMALLEST

    def worst(self) -> dict[str, Figure]:
        """The worst gap over the single attributes, by `<metric>_ratio` and `<metric>_difference`."""
        found: dict[str, Figure] = {}
        for parity_ in self.single:
            for gap in parity_.gaps:
                key = f"{gap.metric.value}_ratio"
                if gap.ratio is not None and (key not in found or gap.ratio.value < found[key].value):
                    found[key] = gap.ratio
                key = f"{gap.metric.value}_difference"
                if key not in found or gap.difference.value > found[key].value:
                    found[key] = gap.difference
        return found

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics that some group has."""
        seen = {m for p in (*self.single, *self.crossed) for g in p.groups for m in g.figures}
        return tuple(m for m in Metric if m in seen)


def grouped(people: pd.DataFrame, preset: Preset) -> dict[str, Grouping]:
    """Group the rows by each attribute, named and cut as the preset knows it."""
    found = {}
    for name in people:
        known = preset.known(str(name))
        found[str(name)] = grouping.attribute(
            str(name), people[name], words=known.values if known else None, cuts=known.cuts if known else ()
        )
    return found


def build(
    outcomes: Outcomes,
    people: pd.DataFrame,
    preset: Preset,
    *,
    features: pd.DataFrame | None = None,
    smallest: int = SMALLEST,
    draws: int = parity.DRAWS,
) -> Report:
    """Compare every group; `people` holds one column per attribute, `features` what the model sees, in the same rows."""
    named = grouped(people, preset)
    skipped = tuple(name for name, g in named.items() if len(g.names) > MOST_GROUPS)
    kept = {name: g for name, g in named.items() if name not in skipped}
    single = [_compared(outcomes, g, smallest, draws, seed) for seed, g in enumerate(kept.values())]
    pairs = [
        grouping.crossed(a, b)
        for a, b in combinations(list(kept.values())[:MOST_CROSSED], 2)
        if len(a.names) * len(b.names) <= MOST_GROUPS
    ]
    crossed = [_compared(outcomes, g, smallest, draws, 100 + seed) for seed, g in enumerate(pairs)]
    judged = parity.corrected([*single, *crossed])
    tested, remaining = parity.comparisons(judged)
    return Report(
        rows=len(outcomes),
        single=judged[: len(single)],
        crossed=judged[len(single) :],
        thresholds=_thresholds(outcomes, kept),
        proxies=() if features is None else _proxies(kept, features, smallest),
        comparisons=tested,
        remaining=remaining,
        skipped=skipped,
        smallest=smallest,
    )


def at_threshold(report: Report, attribute: str, chosen: float) -> Parity | None:
    """What the groups of an attribute would come to at another threshold; none where the model gives no probability.

    Its gaps are not tested: they are read beside those of the report, which are.
    """
    held = report.thresholds.get(attribute)
    now = next((p for p in report.single if p.attributes == (attribute,)), None)
    if held is None or now is None:
        return None
    names = tuple(g.name for g in now.groups)
    same = Grouping((attribute,), names, np.empty(0, dtype=np.int64))
    return parity.compare(same, held.tally(chosen), smallest=report.smallest, tested=False)


def _compared(outcomes: Outcomes, groups: Grouping, smallest: int, draws: int, seed: int) -> Parity:
    return parity.compare(groups, outcomes.tally(groups), smallest=smallest, draws=draws, seed=seed)


def _thresholds(outcomes: Outcomes, kept: Mapping[str, Grouping]) -> dict[str, Thresholds]:
    if outcomes.probability is None or outcomes.truth is None:
        return {}
    event: NDArray[np.bool_] = outcomes.truth if outcomes.event_favourable else ~outcomes.truth
    return {
        name: _without_small(
            threshold.count(g, event, outcomes.probability, event_favourable=outcomes.event_favourable)
        )
        for name, g in kept.items()
    }


def _without_small(found: Thresholds) -> Thresholds:
    """Keep of a hidden group its size and nothing else."""
    sizes = found.reaching[:, :, 0].sum(axis=0)
    reaching = found.reaching.copy()
    small = sizes < SMALLEST
    reaching[0, small] = sizes[small][:, None]
    reaching[1, small] = 0
    return replace(found, reaching=reaching)


def _proxies(kept: Mapping[str, Grouping], features: pd.DataFrame, smallest: int) -> tuple[Proxies, ...]:
    found = (
        proxies.find(g, features.drop(columns=name, errors="ignore"), smallest=smallest)
        for name, g in kept.items()
    )
    return tuple(p for p in found if p is not None)


def has_ratio(metric: Metric) -> bool:
    """Whether a ratio of this metric says something."""
    return metric not in NO_RATIO
