"""One model, one block of rows: choose the method that is exact for it, and hold the result against the model."""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evidence.explain.families import choice
from core.evidence.explain.families.reading import Unreadable
from core.evidence.explain.shapley import agnostic, outputs
from core.evidence.explain.shapley.outputs import RawOutput
from core.evidence.explain.terms import TOLERANCE, Fallback, Method, Question, Unit

Floats = NDArray[np.float64]
Progress = Callable[[float], None]

AGNOSTIC_BACKGROUND = 50
FEWEST_BACKGROUND = 5
FEWEST_PAIRS, MOST_PAIRS = 4, 64
ENUMERATE = -1  # in place of a number of pairs: every coalition
PROBE = 10_000  # predictions that measure the model's speed


class NoScoreError(Exception):
    """The model offers no probability, margin or value to explain."""


@dataclass(frozen=True, slots=True)
class Attributions:
    """Shapley values (rows × source columns) of a model's raw output, held against the model itself."""

    values: Floats
    base: float
    scores: Floats  # the model's own raw output, (rows,)
    errors: Floats  # standard error per value, zeros for exact methods
    method: Method
    question: Question
    unit: Unit
    label: str
    background: int  # rows of background data; 0 where the training covers stand in for it
    fallback: Fallback | None = None
    pairs: int = (
        0  # antithetic pairs of permutations drawn; ENUMERATE for all coalitions, 0 for family methods
    )

    @property
    def max_error(self) -> float:
        """Largest |base + Σφ − f(x)| / max(1, |f(x)|)."""
        gap = np.abs(self.base + self.values.sum(axis=1) - self.scores)
        return float(np.max(gap / np.maximum(1.0, np.abs(self.scores)), initial=0.0))

    @property
    def holds(self) -> bool:
        """Whether every row adds up to the model's output."""
        return self.max_error <= TOLERANCE  # False for NaN too


def explain(
    model: object,
    rows: pd.DataFrame,
    background: pd.DataFrame,
    *,
    label: str | None = None,
    question: Question | None = None,
    budget: float = 30.0,
    seed: int = 0,
    agnostic_only: bool = False,
    pairs: int = 0,
    background_rows: int = 0,
    progress: Progress | None = None,
) -> Attributions:
    """Attributions of `rows` by the exact method of the model's family, else model-agnostic within `budget` seconds.

    `label` is the class to explain (default: the second). `question` asks a tree model for one of its two value
    functions (default: path-dependent); a model without trees has the interventional one only.
    `pairs` fixes the permutations drawn (or ENUMERATE) and `background_rows` the background of predictions, so that
    blocks of one table are alike. Raises NoScoreError.
    """
    fitted = [str(name) for name in np.ravel(getattr(model, "feature_names_in_", []))]
    asked = [str(name) for name in rows.columns]
    if fitted != asked and sorted(fitted) == sorted(asked):
        found = explain(
            model,
            rows[fitted],
            background[fitted],
            label=label,
            question=question,
            budget=budget,
            seed=seed,
            agnostic_only=agnostic_only,
            pairs=pairs,
            background_rows=background_rows,
            progress=progress,
        )
        back = [fitted.index(name) for name in asked]
        return replace(found, values=found.values[:, back], errors=found.errors[:, back])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a foreign model's warnings are not ours to print
        exact, reason = (None, None) if agnostic_only else _exact(model, rows, background, label, question)
        if exact is not None:
            return exact
        few = background.head(background_rows or AGNOSTIC_BACKGROUND)
        found = _agnostic(model, rows, few, label, budget, seed, pairs, progress)
        return replace(found, fallback=reason)


def raw(
    model: object, rows: pd.DataFrame, background: pd.DataFrame, label: str | None
) -> Callable[[pd.DataFrame], Floats]:
    """The raw output that attributions of this model speak of, on any frame. Raises NoScoreError."""
    if choice.is_known(model):
        try:
            return choice.exact(model, rows.head(2), background, label, None).output.score
        except Unreadable:
            pass
    return _any_output(model, label).score


def _exact(
    model: object,
    rows: pd.DataFrame,
    background: pd.DataFrame,
    label: str | None,
    question: Question | None,
) -> tuple[Attributions | None, Fallback | None]:
    """The family's exact values where it has any and they hold, else why not."""
    if not choice.is_known(model):
        return None, None
    try:
        found = choice.exact(model, rows, background, label, question)
        result = _result(
            found.output, rows, found.values, found.base, found.method, found.question, found.background
        )
    except Unreadable as error:
        return None, error.reason
    return (result, None) if result.holds else (None, Fallback.GATE)


def _result(
    output: RawOutput,
    rows: pd.DataFrame,
    values: Floats,
    base: float,
    method: Method,
    question: Question,
    background: int,
) -> Attributions:
    return Attributions(
        values=values,
        base=base,
        scores=output.score(rows),
        errors=np.zeros_like(values),
        method=method,
        question=question,
        unit=output.unit,
        label=output.label,
        background=background,
    )


def _agnostic(
    model: object,
    rows: pd.DataFrame,
    background: pd.DataFrame,
    label: str | None,
    budget: float,
    seed: int,
    pairs: int,
    progress: Progress | None,
) -> Attributions:
    output = _any_output(model, label)
    if pairs == ENUMERATE:
        game = agnostic.enumeration(rows.shape[1])
    elif pairs:
        game = agnostic.permutations(rows.shape[1], pairs, seed)
    else:
        game, background = _game(output, rows, background, budget, seed)
    found = agnostic.attribute(output.score, rows, background, game, progress)
    method = Method.EXACT if found.exact else Method.PERMUTATION
    result = _result(output, rows, found.values, found.base, method, Question.INTERVENTIONAL, len(background))
    return replace(result, errors=found.errors, pairs=ENUMERATE if game.exact else len(game.combine))


def _any_output(model: object, label: str | None) -> RawOutput:
    found = outputs.probability(model, label) or outputs.margin(model, label)
    if found is None and outputs.classes_of(model) is None and hasattr(model, "predict"):
        found = outputs.anomaly(model) or outputs.value(model)
    if found is None:
        raise NoScoreError
    return found


def _game(
    output: RawOutput, rows: pd.DataFrame, background: pd.DataFrame, budget: float, seed: int
) -> tuple[agnostic.Game, pd.DataFrame]:
    """Every coalition when few players and time allow, else as many antithetic pairs as the budget pays for.

    A model too slow for the fewest pairs meets a smaller background, never a longer wait.
    """
    players = rows.shape[1]
    probe = agnostic.permutations(players, 1, seed)
    few = rows.head(
        max(1, PROBE // (len(probe.masks) * len(background)))
    )  # a small call measures its overhead
    start = time.perf_counter()
    agnostic.attribute(output.score, few, background, probe)
    per_coalition = (time.perf_counter() - start) / (len(probe.masks) * len(few))
    affordable = budget / max(per_coalition * len(rows), 1e-12)  # coalitions per row
    if players <= agnostic.EXACT_PLAYERS and 2**players <= affordable:
        return agnostic.enumeration(players), background
    pairs = int(np.clip(affordable / (2 * players), FEWEST_PAIRS, MOST_PAIRS))
    share = min(1.0, affordable / (2 * players * pairs))
    return agnostic.permutations(players, pairs, seed), background.head(
        max(FEWEST_BACKGROUND, int(share * len(background)))
    )
