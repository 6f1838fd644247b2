"""The conditions of `--fail-on`: written by people, judged on a comparison.

condition := [scope ":"] quantity [op number ["%"]]      without a number: > 0
scope     := column name | "any"           without a scope: any column
op        := ">" | ">=" | "<" | "<="
"""

import difflib
import math
import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import Invalid
from core.evidence.monitoring.comparison import ColumnComparison, Statistic
from core.i18n import N_

_PATTERN = re.compile(
    r"^(?:(?P<scope>.+):)?\s*(?P<what>\w+)\s*(?:(?P<op>>=|<=|>|<)\s*(?P<limit>[-+.\deE]+)\s*(?P<share>%?))?$"
)
_OPERATORS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}

ANY = "any"
OF_COLUMNS = (*(one.value for one in Statistic), "new", "vanished", "constant", "type_change")
OF_TABLES = ("drifted", "drifted_share", "added_columns", "removed_columns", "repeated_rows", "rows")
OF_JOINT = ("correlation_change", "target_change", "reconstruction", "domain_auc")


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition; `column` is empty where any column may break it."""

    text: str
    column: str
    quantity: str
    operator: str
    limit: float

    def broken_by(self, value: float) -> bool:
        """Say whether a value breaks the condition; NaN never does."""
        return not math.isnan(value) and bool(_OPERATORS[self.operator](value, self.limit))


@dataclass(frozen=True, slots=True)
class Broken:
    """A condition that a value broke; `column` is empty for the whole table."""

    condition: Condition
    column: str
    value: float


def parse(text: str) -> Condition:
    """Read a condition; raise `Invalid` naming what is known."""
    found = _PATTERN.match(text.strip())
    try:
        limit = float(found["limit"] or 0) / (100 if found["share"] else 1) if found else math.nan
    except ValueError:
        limit = math.nan
    if found is None or math.isnan(limit):
        raise Invalid(
            "drift.condition",
            N_("The rule {text} cannot be read."),
            fix=N_("Write it like psi>0.2, missing>5%, any:ks>0.1 or income:psi>0.1."),
            text=text,
        )
    quantity = found["what"].lower()
    scope = (found["scope"] or "").strip()
    if quantity not in (*OF_COLUMNS, *OF_TABLES, *OF_JOINT):
        raise Invalid(
            "drift.quantity",
            N_("The rule {text} asks for {quantity}, which is not measured."),
            fix=N_("Known are: {known}."),
            text=text,
            quantity=quantity,
            known=", ".join((*OF_COLUMNS, *OF_TABLES, *OF_JOINT)),
        )
    return Condition(text.strip(), "" if scope == ANY else scope, quantity, found["op"] or ">", limit)


def check(
    conditions: Sequence[Condition], columns: Sequence[ColumnComparison], table: Mapping[str, float]
) -> tuple[Broken, ...]:
    """Return every condition that is broken, with each column that breaks it.

    Raise `Invalid` for a condition on a column or a quantity that this comparison does not have.
    """
    by_name = {one.name: one for one in columns}
    broken: list[Broken] = []
    for condition in conditions:
        if condition.quantity in OF_COLUMNS:
            for one in _scope(condition, by_name):
                value = _value(one, condition.quantity)
                if value is not None and condition.broken_by(value):
                    broken.append(Broken(condition, one.name, value))
            continue
        if condition.quantity not in table:
            raise Invalid(
                "drift.not_asked",
                N_("The rule {text} needs a measurement that was not asked for."),
                fix=N_("Add --joint, and --target COLUMN for target_change."),
                text=condition.text,
            )
        if condition.broken_by(table[condition.quantity]):
            broken.append(Broken(condition, "", table[condition.quantity]))
    return tuple(broken)


def _scope(condition: Condition, columns: Mapping[str, ColumnComparison]) -> Sequence[ColumnComparison]:
    if not condition.column:
        return tuple(columns.values())
    if condition.column in columns:
        return (columns[condition.column],)
    near = difflib.get_close_matches(condition.column, columns, n=1)
    raise Invalid(
        "drift.no_column",
        N_("The rule {text} names {column}, a column that the files do not share."),
        fix=N_("Did you mean {near}?") if near else N_("Columns: {columns}."),
        text=condition.text,
        column=condition.column,
        near="".join(near),
        columns=", ".join(list(columns)[:30]),
    )


def _value(column: ColumnComparison, quantity: str) -> float | None:
    match quantity:
        case "new":
            return float(column.new_count)
        case "vanished":
            return float(column.vanished_count)
        case "constant":
            return float(column.constant)
        case "type_change":
            return float(column.type_changed)
    return column.statistics.get(Statistic(quantity))
