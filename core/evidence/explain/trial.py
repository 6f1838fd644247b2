"""An explanation on trial: tests that it must stand before its values are used in a letter."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.evidence.explain.importance import Importance, Pair, rank_agreement
from core.i18n import N_

Floats = NDArray[np.float64]

FILE = Path(__file__).resolve().parents[3] / "data" / "explain" / "trial.toml"
DRAWS = 200


class Test(StrEnum):
    """What is tried."""

    ADDITIVITY = "additivity"
    STABILITY = "stability"
    AGREEMENT = "agreement"
    BACKGROUND = "background"
    UNLIKE = "unlike"


TEST_NAMES: Mapping[Test, str] = {
    Test.ADDITIVITY: N_("Adds up to the model"),
    Test.STABILITY: N_("Same ranking from other rows"),
    Test.AGREEMENT: N_("Agrees with shuffling each column"),
    Test.BACKGROUND: N_("Same ranking from another background"),
    Test.UNLIKE: N_("Rests on rows like those seen"),
}
TEST_QUESTIONS: Mapping[Test, str] = {
    Test.ADDITIVITY: N_("Largest error against the model's own output"),
    Test.STABILITY: N_("Rank agreement of two halves of the rows, 5 % worst of 200 draws"),
    Test.AGREEMENT: N_("Rank agreement with the change of the output when a column is shuffled"),
    Test.BACKGROUND: N_("Rank agreement of the values against two backgrounds that share no row"),
    Test.UNLIKE: N_("Share of mixed rows that are unlike anything seen; a warning, no failure"),
}
WARNINGS = frozenset({Test.UNLIKE})
AT_MOST = frozenset({Test.ADDITIVITY, Test.UNLIKE})


@dataclass(frozen=True, slots=True)
class Finding:
    """One test: `value` against `limit`; NaN could not be measured and does not pass."""

    test: Test
    value: float
    limit: float

    @property
    def passed(self) -> bool:
        """Whether the value lies on the right side of the limit."""
        return self.value <= self.limit if self.test in AT_MOST else self.value >= self.limit

    @property
    def fails(self) -> bool:
        """Whether it fails the explanation: warnings do not."""
        return not self.passed and self.test not in WARNINGS


@dataclass(frozen=True, slots=True)
class Trial:
    """All tests of one explanation, with permutation importance (mean |change of the output|, interval over repeats)."""

    findings: tuple[Finding, ...]
    permuted: tuple[Importance, ...]
    rows: int

    @property
    def failed(self) -> int:
        """How many tests failed."""
        return sum(f.fails for f in self.findings)

    @property
    def passed(self) -> bool:
        """Whether the values may be used in a letter."""
        return self.failed == 0

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; a value that could not be measured is null."""
        found = [[f.test.value, None if np.isnan(f.value) else f.value, f.limit] for f in self.findings]
        return {"findings": found, "permuted": [asdict(i) for i in self.permuted], "rows": self.rows}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Trial":
        """Read what `to_json` wrote."""
        findings = tuple(
            Finding(Test(test), float("nan") if value is None else float(value), float(limit))
            for test, value, limit in stored["findings"]
        )
        return cls(findings, tuple(Importance(**i) for i in stored["permuted"]), int(stored["rows"]))


@cache
def limits() -> Mapping[str, float]:
    """Limits in force, as data."""
    found: Mapping[str, float] = tomllib.loads(FILE.read_text(encoding="utf-8"))["limits"]
    return found


def tried(
    values: Floats,
    max_error: float,
    features: Sequence[str],
    *,
    permuted: Floats,
    one: Floats,
    other: Floats,
    unlike: float,
    seed: int = 0,
) -> Trial:
    """Judge an explanation: its values (rows × features), `permuted` (repeats × features) mean |changes| of the output,
    `one` and `other` (rows × features) values against two backgrounds, and the share of mixed rows unlike any seen.
    """
    measured = {
        Test.ADDITIVITY: max_error,
        Test.STABILITY: stability(values, seed=seed),
        Test.AGREEMENT: _agreement(np.abs(values).mean(axis=0), permuted.mean(axis=0)),
        Test.BACKGROUND: _agreement(np.abs(one).mean(axis=0), np.abs(other).mean(axis=0)),
        Test.UNLIKE: unlike,
    }
    mean = permuted.mean(axis=0)
    low, high = permuted.min(axis=0), permuted.max(axis=0)
    order = np.argsort(-mean, kind="stable")
    shuffled = tuple(Importance(features[j], float(mean[j]), float(low[j]), float(high[j])) for j in order)
    findings = tuple(Finding(test, float(value), limits()[test.value]) for test, value in measured.items())
    return Trial(findings, shuffled, len(values))


def stability(values: Floats, *, seed: int = 0) -> float:
    """5 % quantile of the rank agreement of importance between random halves of the rows; 1 for a single feature."""
    if values.shape[1] < 2 or len(values) < 4:
        return 1.0
    rng = np.random.default_rng(seed)
    size = np.abs(values)
    found = []
    for _draw in range(DRAWS):
        order = rng.permutation(len(size))
        half = len(size) // 2
        found.append(_agreement(size[order[:half]].mean(axis=0), size[order[half:]].mean(axis=0)))
    return float(np.quantile(found, 0.05))


def _agreement(left: Floats, right: Floats) -> float:
    """Spearman's ρ; features that move nothing on either side are left out, and one feature agrees with itself."""
    moves = (left > 1e-9 * max(float(left.max(initial=0)), 1e-300)) | (
        right > 1e-9 * max(float(right.max(initial=0)), 1e-300)
    )
    pairs = [Pair(str(j), float(left[j]), float(right[j])) for j in np.flatnonzero(moves)]
    if len(pairs) < 2:
        return 1.0
    return rank_agreement(pairs)
