"""A KPI's formula as a tree of our own: one number out of many rows, with types, units and places in the text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.i18n import N_


class Kind(StrEnum):
    """What a value is."""

    NUMBER = "number"
    BOOLEAN = "boolean"
    TEXT = "text"
    MOMENT = "moment"


KIND_NAMES: Mapping[Kind, str] = {
    Kind.NUMBER: N_("a number"),
    Kind.BOOLEAN: N_("yes or no"),
    Kind.TEXT: N_("text"),
    Kind.MOMENT: N_("a moment"),
}

FUNCTIONS = (
    "sum", "avg", "min", "max", "median", "count", "count_if", "share", "abs", "coalesce", "nullif", "least",
    "greatest", "sqrt", "ln", "if", "days_between",
)  # fmt: skip
"""Every function by the name that people write."""

Unit = tuple[tuple[str, int], ...]
"""Powers by unit name, sorted: `(("BRL", 1),)`; `()` is a bare number, `None` one whose unit nobody told."""


class Op(StrEnum):
    """Everything that a formula may be made of."""

    COLUMN = "column"
    LITERAL = "literal"
    NULL = "null"
    NEGATE = "negate"
    ADD = "+"
    SUBTRACT = "-"
    MULTIPLY = "*"
    DIVIDE = "/"
    EQUAL = "="
    UNEQUAL = "<>"
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    AND = "and"
    OR = "or"
    NOT = "not"
    IS_NULL = "is null"
    IN = "in"
    CASE = "case"
    COALESCE = "coalesce"
    NULLIF = "nullif"
    ABS = "abs"
    LEAST = "least"
    GREATEST = "greatest"
    SQRT = "sqrt"
    LN = "ln"
    DAYS_BETWEEN = "days_between"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    MEDIAN = "median"
    COUNT = "count"
    COUNT_ALL = "count(*)"
    COUNT_DISTINCT = "count(distinct)"
    COUNT_IF = "count_if"
    SHARE = "share"


AGGREGATES = frozenset(
    {
        Op.SUM, Op.AVG, Op.MIN, Op.MAX, Op.MEDIAN, Op.COUNT, Op.COUNT_ALL, Op.COUNT_DISTINCT, Op.COUNT_IF,
        Op.SHARE,
    }
)  # fmt: skip
COMPARISONS = frozenset({Op.EQUAL, Op.UNEQUAL, Op.LESS, Op.AT_MOST, Op.MORE, Op.AT_LEAST})


@dataclass(frozen=True, slots=True)
class Column:
    """A column that formulas may name; `outcome` says that it is known only once the label is in."""

    name: str
    kind: Kind
    unit: Unit | None = None
    outcome: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """One part of a formula; `at` is where it stands in the text, from 0; a missing value has no kind.

    A CASE holds condition and value in turn, then what else; `value` holds a column's name or a literal.
    """

    op: Op
    args: tuple["Node", ...] = ()
    value: str | float | bool | datetime | None = None
    kind: Kind | None = None
    unit: Unit | None = None
    at: int = 0

    def walk(self) -> Iterator["Node"]:
        """Yield this node and all below it."""
        yield self
        for one in self.args:
            yield from one.walk()

    def same(self, other: "Node") -> bool:
        """Say whether both compute the same, wherever they stand."""
        return (
            self.op == other.op
            and self.value == other.value
            and type(self.value) is type(other.value)
            and len(self.args) == len(other.args)
            and all(a.same(b) for a, b in zip(self.args, other.args, strict=True))
        )


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that was read, checked and typed."""

    text: str
    root: Node
    columns: tuple[str, ...]
    needs_outcome: bool

    @property
    def unit(self) -> Unit | None:
        """The unit of the result, where it is known."""
        return self.root.unit

    def aggregates(self) -> tuple[Node, ...]:
        """Return the distinct aggregates, in the order in which they stand."""
        found: list[Node] = []
        for node in self.root.walk():
            if node.op in AGGREGATES and not any(node.same(one) for one in found):
                found.append(node)
        return tuple(found)


def unit_named(name: str) -> Unit:
    """Return the unit of one name; the empty name is a bare number."""
    return ((name, 1),) if name else ()


def unit_text(unit: Unit) -> str:
    """Write a unit: `BRL`, `BRL/day`, `1/day`."""
    top = "·".join(f"{n}{'' if p == 1 else f'^{p}'}" for n, p in unit if p > 0)
    bottom = "·".join(f"{n}{'' if p == -1 else f'^{-p}'}" for n, p in unit if p < 0)
    return f"{top or '1'}/{bottom}" if bottom else top


def unit_times(left: Unit | None, right: Unit | None, sign: int = 1) -> Unit | None:
    """Multiply units, or divide with `sign` −1; what nobody told counts as bare."""
    if left is None and right is None:
        return None
    powers = dict(left or ())
    for name, power in right or ():
        powers[name] = powers.get(name, 0) + sign * power
    return tuple(sorted((name, power) for name, power in powers.items() if power))
