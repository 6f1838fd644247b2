"""A formula worked out row by row in plain Python over sqlglot's own tree: the oracle of the compiled one.

Shares nothing with the product's reader, plan or compiler.
"""

import math
import statistics
from datetime import datetime

import sqlglot
from sqlglot import exp

_AGGREGATES = (exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Median, exp.Count, exp.CountIf)


def worked_out(text, rows):
    """Return the number, or None where SQL says NULL."""
    return _value(sqlglot.parse_one(text), rows, None)


def _value(part, rows, row):  # noqa: C901, PLR0912 - one line per kind of part
    if isinstance(part, _AGGREGATES) or (isinstance(part, exp.Anonymous) and part.this.lower() == "share"):
        return _aggregate(part, rows)
    of = lambda one: _value(one, rows, row)  # noqa: E731
    if isinstance(part, exp.Paren):
        return of(part.this)
    if isinstance(part, exp.Column):
        found = row[part.name]
        return None if isinstance(found, float) and math.isnan(found) else found
    if isinstance(part, exp.Literal):
        return part.this if part.is_string else float(part.this)
    if isinstance(part, exp.Boolean):
        return bool(part.this)
    if isinstance(part, exp.Null):
        return None
    if isinstance(part, exp.Case):
        for one in part.args["ifs"]:
            asked = of(one.this) if part.this is None else _compare(exp.EQ, of(part.this), of(one.this))
            if asked is True:
                return of(one.args["true"])
        return None if part.args.get("default") is None else of(part.args["default"])
    if isinstance(part, exp.If):
        if of(part.this) is True:
            return of(part.args["true"])
        return None if part.args.get("false") is None else of(part.args["false"])
    if isinstance(part, exp.Coalesce):
        return next((v for v in map(of, [part.this, *part.expressions]) if v is not None), None)
    if isinstance(part, exp.And):
        a, b = of(part.this), of(part.expression)
        return False if a is False or b is False else None if a is None or b is None else True
    if isinstance(part, exp.Or):
        a, b = of(part.this), of(part.expression)
        return True if a is True or b is True else None if a is None or b is None else False
    if isinstance(part, exp.Not):
        a = of(part.this)
        return None if a is None else not a
    if isinstance(part, exp.Is):
        return of(part.this) is None
    if isinstance(part, exp.In):
        a = of(part.this)
        return None if a is None else any(_compare(exp.EQ, a, of(one)) for one in part.expressions)
    if isinstance(part, exp.Between):
        a, low, high = of(part.this), of(part.args["low"]), of(part.args["high"])
        both = (_compare(exp.GTE, a, low), _compare(exp.LTE, a, high))
        return False if False in both else None if None in both else True
    return _arithmetic(part, of)


def _arithmetic(part, of):  # noqa: C901, PLR0912 - one line per kind of part
    a = of(part.this) if part.this is not None and not isinstance(part, exp.Anonymous) else None
    if isinstance(part, exp.Neg):
        return None if a is None else -a
    if isinstance(part, exp.Abs):
        return None if a is None else abs(a)
    if isinstance(part, exp.Sqrt):
        return None if a is None or a < 0 else math.sqrt(a)
    if isinstance(part, exp.Ln):
        return None if a is None or a <= 0 else math.log(a)
    if isinstance(part, exp.Anonymous):
        start, end = map(of, part.expressions)
        if start is None or end is None:
            return None
        return (math.floor(_moment(end).timestamp()) - math.floor(_moment(start).timestamp())) / 86_400
    if isinstance(part, (exp.Least, exp.Greatest)):
        both = [a, *map(of, part.expressions)]
        return None if None in both else (min if isinstance(part, exp.Least) else max)(both)
    b = of(part.expression)
    if isinstance(part, exp.Nullif):
        return None if a is not None and a == b else a
    if isinstance(part, (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)):
        return _compare(type(part), a, b)
    if a is None or b is None:
        return None
    if isinstance(part, exp.Add):
        return a + b
    if isinstance(part, exp.Sub):
        return a - b
    if isinstance(part, exp.Mul):
        return a * b
    assert isinstance(part, exp.Div)
    return None if b == 0 else a / b


def _compare(kind, a, b):
    if a is None or b is None:
        return None
    if isinstance(a, datetime) or isinstance(b, datetime):
        a, b = _moment(a), _moment(b)
    return {
        exp.EQ: a == b, exp.NEQ: a != b, exp.LT: a < b, exp.LTE: a <= b, exp.GT: a > b, exp.GTE: a >= b,
    }[kind]  # fmt: skip


def _moment(value):
    from datetime import UTC

    read = datetime.fromisoformat(value) if isinstance(value, str) else value
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _aggregate(part, rows):
    if isinstance(part, exp.Count) and isinstance(part.this, exp.Star):
        return float(len(rows))
    inner = part.expressions[0] if isinstance(part, exp.Anonymous) else part.this
    distinct = isinstance(inner, exp.Distinct)
    inner = inner.expressions[0] if distinct else inner
    held = [v for row in rows if (v := _value(inner, rows, row)) is not None]
    if isinstance(part, exp.Count):
        return float(len(set(held)) if distinct else len(held))
    if isinstance(part, exp.CountIf):
        return float(sum(v is True for v in held))
    if not held:
        return None
    if isinstance(part, exp.Anonymous):
        return sum(v is True for v in held) / len(held)
    if isinstance(part, exp.Sum):
        return math.fsum(held)
    if isinstance(part, exp.Avg):
        return math.fsum(held) / len(held)
    if isinstance(part, exp.Median):
        return float(statistics.median(held))
    return min(held) if isinstance(part, exp.Min) else max(held)
