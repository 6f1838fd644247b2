"""One model, one block of rows: choose the method that is exact for it, and hold the result against the model."""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evidence.explain.shapley import agnostic, linear, outputs
from core.evidence.explain.shapley.columns import Owners, Transform, confirmed, dense
from core.evidence.explain.shapley.extraction import HISTOGRAM, KNOWN, extract
from core.evidence.explain.shapley.outputs import RawOutput
from core.evidence.explain.shapley.quadrature import TreeExplainer
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
    budget: float = 30.0,
    seed: int = 0,
    agnostic_only: bool = False,
    pairs: int = 0,
    background_rows: int = 0,
    progress: Progress | None = None,
) -> Attributions:
    """Attributions of `rows` by the exact method of the model's family, else model-agnostic within `budget` seconds.

    `label` is the class to explain (default: the second). `pairs` fixes the permutations drawn (or ENUMERATE) and
    `background_rows` the background of predictions, so that blocks of one table are alike. Raises NoScoreError.
    """
    fitted = [str(name) for name in np.ravel(getattr(model, "feature_names_in_", []))]
    asked = [str(name) for name in rows.columns]
    if fitted != asked and sorted(fitted) == sorted(asked):
        found = explain(
            model,
            rows[fitted],
            background[fitted],
            label=label,
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
        exact, reason = (None, None) if agnostic_only else _family(model, rows, background, label)
        if exact is not None and exact.holds:
            return exact
        if exact is not None:
            reason = Fallback.GATE
        few = background.head(background_rows or AGNOSTIC_BACKGROUND)
        found = _agnostic(model, rows, few, label, budget, seed, pairs, progress)
        return replace(found, fallback=reason)


def _family(
    model: object, rows: pd.DataFrame, background: pd.DataFrame, label: str | None
) -> tuple[Attributions | None, Fallback | None]:
    """Closed form or tree kernel, when the last step is known and each matrix column has one source column."""
    estimator = outputs.last_step(model)
    kind = type(estimator)
    if kind not in KNOWN and kind not in linear.KNOWN:
        return None, None
    transform = Transform(outputs.steps_before(model))
    try:
        players = _players(transform, estimator, background)
        if players is None:
            return None, Fallback.MIXED_COLUMNS
        if kind in KNOWN:
            return _trees(model, estimator, transform, players, rows, label)
        return _linear(model, estimator, transform, players, rows, background, label)
    except (ValueError, TypeError, AttributeError, IndexError, KeyError):
        return None, Fallback.UNSUPPORTED  # whatever a foreign model did, predictions alone still explain it


def _players(transform: Transform, estimator: object, background: pd.DataFrame) -> Owners | None:
    proposal = transform.owners(background.shape[1])
    full: Callable[[pd.DataFrame], object] = transform
    if isinstance(estimator, HISTOGRAM):
        encoder = getattr(estimator, "_preprocessor", None)
        if encoder is not None:
            inner = Transform([encoder]).owners(len(proposal or ()))
            proposal = None if proposal is None or inner is None else tuple(proposal[i] for i in inner)
        full = lambda frame: _histogram_matrix(estimator, transform(frame))  # noqa: E731
    if proposal is None or not confirmed(full, background.head(64), proposal):
        return None
    return proposal


def _histogram_matrix(estimator: object, matrix: object) -> Floats:
    """The matrix whose columns the histogram trees compare: categories first, encoded by the model itself."""
    return np.asarray(estimator._preprocess_X(matrix, reset=False), np.float64)  # type: ignore[attr-defined]  # noqa: SLF001


def _trees(
    model: object,
    estimator: object,
    transform: Transform,
    players: Owners,
    rows: pd.DataFrame,
    label: str | None,
) -> tuple[Attributions | None, Fallback | None]:
    output = _tree_output(model, estimator, label)
    extracted = extract(estimator, output.position) if output else None
    if output is None or extracted is None:
        return None, Fallback.UNSUPPORTED
    matrix = transform(rows)
    if isinstance(estimator, HISTOGRAM):
        numbers = _histogram_matrix(estimator, matrix)
    else:
        numbers = (
            dense(matrix).astype(np.float32 if extracted.single_precision else np.float64).astype(np.float64)
        )
    explainer = TreeExplainer(extracted.ensemble, players, rows.shape[1])
    values = explainer.values(numbers)
    return _result(output, rows, values, explainer.base, Method.TREE, Question.PATH, 0), None


def _tree_output(model: object, estimator: object, label: str | None) -> RawOutput | None:
    if not hasattr(estimator, "classes_"):
        logged = getattr(estimator, "loss", "") in {"poisson", "gamma"} and isinstance(estimator, HISTOGRAM)
        return outputs.log_value(model) if logged else outputs.value(model)
    return outputs.margin(model, label) or outputs.probability(model, label)


def _linear(
    model: object,
    estimator: object,
    transform: Transform,
    players: Owners,
    rows: pd.DataFrame,
    background: pd.DataFrame,
    label: str | None,
) -> tuple[Attributions | None, Fallback | None]:
    if hasattr(estimator, "classes_"):
        output = outputs.margin(model, label)
    else:
        output = outputs.log_value(model) if isinstance(estimator, linear.LOG_LINK) else outputs.value(model)
    weights = linear.weights(estimator, output.position) if output else None
    if output is None or weights is None:
        return None, Fallback.UNSUPPORTED
    values, base = linear.attribute(
        dense(transform(rows)).astype(np.float64),
        dense(transform(background)).astype(np.float64),
        weights,
        np.asarray(players, np.int64),
        rows.shape[1],
    )
    return _result(output, rows, values, base, Method.LINEAR, Question.INTERVENTIONAL, len(background)), None


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
    if found is None and getattr(model, "classes_", None) is None and hasattr(model, "predict"):
        found = outputs.value(model)
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
