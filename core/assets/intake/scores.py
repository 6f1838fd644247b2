"""Scores supplied with the data: the model's own answers as columns of the evaluation table."""

import numpy as np
import pandas as pd

from core.assets.datasets.schema import infer
from core.assets.intake import matching
from core.assets.intake.matching import MOST_LISTED, as_text
from core.assets.intake.measuring import Question
from core.assets.intake.predictions import Predictions
from core.assets.registry.usecase import Task
from core.assets.registry.version import Output, Signature
from core.errors import Invalid
from core.i18n import N_

PROBABILITY = "probability_"
TOLERANCE = 0.02


def read(table: pd.DataFrame, labels: pd.Series, question: Question) -> tuple[Predictions, Signature]:
    """Return the supplied answers and the signature they imply; raise `Invalid` for a column that holds none.

    A binary score is a probability of the positive class, or one of the two labels. Several classes take the predicted
    class, beside columns `probability_<class>` for every class where there are such.
    """
    column = question.score_column
    given = table[column]
    if given.isna().any():
        raise Invalid(
            "scores.missing",
            N_("The column {column} has no score in {rows} rows."),
            fix=N_("Send a score for every row that has a label."),
            field="score_column",
            column=column,
            rows=int(given.isna().sum()),
        )
    if question.task is Task.REGRESSION:
        values = matching.quantities(given, column=column)
        return _answer(values, None, ()), _signature(table, question, "value", ())
    classes = _classes(labels, question)
    if question.task is Task.BINARY and pd.api.types.is_float_dtype(given):
        chance = given.to_numpy(dtype=np.float64)
        if not np.isfinite(chance).all() or chance.min() < 0 or chance.max() > 1:
            raise _no_probability(column)
        both = np.column_stack([1 - chance, chance])
        codes = (chance >= 0.5).astype(np.int32)
        return _answer(codes, both, classes), _signature(table, question, "probability", classes)
    codes = _codes(given, classes, column)
    several = _probabilities(table, classes) if question.task is Task.MULTICLASS else None
    output: Output = "class" if several is None else "probability"
    return _answer(codes, several, classes), _signature(table, question, output, classes)


def _classes(labels: pd.Series, question: Question) -> tuple[str, ...]:
    """Return the classes that the labels name; of two, the positive one stands last."""
    found = sorted({as_text(v) for v in labels.unique()})
    if question.task is Task.MULTICLASS:
        return tuple(found)
    if len(found) != 2:
        raise Invalid(
            "label.two",
            N_("The column {column} holds {count} classes, but the use case asks for a yes or no."),
            field="label_column",
            column=question.label_column,
            count=len(found),
        )
    positive = question.positive_label or found[1]
    if positive not in found:
        raise Invalid(
            "label.positive_unknown",
            N_("{positive} is neither a class of the model nor a label of the table."),
            fix=N_("Choose one of {classes}."),
            field="positive_label",
            positive=positive,
            classes=", ".join(found),
        )
    return (found[1 - found.index(positive)], positive)


def _codes(
    given: pd.Series, classes: tuple[str, ...], column: str
) -> "np.ndarray[tuple[int], np.dtype[np.int32]]":
    known = {c: i for i, c in enumerate(classes)}
    text = given.map(as_text)
    odd = sorted(set(text.unique()) - set(known))
    if odd:
        raise Invalid(
            "scores.unknown",
            N_("The column {column} holds {values}, which are no labels of the table."),
            fix=N_(
                "Its labels are {classes}: write the predicted class the same way, or a probability from 0 to 1."
            ),
            field="score_column",
            column=column,
            values=", ".join(odd[:MOST_LISTED]),
            classes=", ".join(classes[:MOST_LISTED]),
        )
    return np.asarray(text.map(known), dtype=np.int32)


def _probabilities(
    table: pd.DataFrame, classes: tuple[str, ...]
) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]] | None":
    names = [PROBABILITY + c for c in classes]
    if not set(names) <= set(table.columns):
        return None
    found = table[names].to_numpy(dtype=np.float64)
    if not np.isfinite(found).all() or found.min() < 0 or np.abs(found.sum(axis=1) - 1).max() > TOLERANCE:
        raise _no_probability(", ".join(names[:MOST_LISTED]))
    return found


def _no_probability(column: str) -> Invalid:
    return Invalid(
        "scores.range",
        N_("The column {column} holds values that are no probabilities."),
        fix=N_("Send probabilities from 0 to 1; those of several classes add up to 1 in each row."),
        field="score_column",
        column=column,
    )


def _answer(values: np.ndarray, probabilities: np.ndarray | None, classes: tuple[str, ...]) -> Predictions:
    return Predictions(values, probabilities, classes, 0.0, 0.0, np.empty(0))


def _signature(
    table: pd.DataFrame, question: Question, output: Output, classes: tuple[str, ...]
) -> Signature:
    aside = {question.label_column, question.score_column, *(PROBABILITY + c for c in classes)}
    names = [c for c in table.columns if c not in aside]
    return Signature(infer(table[names]), output, classes)
