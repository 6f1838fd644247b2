"""Say what the columns of the evaluation table mean: the label, the outcome that counts, the protected ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from core.assets.datasets.schema import KIND_NAMES, Column
from core.assets.registry.usecase import Task
from core.i18n import _, ngettext

LIKELY_LABELS = ("label", "target", "y", "outcome", "class")
LIKELY_SCORES = ("score", "probab", "predict", "pontua", "previs")


@dataclass(frozen=True, slots=True)
class Mapped:
    """What the person chose; empty texts and None where nothing was."""

    label_column: str
    positive_label: str
    operating_threshold: float | None
    protected_columns: tuple[str, ...]
    model_name: str
    note: str
    score_column: str = ""


def mapping_form(
    key: str,
    *,
    task: Task,
    columns: Sequence[Column],
    proposed_protected: Sequence[str],
    values: Callable[[str], Sequence[str]],
    model_name: str,
    scores: bool = False,
) -> Mapped:
    """Draw the form and return what it holds; `values` lists the distinct values of a column as text.

    With `scores` it asks for the column that holds the model's own answers.
    """
    names = [column.name for column in columns]
    kinds = {column.name: _(KIND_NAMES[column.kind]) for column in columns}
    left, right = st.columns(2)
    with left:
        label = st.selectbox(
            _("Label column"),
            names,
            index=_likely(names),
            format_func=lambda name: f"{name} ({kinds.get(name, '')})",
            placeholder=_("Choose the column that holds what truly happened"),
            key=f"{key}_label",
        )
    positive, threshold, score = "", None, ""
    if scores:
        with right:
            score = _scores(key, [c for c in columns if c.name != label], task)
    if task is Task.BINARY and label:
        with right:
            positive = _positive(key, label, values(label))
        with left:
            threshold = st.number_input(
                _("Operating threshold"),
                min_value=0.0,
                max_value=1.0,
                value=None,
                step=0.01,
                placeholder=_("0.5 unless you say otherwise"),
                help=_(
                    "From this probability on, a case is decided as positive. It is sealed before the evaluation."
                ),
                key=f"{key}_threshold",
            )
    with right:
        protected = st.multiselect(
            _("Protected attributes"),
            [name for name in names if name not in {label, score}],
            default=[name for name in proposed_protected if name in names and name not in {label, score}],
            placeholder=_("None"),
            help=_("Attributes by which people must not be treated worse, such as sex, age or region."),
            key=f"{key}_protected_{label}",
        )
    name = st.text_input(
        _("Model name"),
        value=model_name,
        max_chars=80,
        help=_("Versions with the same name belong to one model."),
        key=f"{key}_model",
    )
    note = st.text_area(
        _("What is new in this version"),
        key=f"{key}_note",
        height=80,
        max_chars=2000,
        placeholder=_("Optional"),
    )
    return Mapped(label or "", positive, threshold, tuple(protected), name.strip(), note.strip(), score)


def _scores(key: str, columns: Sequence[Column], task: Task) -> str:
    """Ask for the column of scores; a number, but for several classes, where it is the class itself."""
    fitting = [c.name for c in columns if task is Task.MULTICLASS or c.numeric]
    likely = next((n for n in fitting if any(w in n.lower() for w in LIKELY_SCORES)), None)
    helps = {
        Task.BINARY: _("The probability of the positive outcome, between 0 and 1."),
        Task.MULTICLASS: _("The class that the model decided."),
        Task.REGRESSION: _("The quantity that the model predicted."),
    }
    chosen = st.selectbox(
        _("Column of scores"),
        fitting,
        index=fitting.index(likely) if likely else None,
        placeholder=_("Choose the column that holds the model's own answers"),
        help=helps[task],
        key=f"{key}_scores",
    )
    return chosen or ""


def _likely(names: Sequence[str]) -> int | None:
    lower = [name.lower() for name in names]
    return next((lower.index(likely) for likely in LIKELY_LABELS if likely in lower), None)


def _positive(key: str, label: str, found: Sequence[str]) -> str:
    if len(found) > 2:
        st.warning(
            ngettext(
                "This column has {n} different value; a yes-or-no task needs exactly 2.",
                "This column has {n} different values; a yes-or-no task needs exactly 2.",
                len(found),
            ),
            icon=":material/rule:",
        )
    chosen = st.selectbox(
        _("Positive outcome"),
        list(found),
        index=len(found) - 1 if found else None,
        help=_("The outcome whose probability the model predicts."),
        key=f"{key}_positive_{label}",
    )
    return chosen or ""
