"""A formula's row terms as Ibis expressions, summed where the data lies: DuckDB, or any other Ibis speaks."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from core.evidence.kpis.formula import Kind, Node, Op
from core.evidence.kpis.formula_plan import Part, Plan, Term, Totals

if TYPE_CHECKING:
    import ibis
    from ibis.expr import types as ir

KEY = "aval:key"
_TYPES: Mapping[Kind, str] = {Kind.NUMBER: "float64", Kind.BOOLEAN: "boolean", Kind.TEXT: "string"}


@cache
def embedded() -> "ibis.BaseBackend":
    """Return this process's DuckDB, in memory, without a way to files or extensions."""
    import ibis  # noqa: PLC0415 - a second to load, and only who works formulas out needs it

    engine = ibis.duckdb.connect()
    for setting in ("autoload_known_extensions", "autoinstall_known_extensions", "enable_external_access"):
        engine.raw_sql(f"SET {setting} = false")
    return engine


def row_value(node: Node, table: "ir.Table") -> "ir.Value":  # noqa: C901, PLR0911 - one line per kind of part
    """Compile a part below the aggregates; a division by zero, √ of less than 0 and ln of 0 or less are missing."""
    import ibis  # noqa: PLC0415

    def of(one: Node) -> "ir.Value":
        return row_value(one, table)

    match node.op:
        case Op.COLUMN:
            column = table[str(node.value)]
            return column.cast("float64") if node.kind == Kind.NUMBER else column
        case Op.LITERAL:
            if isinstance(node.value, datetime):
                return ibis.literal(node.value, "timestamp('UTC')")
            return ibis.literal(node.value, _TYPES[node.kind or Kind.NUMBER])
        case Op.NULL:
            return ibis.null()
        case Op.CASE:
            branches = zip(node.args[:-1:2], node.args[1:-1:2], strict=True)
            pairs = [(_flag(of(asked)), _typed(of(value), node)) for asked, value in branches]
            return ibis.cases(*pairs, else_=_typed(of(node.args[-1]), node))
        case Op.IS_NULL:
            return of(node.args[0]).isnull()
        case Op.IN:
            return of(node.args[0]).isin([of(one) for one in node.args[1:]])
        case Op.NOT:
            # `~` would be written NOT (x) IS NULL where it is asked for missing values: that negates the question.
            return _flag(of(node.args[0])) == ibis.literal(False)
        case Op.COALESCE:
            return ibis.coalesce(*(_typed(of(one), node) for one in node.args))
    a = of(node.args[0])
    b = of(node.args[1]) if len(node.args) > 1 else a
    return _applied(node, a, b)


def _applied(  # noqa: C901, PLR0911, PLR0912 - one line per kind of part
    node: Node, a: "ir.Value", b: "ir.Value"
) -> "ir.Value":
    import ibis  # noqa: PLC0415

    if node.kind == Kind.NUMBER and node.op != Op.DAYS_BETWEEN:
        a, b = a.cast("float64"), b.cast("float64")
    match node.op:
        case Op.NEGATE:
            return -a
        case Op.ADD:
            return a + b
        case Op.SUBTRACT:
            return a - b
        case Op.MULTIPLY:
            return a * b
        case Op.DIVIDE:
            return a / b.nullif(ibis.literal(0.0, "float64"))
        case Op.EQUAL:
            return a == b
        case Op.UNEQUAL:
            return a != b
        case Op.LESS:
            return a < b
        case Op.AT_MOST:
            return a <= b
        case Op.MORE:
            return a > b
        case Op.AT_LEAST:
            return a >= b
        case Op.AND:
            return _flag(a) & _flag(b)
        case Op.OR:
            return _flag(a) | _flag(b)
        case Op.NULLIF:
            return a.nullif(b)
        case Op.ABS:
            return a.abs()
        case Op.LEAST:
            return ibis.cases((a <= b, a), (a > b, b), else_=ibis.null("float64"))
        case Op.GREATEST:
            return ibis.cases((a >= b, a), (a < b, b), else_=ibis.null("float64"))
        case Op.SQRT:
            return ibis.cases((a >= 0, a), else_=ibis.null("float64")).sqrt()
        case Op.LN:
            return ibis.cases((a > 0, a), else_=ibis.null("float64")).ln()
        case Op.DAYS_BETWEEN:
            # Some engines keep the fraction of the second, others do not.
            seconds = [one.epoch_seconds().cast("float64").floor().cast("float64") for one in (a, b)]
            return (seconds[1] - seconds[0]) / 86_400.0
    raise AssertionError(node.op)  # pragma: no cover - the reader allows no other


def _flag(value: "ir.Value") -> "ir.Value":
    return value.cast("boolean") if value.type().is_null() else value


def _typed(value: "ir.Value", node: Node) -> "ir.Value":
    wanted = _TYPES.get(node.kind) if node.kind else None
    return value.cast(wanted) if wanted else value


def _term(term: Term, table: "ir.Table") -> "ir.Value":
    value = row_value(term.node, table)
    if term.part == Part.VALUE:
        return value.cast("float64").fill_null(0.0)
    if term.part == Part.PRESENT:
        return value.notnull().cast("float64")
    return _flag(value).fill_null(False).cast("float64")


def totals(
    table: "ir.Table", plan: Plan, engine: "ibis.BaseBackend | None" = None, *, by: Sequence[str] = ()
) -> dict[tuple[object, ...], tuple[Totals, tuple[float | None, ...]]]:
    """Sum a formula's terms, in all or for each value of the columns `by`; beside them what needs all rows.

    Keys are the values of `by` in order: the empty tuple for the whole table, which is there without rows too.
    """
    import ibis  # noqa: PLC0415

    k = len(plan.terms)
    named = {f"t{i}": _term(term, table) for i, term in enumerate(plan.terms)}
    whole = {f"w{i}": row_value(node.args[0], table) for i, node in enumerate(plan.whole)}
    keys = {f"k{i}": table[name] for i, name in enumerate(by)}
    rows = table.select(one=ibis.literal(1), **named, **whole, **keys)
    wanted = {"n": rows.count()}
    wanted |= {f"s{i}": rows[f"t{i}"].sum() for i in range(k)}
    pairs = [(i, j) for i in range(k) for j in range(i, k)]
    wanted |= {f"p{i}_{j}": (rows[f"t{i}"] * rows[f"t{j}"]).sum() for i, j in pairs}
    wanted |= {f"m{i}": _whole(node.op, rows[f"w{i}"]) for i, node in enumerate(plan.whole)}
    asked = rows.group_by(list(keys)).aggregate(**wanted) if keys else rows.aggregate(**wanted)
    told: pa.Table = (engine or embedded()).to_pyarrow(asked)
    found = {}
    for row in told.to_pylist():
        products = np.zeros((k, k))
        for i, j in pairs:
            products[i, j] = products[j, i] = row[f"p{i}_{j}"] or 0.0
        sums = np.array([row[f"s{i}"] or 0.0 for i in range(k)], dtype=np.float64)
        values = tuple(None if row[f"m{i}"] is None else float(row[f"m{i}"]) for i in range(len(whole)))
        found[tuple(row[name] for name in keys)] = (Totals(int(row["n"]), sums, products), values)
    return found


def _whole(op: Op, values: "ir.Value") -> "ir.Value":
    return {
        Op.MIN: values.min,
        Op.MAX: values.max,
        Op.MEDIAN: values.median,
        Op.COUNT_DISTINCT: values.nunique,
    }[op]()


def row_values(table: "ir.Table", plan: Plan, engine: "ibis.BaseBackend | None" = None) -> pa.Table:
    """Return each aggregate's own value per row, in columns `a0`, `a1`, …: what a bootstrap draws from."""
    import ibis  # noqa: PLC0415

    named = {
        f"a{i}": row_value(node.args[0], table) if node.args else ibis.literal(1.0)
        for i, node in enumerate(plan.aggregates)
    }
    found: pa.Table = (engine or embedded()).to_pyarrow(table.select(**named))
    return found
