"""What is made of the aggregates: values with their slopes, missing values as in SQL (three-valued logic)."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from core.evidence.kpis.formula import COMPARISONS, Node, Op

Floats = npt.NDArray[np.float64]
Plain = float | bool | str | datetime | None


@dataclass(frozen=True, eq=False)
class Dual:
    """A number, or none, and how it moves with each term's sum."""

    value: float | None
    slope: Floats


def outer(root: Node, known: Sequence[tuple[Node, Dual]], terms: int) -> Dual:
    """Work out a formula above its aggregates, whose values are known."""
    worked = _Outer(known, terms)
    value, slope = worked.of(root)
    return Dual(float(value) if isinstance(value, (int, float)) else None, slope)


class _Outer:
    def __init__(self, known: Sequence[tuple[Node, Dual]], terms: int) -> None:
        self._known = known
        self._flat = np.zeros(terms)

    def of(self, node: Node) -> tuple[Plain, Floats]:  # noqa: C901, PLR0911 - one line per kind of part
        for one, dual in self._known:
            if one.same(node):
                return dual.value, dual.slope
        match node.op:
            case Op.LITERAL:
                return node.value, self._flat
            case Op.NULL:
                return None, self._flat
            case Op.CASE:
                return self._case(node)
            case Op.COALESCE:
                found = (self.of(one) for one in node.args)
                return next((one for one in found if one[0] is not None), (None, self._flat))
            case Op.AND | Op.OR | Op.NOT | Op.IS_NULL | Op.IN:
                return self._logic(node), self._flat
        parts = [self.of(one) for one in node.args]
        if node.op == Op.NULLIF:
            return (None, self._flat) if parts[0][0] is not None and parts[0][0] == parts[1][0] else parts[0]
        if any(value is None for value, _ in parts):
            return None, self._flat
        if node.op in COMPARISONS:
            return _COMPARE[node.op](parts[0][0], parts[1][0]), self._flat
        if node.op == Op.DAYS_BETWEEN:
            start, end = parts[0][0], parts[1][0]
            assert isinstance(start, datetime)  # noqa: S101 - the reader typed it
            assert isinstance(end, datetime)  # noqa: S101
            return (end.timestamp() // 1 - start.timestamp() // 1) / 86_400, self._flat
        return self._number(node.op, [(float(v), s) for v, s in parts if isinstance(v, (int, float))])

    def _number(  # noqa: C901, PLR0911 - one line per kind of part
        self, op: Op, parts: list[tuple[float, Floats]]
    ) -> tuple[float | None, Floats]:
        a, da = parts[0]
        b, db = parts[-1]
        try:
            match op:
                case Op.NEGATE:
                    return -a, -da
                case Op.ADD:
                    return a + b, da + db
                case Op.SUBTRACT:
                    return a - b, da - db
                case Op.MULTIPLY:
                    return a * b, a * db + b * da
                case Op.DIVIDE:
                    return (None, self._flat) if b == 0 else (a / b, (da - a / b * db) / b)
                case Op.ABS:
                    return abs(a), np.sign(a) * da
                case Op.LEAST:
                    return parts[0] if a <= b else parts[-1]
                case Op.GREATEST:
                    return parts[0] if a >= b else parts[-1]
                case Op.SQRT:
                    return (
                        (None, self._flat)
                        if a < 0
                        else (math.sqrt(a), da / (2 * math.sqrt(a)) if a else da * 0)
                    )
                case Op.LN:
                    return (None, self._flat) if a <= 0 else (math.log(a), da / a)
        except OverflowError:
            return None, self._flat
        raise AssertionError(op)  # pragma: no cover - the reader allows no other

    def _case(self, node: Node) -> tuple[Plain, Floats]:
        for asked, value in zip(node.args[:-1:2], node.args[1:-1:2], strict=True):
            if self.of(asked)[0] is True:
                return self.of(value)
        return self.of(node.args[-1])

    def _logic(self, node: Node) -> bool | None:
        values = [self.of(one)[0] for one in node.args]
        match node.op:
            case Op.NOT:
                return None if values[0] is None else not values[0]
            case Op.IS_NULL:
                return values[0] is None
            case Op.IN:
                return None if values[0] is None else values[0] in values[1:]
            case Op.AND:
                return False if False in values else None if None in values else True
            case _:
                return True if True in values else None if None in values else False


_COMPARE: Mapping[Op, Callable[[Plain, Plain], bool]] = {
    Op.EQUAL: lambda a, b: a == b,
    Op.UNEQUAL: lambda a, b: a != b,
    Op.LESS: lambda a, b: a < b,  # type: ignore[operator]  # the reader let only one kind through
    Op.AT_MOST: lambda a, b: a <= b,  # type: ignore[operator]
    Op.MORE: lambda a, b: a > b,  # type: ignore[operator]
    Op.AT_LEAST: lambda a, b: a >= b,  # type: ignore[operator]
}
