"""Groups of people: the values of a protected attribute, or of several at once, as one code per row."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.assets.datasets.schema import is_number
from core.i18n import N_

Codes = NDArray[np.int64]
Name = tuple[str, ...]

NOT_STATED = N_("not stated")
MOST_VALUES = 12
"""A number with more distinct values than this is cut into bands."""
MOST_GROUPS = 200
"""Groups of one attribute, or of two crossed; more are no groups but names."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which group each row belongs to: `codes` are places in `names`, whose entries hold one value per attribute."""

    attributes: tuple[str, ...]
    names: tuple[Name, ...]
    codes: Codes

    @property
    def sizes(self) -> Codes:
        """How many rows each group has."""
        return np.bincount(self.codes, minlength=len(self.names)).astype(np.int64)


def attribute(
    name: str, values: pd.Series, *, words: Mapping[str, str] | None = None, cuts: Sequence[float] = ()
) -> Grouping:
    """Group rows by one attribute: `words` renames its values, `cuts` are the lower ends of the bands of a number.

    A number with many values and no cuts is cut at its quartiles. An empty cell is a group of its own.
    """
    if is_number(values):
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        if cuts or values.nunique() > MOST_VALUES:
            return _banded(name, numbers, sorted(set(cuts)) or _quartiles(numbers))
    codes, found = pd.factorize(values, sort=True, use_na_sentinel=True)
    texts = [as_text(value) for value in found]
    named = [(words or {}).get(text, text) for text in texts]
    return _merged(name, codes.astype(np.int64), named)


def crossed(left: Grouping, right: Grouping) -> Grouping:
    """Return the groups of both attributes at once, those that occur."""
    raw = left.codes * len(right.names) + right.codes
    found, codes = np.unique(raw, return_inverse=True)
    names = tuple(left.names[c // len(right.names)] + right.names[c % len(right.names)] for c in found)
    return Grouping(left.attributes + right.attributes, names, codes.astype(np.int64))


def as_text(value: object) -> str:
    """Write a value as it is named: a whole number without a point."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def _merged(name: str, codes: Codes, named: Sequence[str]) -> Grouping:
    """Join values of one name, and put empty cells last."""
    order = list(dict.fromkeys(named))
    place = np.array([order.index(n) for n in named] + [len(order)], dtype=np.int64)
    joined = place[codes]  # −1, an empty cell, takes the last place
    names = [*order, NOT_STATED] if (codes < 0).any() else order
    return Grouping((name,), tuple((n,) for n in names), joined)


def _quartiles(numbers: NDArray[np.float64]) -> list[float]:
    known = numbers[~np.isnan(numbers)]
    low = float(known.min()) if len(known) else 0.0
    return sorted({float(q) for q in np.quantile(known, [0.25, 0.5, 0.75])} - {low}) if len(known) else []


def _banded(name: str, numbers: NDArray[np.float64], cuts: Sequence[float]) -> Grouping:
    ends = [*cuts]
    shown = [f"{c:g}" for c in ends]
    names = [f"< {shown[0]}"] if ends else ["all"]
    names += [f"{a} – < {b}" for a, b in itertools.pairwise(shown)]
    names += [f"≥ {shown[-1]}"] if ends else []
    codes = np.searchsorted(np.asarray(ends), numbers, side="right").astype(np.int64)
    codes[np.isnan(numbers)] = -1
    used = np.unique(codes[codes >= 0])
    place = np.full(len(names) + 1, -1, dtype=np.int64)
    place[used] = np.arange(len(used))
    return _merged(name, np.where(codes < 0, -1, place[codes]), [names[u] for u in used])
