"""Shaking a table: noise, missing values, extreme values and swapped categories, each at a few levels."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import resources

import numpy as np
import pandas as pd
from pandas.api import types

from core.assets.datasets.schema import is_number
from core.i18n import N_


class Kind(StrEnum):
    """What is done to the cells."""

    NOISE = "noise"
    MISSING = "missing"
    EXTREME = "extreme"
    SWAP = "swap"


KIND_NAMES: Mapping[Kind, str] = {
    Kind.NOISE: N_("Noise"),
    Kind.MISSING: N_("Missing values"),
    Kind.EXTREME: N_("Extreme values"),
    Kind.SWAP: N_("Swapped categories"),
}
KIND_TEXTS: Mapping[Kind, str] = {
    Kind.NOISE: N_("every number moved by {level} of its standard deviation"),
    Kind.MISSING: N_("{level} of the cells emptied"),
    Kind.EXTREME: N_("{level} of the numbers far outside their range"),
    Kind.SWAP: N_("{level} of the categories swapped for another one"),
}


@dataclass(frozen=True, slots=True)
class Shake:
    """One kind at one level; the gates look at the `standard` one."""

    kind: Kind
    level: float
    standard: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What is shaken how hard, on how many rows at most."""

    rows: int
    shakes: tuple[Shake, ...]


@lru_cache
def plan() -> Plan:
    """Return the plan that Aval comes with."""
    text = (resources.files("data") / "robustness" / "default.toml").read_text(encoding="utf-8")
    raw = tomllib.loads(text)
    shakes = tuple(
        Shake(Kind(one["kind"]), float(level), float(level) == float(one["standard"]))
        for one in raw["shake"]
        for level in one["levels"]
    )
    return Plan(int(raw["rows"]), shakes)


def shaken(table: pd.DataFrame, shake: Shake, *, seed: int = 0) -> pd.DataFrame | None:
    """Return the table with the shake done to every column that it can be done to; none where there is no such column."""
    rng = np.random.default_rng([seed, list(Kind).index(shake.kind), round(shake.level * 1e6)])
    changed: dict[str, pd.Series] = {}
    for name in table:
        column = table[name]
        done = _DO[shake.kind](column, shake.level, rng)
        if done is not None:
            changed[str(name)] = done
    return table.assign(**changed) if changed else None


def _noise(column: pd.Series, level: float, rng: np.random.Generator) -> pd.Series | None:
    if not is_number(column):
        return None
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    spread = np.nanstd(values)
    if not spread > 0:
        return None
    moved = values + rng.normal(0, level * spread, len(values))
    return _like(column, np.clip(moved, np.nanmin(values), np.nanmax(values)))


def _missing(column: pd.Series, level: float, rng: np.random.Generator) -> pd.Series | None:
    gone = rng.random(len(column)) < level
    if types.is_bool_dtype(column):
        return None
    # A whole number cannot be missing in its own type: it travels as a float, as CSV would bring it.
    held = column.astype(np.float64) if types.is_integer_dtype(column) else column
    return held.mask(gone)


def _extreme(column: pd.Series, level: float, rng: np.random.Generator) -> pd.Series | None:
    if not is_number(column):
        return None
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    least, most = float(np.nanmin(values)), float(np.nanmax(values))
    if not most > least:
        return None
    hit = (rng.random(len(values)) < level) & ~np.isnan(values)
    above = rng.random(len(values)) < 0.5
    # What is never below zero stays so: an age of −40 is another fault than an extreme one.
    low = least - (most - least) if least < 0 else 0.0
    return _like(column, np.where(hit, np.where(above, most + (most - least), low), values))


def _swap(column: pd.Series, level: float, rng: np.random.Generator) -> pd.Series | None:
    if is_number(column) or types.is_datetime64_any_dtype(column):
        return None
    codes, found = pd.factorize(column)
    if not 2 <= len(found) <= 1000:
        return None
    hit = (rng.random(len(codes)) < level) & (codes >= 0)
    other = (codes + rng.integers(1, len(found), len(codes))) % len(found)
    swapped = pd.Series(
        np.asarray(found, dtype=object)[np.where(hit, other, np.maximum(codes, 0))], column.index
    )
    return swapped.mask(codes < 0).astype(column.dtype)


_DO = {Kind.NOISE: _noise, Kind.MISSING: _missing, Kind.EXTREME: _extreme, Kind.SWAP: _swap}


def _like(column: pd.Series, values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> pd.Series:
    made = pd.Series(values, column.index)
    if types.is_integer_dtype(column) and not column.isna().any():
        return made.round().astype("int64")
    return made
