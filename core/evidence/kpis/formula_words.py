"""A formula in words, for people who do not read formulas."""

from collections.abc import Mapping
from datetime import datetime

from core.evidence.kpis.formula import Formula, Node, Op
from core.i18n import N_, _, day, number

_TEXTS: Mapping[Op, str] = {
    Op.NEGATE: N_("minus {a}"),
    Op.ADD: N_("{a} plus {b}"),
    Op.SUBTRACT: N_("{a} minus {b}"),
    Op.MULTIPLY: N_("{a} × {b}"),
    Op.DIVIDE: N_("{a} divided by {b}"),
    Op.EQUAL: N_("{a} is {b}"),
    Op.UNEQUAL: N_("{a} is not {b}"),
    Op.LESS: N_("{a} is below {b}"),
    Op.AT_MOST: N_("{a} is at most {b}"),
    Op.MORE: N_("{a} is above {b}"),
    Op.AT_LEAST: N_("{a} is at least {b}"),
    Op.AND: N_("{a} and {b}"),
    Op.OR: N_("{a} or {b}"),
    Op.NOT: N_("not {a}"),
    Op.IS_NULL: N_("{a} is missing"),
    Op.NULLIF: N_("{a} (missing where it is {b})"),
    Op.ABS: N_("the size of {a}"),
    Op.LEAST: N_("the smaller of {a} and {b}"),
    Op.GREATEST: N_("the larger of {a} and {b}"),
    Op.SQRT: N_("the square root of {a}"),
    Op.LN: N_("the natural logarithm of {a}"),
    Op.DAYS_BETWEEN: N_("the days from {a} to {b}"),
    Op.SUM: N_("the sum over all rows of {a}"),
    Op.AVG: N_("the mean of {a}"),
    Op.MIN: N_("the smallest {a}"),
    Op.MAX: N_("the largest {a}"),
    Op.MEDIAN: N_("the median of {a}"),
    Op.COUNT: N_("the number of rows that have {a}"),
    Op.COUNT_DISTINCT: N_("the number of different values of {a}"),
    Op.COUNT_IF: N_("the number of rows where {a}"),
    Op.SHARE: N_("the share of rows where {a}"),
}
_LOOSE = frozenset({Op.ADD, Op.SUBTRACT, Op.AND, Op.OR, Op.CASE, Op.NEGATE})
_TIGHT = frozenset({Op.MULTIPLY, Op.DIVIDE, Op.SUBTRACT, Op.AND, Op.OR, Op.NOT, Op.NEGATE})


def in_words(formula: Formula) -> str:
    """Write a formula as a sentence in the reader's language."""
    said = _said(formula.root)
    return said[:1].upper() + said[1:] + "."


def _said(node: Node) -> str:  # noqa: PLR0911 - one line per kind of part
    match node.op:
        case Op.COLUMN:
            return f"“{node.value}”"
        case Op.NULL:
            return _("missing")
        case Op.LITERAL:
            return _literal(node)
        case Op.COUNT_ALL:
            return _("the number of rows")
        case Op.CASE:
            return _case(node)
        case Op.IN:
            listed = ", ".join(_said(one) for one in node.args[1:])
            return _("{a} is one of {listed}", a=_said(node.args[0]), listed=listed)
        case Op.COALESCE:
            rest = [_said(one) for one in node.args]
            return rest[0] + "".join(_(", or where that is missing {a}", a=one) for one in rest[1:])
    parts = [_inside(node, one) for one in node.args]
    return _(_TEXTS[node.op], a=parts[0], b=parts[-1])


def _inside(outer: Node, node: Node) -> str:
    said = _said(node)
    joined = outer.op == node.op and outer.op in (Op.AND, Op.OR)
    wrapped = (outer.op in _TIGHT and node.op in _LOOSE and not joined) or node.op == Op.CASE
    return f"({said})" if wrapped else said


def _literal(node: Node) -> str:
    if isinstance(node.value, bool):
        return _("yes") if node.value else _("no")
    if isinstance(node.value, float):
        return number(node.value) if abs(node.value) >= 0.001 or not node.value else f"{node.value:g}"
    if isinstance(node.value, datetime):
        return day(node.value)
    return f"‘{node.value}’"


def _case(node: Node) -> str:
    said = [
        _("where {asked}: {value}", asked=_said(asked), value=_value(value))
        for asked, value in zip(node.args[:-1:2], node.args[1:-1:2], strict=True)
    ]
    if node.args[-1].op != Op.NULL:
        said.append(_("otherwise {value}", value=_value(node.args[-1])))
    return "; ".join(said)


def _value(node: Node) -> str:
    return f"({_said(node)})" if node.op == Op.CASE else _said(node)
