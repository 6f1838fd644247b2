"""Asking the isolated runner for attributions; what the child answers is a claim that is checked here."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.assets.intake.runner import Result, Runner
from core.errors import Invalid
from core.evidence.explain.terms import TOLERANCE, Fallback, Method, Question, Unit
from core.i18n import N_

Floats = NDArray[np.float64]

TASK = "core.evidence.explain.isolated:attribute"
SEED = 20260101


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: `label` is the class ("" for the model's second), `pairs` and `background` fix what an earlier
    block has chosen (0: choose).
    """

    label: str = ""
    question: Question | None = None
    budget: float = 10.0
    pairs: int = 0
    background: int = 0
    agnostic: bool = False

    def options(self) -> Mapping[str, object]:
        """The same as the task's options."""
        return {
            "label": self.label,
            "question": self.question.value if self.question else "",
            "budget": self.budget,
            "seed": SEED,
            "pairs": self.pairs,
            "background": self.background,
            "agnostic": self.agnostic,
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """Attributions of a block of rows (rows × features) with the model's own raw output."""

    values: Floats
    scores: Floats
    errors: Floats
    base: float
    method: Method
    question: Question
    unit: Unit
    fallback: Fallback | None
    label: str
    background: int
    pairs: int

    @property
    def gaps(self) -> Floats:
        """Per row |base + Σφ − f(x)| / max(1, |f(x)|)."""
        gap = np.abs(self.base + self.values.sum(axis=1) - self.scores)
        return np.asarray(gap / np.maximum(1.0, np.abs(self.scores)), np.float64)

    @property
    def max_error(self) -> float:
        """The largest gap of any row."""
        return float(self.gaps.max(initial=0.0))

    @property
    def holds(self) -> bool:
        """Whether every row adds up to the model's own output."""
        return self.max_error <= TOLERANCE


def ask(
    runner: Runner,
    path: Path,
    kind: str,
    trusted: tuple[str, ...],
    rows: pd.DataFrame,
    background: pd.DataFrame,
    wanted: Wanted,
) -> Answer:
    """Explain `rows` in an isolated child. Raise `Invalid`, with the column where one is at fault."""
    frames = {"rows": rows.reset_index(drop=True), "background": background.reset_index(drop=True)}
    try:
        outcome = runner.run(TASK, path, kind, frames, wanted.options(), trusted=trusted)
    except Invalid as error:
        raise _diagnosed(error, rows, background) from error
    return claimed(outcome, len(rows), rows.shape[1])


def claimed(outcome: Result, rows: int, features: int) -> Answer:
    """What the child claims, checked: shapes, finite numbers, known words. Raise `Invalid`."""
    meta = outcome.meta
    if meta.get("refused"):
        raise Invalid(
            "explanation.no_score",
            N_("The model gives neither a probability nor a score, so its decisions cannot be explained."),
            fix=N_("Upload a model with predict_proba or decision_function."),
        )
    try:
        values, scores, errors = (
            np.asarray(outcome.arrays[name], np.float64) for name in ("values", "scores", "errors")
        )
        answer = Answer(
            values=values,
            scores=scores,
            errors=errors,
            base=float(meta["base"]),
            method=Method(str(meta["method"])),
            question=Question(str(meta["question"])),
            unit=Unit(str(meta["unit"])),
            fallback=Fallback(str(meta["fallback"])) if meta["fallback"] else None,
            label=str(meta.get("label", ""))[:200],
            background=int(meta["background"]),
            pairs=int(meta["pairs"]),
        )
    except (KeyError, ValueError, TypeError):
        raise _not_an_answer() from None
    if values.shape != (rows, features) or errors.shape != values.shape or scores.shape != (rows,):
        raise _not_an_answer()
    if not (np.isfinite(values).all() and np.isfinite(scores).all() and np.isfinite(answer.base)):
        raise Invalid(
            "explanation.not_finite",
            N_("The model's output is not a number for some rows, so it cannot be explained."),
            fix=N_("Find the rows on which the model predicts NaN or infinity."),
        )
    return answer


def _not_an_answer() -> Invalid:
    return Invalid(
        "explanation.answer",
        N_("The process of the model gave an answer that is no explanation."),
        fix=N_("Save the model again and upload it as a new version."),
    )


def _diagnosed(error: Invalid, rows: pd.DataFrame, background: pd.DataFrame) -> Invalid:
    """The column at fault, where what the model raised speaks of missing values or of texts; else the error itself."""
    if error.code != "runner.raised":
        return error
    said = str(error.params.get("text", "")).lower()
    table = pd.concat([rows, background], ignore_index=True)
    gaps = [str(c) for c in table.columns if table[c].isna().any()]
    texts = [
        str(c)
        for c in table.columns
        if not pd.api.types.is_numeric_dtype(table[c]) and not pd.api.types.is_bool_dtype(table[c])
    ]
    if gaps and ("nan" in said or "missing" in said):
        return Invalid(
            "explanation.missing_values",
            N_("The model takes no missing values, but {column} has some."),
            fix=N_("Fill the gaps of {columns}, or put an imputer in front of the model."),
            field="table",
            column=gaps[0],
            columns=", ".join(gaps[:12]),
        )
    if texts and ("convert" in said or "float" in said or "dtype" in said or "string" in said):
        return Invalid(
            "explanation.text_column",
            N_("The model takes numbers, but {column} holds text such as “{value}”."),
            fix=N_(
                "Write {columns} as the numbers that the model was trained on, or save the model with its encoder."
            ),
            field="table",
            column=texts[0],
            value=str(table[texts[0]].dropna().iloc[0])[:40] if table[texts[0]].notna().any() else "",
            columns=", ".join(texts[:12]),
        )
    return error
