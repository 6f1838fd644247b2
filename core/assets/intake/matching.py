"""Holding a model against its evaluation table: columns, classes and labels, each mismatch told with a near one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.assets.datasets.reading import nearest
from core.assets.datasets.schema import Column, infer
from core.assets.registry.usecase import Task
from core.assets.registry.version import Signature
from core.errors import Invalid
from core.i18n import N_

MOST_LISTED = 12


@dataclass(frozen=True, slots=True)
class Claims:
    """What the model says of itself, read from an isolated child's answer; everything is bounded text."""

    type: str
    predicts: bool
    classifier: bool
    probabilities: bool
    classes: tuple[str, ...]
    features: tuple[str, ...]
    feature_count: int | None
    warnings: tuple[str, ...]

    @classmethod
    def read(cls, meta: Mapping[str, Any]) -> "Claims":
        """Read the facts of `tasks.inspect`; what has another form counts as not said."""
        count = meta.get("feature_count")
        return cls(
            type=str(meta.get("type", ""))[:200],
            predicts=meta.get("predicts") is True,
            classifier=meta.get("classifier") is True,
            probabilities=meta.get("probabilities") is True,
            classes=_texts(meta.get("classes")),
            features=_texts(meta.get("features")),
            feature_count=count if type(count) is int else None,
            warnings=_texts(meta.get("warnings")),
        )


def signature(
    claims: Claims,
    task: Task,
    table: pd.DataFrame,
    label: str,
    aside: Sequence[str],
    mapping: Mapping[str, str],
) -> Signature:
    """Return the signature; raise `Invalid` where model, task and table do not belong together.

    `aside` are protected columns: they may stay outside a model that names no features. `mapping` names the table's
    column for each feature that is called otherwise there.
    """
    _kind(claims, task)
    columns = [str(c) for c in table.columns if c != label]
    names = claims.features or _positional(claims, columns, aside)
    if label in names:
        raise Invalid(
            "signature.label_is_feature",
            N_("The model takes the label {label} as a feature, so it would be measured on what it is told."),
            fix=N_("Train it without the label, or choose another label column."),
            field="label_column",
            label=label,
        )
    _mapped(names, mapping)
    missing = [n for n in names if mapping.get(n, n) not in set(columns)]
    if missing:
        near = [
            f"{m} → {n}"
            for m in missing[:MOST_LISTED]
            if (n := nearest(m, [c for c in columns if c not in names]))
        ]
        raise Invalid(
            "signature.missing_columns",
            N_("The table lacks {count} columns that the model needs: {missing}."),
            fix=N_("Rename these columns of the table: {near}.")
            if near
            else N_("Add the columns to the table under the names that the model was trained with."),
            field="table",
            count=len(missing),
            missing=", ".join(missing[:MOST_LISTED]) + (" …" if len(missing) > MOST_LISTED else ""),
            near=", ".join(f"{n.split(' → ')[1]} → {n.split(' → ')[0]}" for n in near),
        )
    rows = table[[mapping.get(n, n) for n in names]].set_axis(list(names), axis="columns")
    features: tuple[Column, ...] = infer(rows)
    output = "value" if not claims.classifier else "probability" if claims.probabilities else "class"
    return Signature(features, output, claims.classes)  # type: ignore[arg-type]


def _mapped(names: Sequence[str], mapping: Mapping[str, str]) -> None:
    odd = [feature for feature in mapping if feature not in names]
    if odd:
        raise Invalid(
            "mapping.unknown_feature",
            N_("The model has no feature {feature}, which the mapping names."),
            fix=N_("Did you mean {near}?") if nearest(odd[0], names) else N_("Its features are: {features}."),
            field="mapping",
            feature=odd[0],
            near=nearest(odd[0], names),
            features=", ".join(names[:30]),
        )


def codes(labels: pd.Series, classes: Sequence[str], positive: str, *, column: str) -> NDArray[np.int64]:
    """Return each label's place among the model's classes; raise `Invalid` for labels the model does not know.

    Where none agrees, two labels of which one is the positive one stand for the two classes in order, and
    truth values for 0 and 1.
    """
    text = labels.map(as_text)
    known = {c: i for i, c in enumerate(classes)}
    found = sorted(text.unique())
    unknown = [v for v in found if v not in known]
    if unknown and set(found) <= {"True", "False"} and set(classes) <= {"0", "1"}:
        known = {"True": known.get("1", 0), "False": known.get("0", 0)}
    elif unknown and len(unknown) == len(found) == 2 == len(classes) and positive in found:
        known = {v: int(v == positive) for v in found}
    elif unknown:
        raise Invalid(
            "label.unknown_values",
            N_("The column {column} holds {values}, which the model does not predict."),
            fix=N_(
                "The model's classes are {classes}: write the labels the same way, and name the positive one."
            ),
            field="label_column",
            column=column,
            values=", ".join(unknown[:MOST_LISTED]),
            classes=", ".join(classes[:MOST_LISTED]),
        )
    placed: NDArray[np.int64] = np.asarray(text.map(known), dtype=np.int64)
    if len(np.unique(placed)) < 2:
        raise Invalid(
            "label.one_class",
            N_("The column {column} holds one class only: {value}."),
            fix=N_("Send a table in which every class occurs."),
            field="label_column",
            column=column,
            value=found[0],
        )
    return placed


def positive_place(classes: Sequence[str], positive: str, *, labels: Sequence[str]) -> int:
    """Return the place of the positive class among two: the named one, else the second."""
    if positive in classes:
        return list(classes).index(positive)
    if positive and positive not in labels:
        raise Invalid(
            "label.positive_unknown",
            N_("{positive} is neither a class of the model nor a label of the table."),
            fix=N_("Choose one of {classes}."),
            field="positive_label",
            positive=positive,
            classes=", ".join(classes[:MOST_LISTED]),
        )
    return 1


def quantities(labels: pd.Series, *, column: str) -> NDArray[np.float64]:
    """Return labels as numbers; raise `Invalid` where they are none or all the same."""
    values = pd.to_numeric(labels, errors="coerce").to_numpy(dtype=np.float64)
    if not np.isfinite(values).all():
        odd = labels[~np.isfinite(values)]
        raise Invalid(
            "label.not_numbers",
            N_("The column {column} holds {value}, which is no number."),
            fix=N_("Send labels as plain numbers, with a point before decimals."),
            field="label_column",
            column=column,
            value=str(odd.iloc[0])[:60],
        )
    if float(np.ptp(values)) == 0.0:
        raise Invalid(
            "label.constant",
            N_("Every label in {column} is the same; nothing can be measured."),
            fix=N_("Send a table with labels that differ."),
            field="label_column",
            column=column,
        )
    return values


def as_text(value: object) -> str:
    """Write a label as the isolated child writes a class: 1 and 1.0 are both `1`."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)[:200]


def _kind(claims: Claims, task: Task) -> None:
    if not claims.predicts:
        raise Invalid(
            "model.no_predict",
            N_("The file holds {type}, which cannot predict."),
            fix=N_("Save the fitted model or pipeline itself."),
            field="artifact",
            type=claims.type,
        )
    if claims.classifier and task is Task.REGRESSION:
        raise Invalid(
            "model.task",
            N_("The model predicts classes, but the use case asks for a quantity."),
            fix=N_("Send a regression model, or choose a use case of another kind."),
            field="artifact",
        )
    if not claims.classifier and task is not Task.REGRESSION:
        raise Invalid(
            "model.task",
            N_("The model predicts a quantity, but the use case asks for a class."),
            fix=N_("Send a classifier, or choose a use case of another kind."),
            field="artifact",
        )
    if task is Task.BINARY and len(claims.classes) != 2:
        raise Invalid(
            "model.classes",
            N_("The model has {count} classes, but the use case asks for a yes or no."),
            fix=N_("Send a model of two classes, or define a use case of several classes."),
            field="artifact",
            count=len(claims.classes),
        )


def _positional(claims: Claims, columns: list[str], aside: Sequence[str]) -> tuple[str, ...]:
    if claims.feature_count in {None, len(columns)}:
        return tuple(columns)
    left = [c for c in columns if c not in aside]
    if claims.feature_count == len(left):
        return tuple(left)
    raise Invalid(
        "signature.count",
        N_("The model takes {wanted} features and names none; the table has {count} beside the label."),
        fix=N_("Train it on a table with named columns, or send exactly its columns in their order."),
        field="table",
        wanted=claims.feature_count,
        count=len(columns),
    )


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(v)[:200] for v in value[:5000]) if isinstance(value, list) else ()
