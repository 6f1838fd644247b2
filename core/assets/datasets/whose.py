"""Which rows of a table are about one person: by what names them, or by equal values in every feature."""

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

Flags = npt.NDArray[np.bool_]

CROWD = 5
"""Rows that equal one another in every feature and are more than this tell of nobody in particular."""


def named(table: pd.DataFrame, columns: Collection[str], theirs: Callable[[str], bool]) -> Flags:
    """Flag the rows in which one of `columns` holds a reference of the person; a whole number is read without a point."""
    found = np.zeros(len(table), dtype=bool)
    for name in columns:
        values = table[name]
        hits = [value for value in values.dropna().unique() if theirs(as_text(value))]
        found |= values.isin(hits).to_numpy(bool)
    return found


def alike(features: pd.DataFrame, inputs: Sequence[Mapping[str, object]]) -> Flags:
    """Flag the rows that equal one of `inputs` in every feature, unless a crowd of them does. Missing equals missing."""
    if not inputs or features.empty:
        return np.zeros(len(features), dtype=bool)
    wanted = {tuple(_plain(one.get(name)) for name in features.columns) for one in inputs}
    candidates = np.ones(len(features), dtype=bool)
    for at, name in enumerate(
        features.columns
    ):  # one column after another: few rows are left to look at closely
        held = {row[at] for row in wanted}
        left = np.flatnonzero(candidates)
        candidates[left] = [_plain(value) in held for value in features[name].iloc[left].tolist()]
    found: dict[tuple[object, ...], list[int]] = {}
    for place in np.flatnonzero(candidates).tolist():
        row = tuple(_plain(value) for value in features.iloc[place].tolist())
        if row in wanted:
            found.setdefault(row, []).append(place)
    flags = np.zeros(len(features), dtype=bool)
    for places in found.values():
        if len(places) <= CROWD:
            flags[places] = True
    return flags


def as_text(value: object) -> str:
    """Write a value as text; a whole number without a point, as the isolated runner writes the classes of a model."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _plain(value: object) -> object:
    """A value as it compares: numbers as numbers, nothing for what is missing, everything else as text."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"  # as the prediction log writes them
    if isinstance(value, int | float | np.integer | np.floating):
        number = float(value)
        return None if np.isnan(number) else number
    return str(value)
