"""The schema of a table: what each column holds, inferred from its values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self, cast

import pandas as pd
from pandas.api import types

from core.i18n import N_

CATEGORIES = 50
"""More distinct texts than this, and more than one in twenty rows, make a column text, not a category."""


def is_number(values: pd.Series) -> bool:
    """Whether a column holds numbers; yes and no are none."""
    return types.is_numeric_dtype(values) and not types.is_bool_dtype(values)


class Kind(StrEnum):
    """What the values of a column are."""

    NUMBER = "number"
    INTEGER = "integer"
    CATEGORY = "category"
    TEXT = "text"
    BOOLEAN = "boolean"
    DATETIME = "datetime"


KIND_NAMES: Mapping[Kind, str] = {
    Kind.NUMBER: N_("Number"),
    Kind.INTEGER: N_("Whole number"),
    Kind.CATEGORY: N_("Category"),
    Kind.TEXT: N_("Text"),
    Kind.BOOLEAN: N_("Yes or no"),
    Kind.DATETIME: N_("Moment"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `missing` counts empty cells; `minimum` and `maximum` are set for numbers only."""

    name: str
    kind: Kind
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    categories: tuple[str, ...] = ()
    missing: int = 0

    @property
    def numeric(self) -> bool:
        """Whether the values can be ordered and averaged."""
        return self.kind in {Kind.NUMBER, Kind.INTEGER}

    def to_json(self) -> dict[str, object]:
        """Return the column as plain JSON values."""
        return {
            "name": self.name,
            "kind": self.kind.value,
            "nullable": self.nullable,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "categories": list(self.categories),
            "missing": self.missing,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, object]) -> Self:
        """Read what `to_json` wrote."""
        minimum, maximum = value.get("minimum"), value.get("maximum")
        return cls(
            name=str(value["name"]),
            kind=Kind(str(value["kind"])),
            nullable=bool(value["nullable"]),
            minimum=None if minimum is None else float(cast("float", minimum)),
            maximum=None if maximum is None else float(cast("float", maximum)),
            categories=tuple(str(c) for c in cast("Sequence[object]", value.get("categories", ()))),
            missing=int(cast("int", value.get("missing", 0))),
        )


def infer(table: pd.DataFrame) -> tuple[Column, ...]:
    """Return the schema of `table`, column by column, in its order."""
    return tuple(_column(str(name), table[name]) for name in table.columns)


def _column(name: str, values: pd.Series) -> Column:
    missing = int(values.isna().sum())
    present = values.dropna()
    if types.is_bool_dtype(values) or (
        values.dtype == object and present.size and present.map(lambda v: isinstance(v, bool)).all()
    ):
        return Column(name, Kind.BOOLEAN, missing > 0, missing=missing)
    if types.is_datetime64_any_dtype(values):
        return Column(name, Kind.DATETIME, missing > 0, missing=missing)
    if types.is_numeric_dtype(values):
        low = float(cast("float", present.min())) if present.size else None
        high = float(cast("float", present.max())) if present.size else None
        whole = types.is_integer_dtype(values)
        return Column(name, Kind.INTEGER if whole else Kind.NUMBER, missing > 0, low, high, missing=missing)
    distinct = present.astype(str).unique()
    if len(distinct) <= max(CATEGORIES, 0) or len(distinct) * 20 <= len(present):
        names = tuple(sorted(str(v) for v in distinct))[:1000]
        return Column(name, Kind.CATEGORY, missing > 0, categories=names, missing=missing)
    return Column(name, Kind.TEXT, missing > 0, missing=missing)
