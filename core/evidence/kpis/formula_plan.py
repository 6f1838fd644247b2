"""How a formula is worked out: sums over rows that add up from day to day, and what is made of them in the end.

Every aggregate but min, max, median and count(distinct) is a function of sums of row terms. Sums and sums of products
of the terms are enough for the value and, by the delta method, for its interval: a window is the sum of its days.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from core.evidence.kpis.formula import Formula, Kind, Node, Op
from core.evidence.kpis.formula_outer import Dual, outer

Floats = npt.NDArray[np.float64]

_WHOLE = frozenset({Op.MIN, Op.MAX, Op.MEDIAN, Op.COUNT_DISTINCT})


class Part(StrEnum):
    """What a term takes from a row: the value with 0 where it is missing, 1 where it is there, 1 where it holds."""

    VALUE = "value"
    PRESENT = "present"
    HOLDS = "holds"


@dataclass(frozen=True, slots=True)
class Term:
    """One number per row, never missing."""

    part: Part
    node: Node

    def same(self, other: "Term") -> bool:
        return self.part == other.part and self.node.same(other.node)


@dataclass(frozen=True, eq=False)
class Totals:
    """Rows, the sums of the terms (k,), and the sums of their products (k, k)."""

    n: int
    sums: Floats
    products: Floats

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(self.n + other.n, self.sums + other.sums, self.products + other.products)

    def spread(self) -> Floats:
        """Covariance of the sums, the number of rows taken as given (k, k)."""
        if self.n < 2:
            return np.full_like(self.products, np.nan)
        centred = self.products - np.outer(self.sums, self.sums) / self.n
        return np.asarray(centred * self.n / (self.n - 1))

    def packed(self) -> list[float]:
        """Write as a flat list of numbers: n, sums, the upper half of the products."""
        upper = np.triu_indices(len(self.sums))
        return [float(self.n), *self.sums.tolist(), *self.products[upper].tolist()]

    @classmethod
    def unpacked(cls, flat: Sequence[float], terms: int) -> "Totals":
        """Read what `packed` wrote."""
        upper = np.triu_indices(terms)
        products = np.zeros((terms, terms))
        products[upper] = flat[1 + terms :]
        products.T[upper] = flat[1 + terms :]
        return cls(int(flat[0]), np.asarray(flat[1 : 1 + terms], dtype=np.float64), products)

    @classmethod
    def none(cls, terms: int) -> "Totals":
        """Totals of no rows."""
        return cls(0, np.zeros(terms), np.zeros((terms, terms)))


@dataclass(frozen=True, slots=True)
class Share:
    """The proportion that a formula is: which term counts hits, which counts trials; none for all rows."""

    hits: int
    trials: int | None


@dataclass(frozen=True)
class Plan:
    """The terms of a formula, its aggregates, those that need the rows themselves, and the proportion it is."""

    formula: Formula
    terms: tuple[Term, ...]
    aggregates: tuple[Node, ...]
    share: Share | None

    @property
    def whole(self) -> tuple[Node, ...]:
        """The aggregates that do not add up from day to day."""
        return tuple(one for one in self.aggregates if one.op in _WHOLE)

    @property
    def adds_up(self) -> bool:
        """Whether a window is the sum of its days."""
        return not self.whole

    def result(self, totals: Totals, whole: Sequence[float | None] = ()) -> Dual:
        """Work the formula out; `whole` are the values of the aggregates of that name, in order."""
        taken = iter(whole)
        known = [
            (
                node,
                self._dual(node, totals)
                if node.op not in _WHOLE
                else Dual(next(taken), np.zeros(len(self.terms))),
            )
            for node in self.aggregates
        ]
        return outer(self.formula.root, known, len(self.terms))

    def of_aggregates(self, values: Sequence[float | None]) -> float | None:
        """Work the formula out from the values of its aggregates, in their order."""
        flat = np.zeros(0)
        known = [(node, Dual(value, flat)) for node, value in zip(self.aggregates, values, strict=True)]
        return outer(self.formula.root, known, 0).value

    def _at(self, part: Part, node: Node) -> int:
        return next(i for i, one in enumerate(self.terms) if one.same(Term(part, node)))

    def _dual(self, node: Node, totals: Totals) -> Dual:
        slope = np.zeros(len(self.terms))
        if node.op == Op.COUNT_ALL:
            return Dual(float(totals.n), slope)
        (inner,) = node.args
        if node.op in (Op.COUNT, Op.COUNT_IF):
            at = self._at(Part.PRESENT if node.op == Op.COUNT else Part.HOLDS, inner)
            slope[at] = 1
            return Dual(float(totals.sums[at]), slope)
        top = self._at(Part.HOLDS if node.op == Op.SHARE else Part.VALUE, inner)
        bottom = self._at(Part.PRESENT, inner)
        held = float(totals.sums[bottom])
        if not held:
            return Dual(None, slope)
        if node.op == Op.SUM:
            slope[top] = 1
            return Dual(float(totals.sums[top]), slope)
        value = float(totals.sums[top]) / held
        slope[top] = 1 / held
        slope[bottom] = -value / held
        return Dual(value, slope)


def plan(formula: Formula) -> Plan:
    """Find the terms that a formula needs."""
    terms: list[Term] = []

    def need(part: Part, node: Node) -> None:
        term = Term(part, node)
        if not any(term.same(one) for one in terms):
            terms.append(term)

    wanted: Mapping[Op, tuple[Part, ...]] = {
        Op.SUM: (Part.VALUE, Part.PRESENT),
        Op.AVG: (Part.VALUE, Part.PRESENT),
        Op.SHARE: (Part.HOLDS, Part.PRESENT),
        Op.COUNT: (Part.PRESENT,),
        Op.COUNT_IF: (Part.HOLDS,),
    }
    aggregates = formula.aggregates()
    for node in aggregates:
        for part in wanted.get(node.op, ()):
            need(part, node.args[0])
    made = Plan(formula, tuple(terms), aggregates, None)
    return Plan(formula, made.terms, aggregates, _share(made))


def _share(made: Plan) -> Share | None:
    """See whether the formula is a proportion of yes and no, so that its interval can be exact."""
    root = made.formula.root
    at = made._at  # noqa: SLF001 - the plan is still being made
    if root.op == Op.SHARE:
        return Share(at(Part.HOLDS, root.args[0]), at(Part.PRESENT, root.args[0]))
    if root.op == Op.AVG and _is_indicator(root.args[0]):
        return Share(at(Part.VALUE, root.args[0]), at(Part.PRESENT, root.args[0]))
    if root.op == Op.DIVIDE and root.args[0].op == Op.COUNT_IF and root.args[1].op == Op.COUNT_ALL:
        return Share(at(Part.HOLDS, root.args[0].args[0]), None)
    return None


def _is_indicator(node: Node) -> bool:
    if node.op != Op.CASE:
        return False
    values = [*node.args[1:-1:2], node.args[-1]]
    return all(one.op == Op.NULL or (one.kind == Kind.NUMBER and one.value in (0.0, 1.0)) for one in values)


def finite(value: float | None) -> float | None:
    """Return the value where it is a number; none where it grew out of range."""
    return value if value is not None and math.isfinite(value) else None
