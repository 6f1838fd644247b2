"""Read a formula: an exact allow-list of parsed parts is rebuilt as our own tree, with types and units checked."""

import math
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from sqlglot import exp

from core.evidence.kpis.formula import (
    FUNCTIONS,
    KIND_NAMES,
    Column,
    Formula,
    Kind,
    Node,
    Op,
    Unit,
    unit_named,
    unit_times,
)
from core.evidence.kpis.formula_error import FormulaError
from core.evidence.kpis.formula_parsing import parse_formula, place_of
from core.evidence.kpis.formula_typing import Checker
from core.i18n import N_, _

MOST_WEIGHT = 500
"""How large a compiled formula may grow: some parts are written twice."""

_ARITHMETIC = {exp.Add: Op.ADD, exp.Sub: Op.SUBTRACT, exp.Mul: Op.MULTIPLY, exp.Div: Op.DIVIDE}
_COMPARING = {
    exp.EQ: Op.EQUAL, exp.NEQ: Op.UNEQUAL, exp.LT: Op.LESS, exp.LTE: Op.AT_MOST, exp.GT: Op.MORE,
    exp.GTE: Op.AT_LEAST,
}  # fmt: skip
_NUMERIC = {exp.Abs: Op.ABS, exp.Sqrt: Op.SQRT, exp.Ln: Op.LN}
_SUMMING = {exp.Sum: Op.SUM, exp.Avg: Op.AVG, exp.Min: Op.MIN, exp.Max: Op.MAX, exp.Median: Op.MEDIAN}
_TWICE = frozenset({Op.LEAST, Op.GREATEST, Op.SQRT, Op.LN})


def read_formula(text: str, columns: Sequence[Column]) -> Formula:
    """Read a formula over `columns`; raise `FormulaError` that points at the character at fault."""
    parsed = parse_formula(text)
    reader = _Reader(text, columns)
    root = reader.node(parsed)
    reader.check_levels(root)
    reader.expect(root, Kind.NUMBER)
    used = tuple(dict.fromkeys(str(n.value) for n in root.walk() if n.op == Op.COLUMN))
    late = {one.name for one in columns if one.outcome}
    return Formula(text.strip(), root, used, bool(late & set(used)))


class _Reader(Checker):
    def __init__(self, text: str, columns: Sequence[Column]) -> None:
        super().__init__(text)
        self._columns: Mapping[str, Column] = {one.name: one for one in columns}
        self._lower: dict[str, list[Column]] = {}
        for one in columns:
            self._lower.setdefault(one.name.lower(), []).append(one)
        self._weights: dict[int, int] = {}

    def node(self, part: exp.Expr) -> Node:  # noqa: C901, PLR0911, PLR0912 - one line per kind of part
        """Rebuild one parsed part, or refuse it."""
        self._plain(part)
        kind = type(part)
        at = place_of(part)
        if kind is exp.Paren:
            return self.node(part.this)
        if kind is exp.Column:
            return self._column(part, at)
        if kind is exp.Literal:
            return self._literal(part, at)
        if kind is exp.Boolean:
            return Node(Op.LITERAL, value=bool(part.this), kind=Kind.BOOLEAN, at=at)
        if kind is exp.Null:
            return Node(Op.NULL, at=at)
        if kind is exp.Neg:
            return self._negated(part, at)
        if kind in _ARITHMETIC:
            return self._arithmetic(_ARITHMETIC[kind], part, at)
        if kind in _COMPARING:
            return self._comparison(_COMPARING[kind], self.node(part.this), self.node(part.expression), at)
        if kind in (exp.And, exp.Or):
            sides = tuple(self.expect(self.node(one), Kind.BOOLEAN) for one in (part.this, part.expression))
            return self._made(Op.AND if kind is exp.And else Op.OR, sides, Kind.BOOLEAN, at=at)
        if kind is exp.Not:
            return self._made(Op.NOT, (self.expect(self.node(part.this), Kind.BOOLEAN),), Kind.BOOLEAN, at=at)
        if kind is exp.Is:
            return self._is(part, at)
        if kind is exp.In:
            return self._in(part, at)
        if kind is exp.Between:
            value, low, high = (self.node(part.args[name]) for name in ("this", "low", "high"))
            both = (
                self._comparison(Op.AT_LEAST, value, low, at),
                self._comparison(Op.AT_MOST, value, high, at),
            )
            return self._made(Op.AND, both, Kind.BOOLEAN, at=at)
        if kind in (exp.Case, exp.If):
            return self._case(part, at)
        return self._function(part, at)

    def _function(self, part: exp.Expr, at: int) -> Node:  # noqa: PLR0911 - one line per function
        kind = type(part)
        if kind in _NUMERIC:
            inner = self.expect(self.node(part.this), Kind.NUMBER)
            bare = kind in (exp.Sqrt, exp.Ln)
            return self._made(_NUMERIC[kind], (inner,), Kind.NUMBER, () if bare else inner.unit, at)
        if kind is exp.Coalesce:
            return self._alike(Op.COALESCE, [part.this, *part.expressions], at)
        if kind is exp.Nullif:
            return self._alike(Op.NULLIF, [part.this, part.expression], at)
        if kind in (exp.Least, exp.Greatest):
            both = [part.this, *part.expressions]
            if len(both) != 2:
                raise self.fail("arguments", N_("{name} takes two values."), at, name=kind.__name__.lower())
            made = self._alike(Op.LEAST if kind is exp.Least else Op.GREATEST, both, at)
            self.expect(made, Kind.NUMBER)
            return made
        if kind in _SUMMING:
            inner = self._summed(self.node(part.this), kind.__name__.lower())
            return self._made(_SUMMING[kind], (inner,), Kind.NUMBER, inner.unit, at)
        if kind is exp.Count:
            return self._count(part, at)
        if kind is exp.CountIf:
            return self._made(
                Op.COUNT_IF, (self.expect(self.node(part.this), Kind.BOOLEAN),), Kind.NUMBER, (), at
            )
        if kind is exp.Anonymous:
            return self._named(part, at)
        raise self._forbidden(part, at)

    def _named(self, part: exp.Expr, at: int) -> Node:
        name = str(part.this).lower()
        given = part.expressions
        if name == "share" and len(given) == 1:
            return self._made(
                Op.SHARE, (self.expect(self.node(given[0]), Kind.BOOLEAN),), Kind.NUMBER, (), at
            )
        if name == "days_between" and len(given) == 2:
            both = tuple(self.expect(self.moment(self.node(one)), Kind.MOMENT) for one in given)
            return self._made(Op.DAYS_BETWEEN, both, Kind.NUMBER, unit_named("day"), at)
        if name in FUNCTIONS:
            raise self.fail("arguments", N_("{name} does not take {n} values."), at, name=name, n=len(given))
        raise self._unknown_function(name, at)

    def _unknown_function(self, name: str, at: int) -> FormulaError:
        near = get_close_matches(name, FUNCTIONS, n=1)
        return self.fail(
            "function",
            N_("There is no function {name}."),
            at,
            fix=N_("Did you mean {near}?") if near else N_("The functions are: {allowed}."),
            name=name,
            near=near[0] if near else "",
            allowed=", ".join(FUNCTIONS),
        )

    def _forbidden(self, part: exp.Expr, at: int) -> FormulaError:
        if isinstance(part, (exp.Query, exp.Subquery, exp.DDL, exp.DML, exp.Command)):
            return self.fail(
                "statement",
                N_("A formula asks nothing of the store: {name} is a statement."),
                at,
                fix=N_("Write one expression over the columns."),
                name=type(part).__name__.upper(),
            )
        if isinstance(part, exp.Window):
            return self.fail("part", N_("A formula has no windows; the KPI's own window cuts time."), at)
        if isinstance(part, exp.Func) and not isinstance(part, (exp.Cast, exp.Filter)):
            return self._unknown_function(part.sql_name().lower(), at)
        return self.fail(
            "part",
            N_("{name} is not part of formulas."),
            at,
            fix=N_("Use + - * /, comparisons, and, or, not, in, between, case, and: {allowed}."),
            name=part.key.upper(),
            allowed=", ".join(FUNCTIONS),
        )

    def _plain(self, part: exp.Expr) -> None:
        """Refuse what hangs on a part besides its own arguments."""
        wanted = {"this", "expression", "expressions", "ifs", "default", "true", "false", "low", "high",
                  "is_string", "typed", "safe", "big_int", "ignore_nulls", "quoted"}  # fmt: skip
        for name, value in part.args.items():
            if name not in wanted and value not in (None, False, []):
                raise self._forbidden(part, place_of(part))

    def _column(self, part: exp.Expr, at: int) -> Node:
        if not isinstance(part.this, exp.Identifier):
            raise self.fail("part", N_("* stands only in count(*)."), at)
        name = str(part.this.this)
        found = self._columns.get(name)
        if found is None and len(alike := self._lower.get(name.lower(), [])) == 1:
            found = alike[0]
        if found is None:
            near = get_close_matches(name, list(self._columns), n=1, cutoff=0.5)
            raise self.fail(
                "column",
                N_("There is no column {name}."),
                at,
                fix=N_("Did you mean {near}?") if near else N_("The columns are: {columns}."),
                name=name,
                near=near[0] if near else "",
                columns=", ".join(list(self._columns)[:30]),
            )
        return Node(Op.COLUMN, value=found.name, kind=found.kind, unit=found.unit, at=at)

    def _literal(self, part: exp.Expr, at: int) -> Node:
        if part.is_string:
            return Node(Op.LITERAL, value=str(part.this), kind=Kind.TEXT, at=at)
        try:
            value = float(part.this)
        except ValueError:
            value = math.inf
        if not math.isfinite(value):
            raise self.fail("number", N_("{number} is too large a number."), at, number=str(part.this)[:40])
        return Node(Op.LITERAL, value=value, kind=Kind.NUMBER, at=at)

    def _negated(self, part: exp.Expr, at: int) -> Node:
        inner = self.expect(self.node(part.this), Kind.NUMBER)
        if inner.op == Op.LITERAL and isinstance(inner.value, float):
            return Node(Op.LITERAL, value=-inner.value, kind=Kind.NUMBER, at=at)
        return self._made(Op.NEGATE, (inner,), Kind.NUMBER, inner.unit, at)

    def _arithmetic(self, op: Op, part: exp.Expr, at: int) -> Node:
        left, right = (self.expect(self.node(one), Kind.NUMBER) for one in (part.this, part.expression))
        if op in (Op.MULTIPLY, Op.DIVIDE):
            unit = unit_times(left.unit, right.unit, 1 if op == Op.MULTIPLY else -1)
        else:
            unit = self.one_unit(left, right)
        return self._made(op, (left, right), Kind.NUMBER, unit, at)

    def _comparison(self, op: Op, left: Node, right: Node, at: int) -> Node:
        if Kind.MOMENT in (left.kind, right.kind):
            left, right = self.moment(left), self.moment(right)
        self.one_kind(left, right)
        self.one_unit(left, right)
        kind = left.kind or right.kind
        if op not in (Op.EQUAL, Op.UNEQUAL) and kind in (Kind.TEXT, Kind.BOOLEAN):
            raise self.fail(
                "order", N_("{kind} has no order: only = and <> compare it."), at, kind=_(KIND_NAMES[kind])
            )
        return self._made(op, (left, right), Kind.BOOLEAN, at=at)

    def _is(self, part: exp.Expr, at: int) -> Node:
        if isinstance(part.expression, exp.Null):
            return self._made(Op.IS_NULL, (self.node(part.this),), Kind.BOOLEAN, at=at)
        raise self.fail("part", N_("IS compares only with NULL."), at, fix=N_("Use = instead."))

    def _in(self, part: exp.Expr, at: int) -> Node:
        value = self.node(part.this)
        given = [self.node(one) for one in part.expressions]
        if value.kind == Kind.MOMENT:
            given = [self.moment(one) for one in given]
        if not given or any(one.op != Op.LITERAL for one in given):
            raise self.fail("list", N_("IN takes a list of written values."), at)
        self.one_kind(value, *given)
        return self._made(Op.IN, (value, *given), Kind.BOOLEAN, at=at)

    def _case(self, part: exp.Expr, at: int) -> Node:
        subject = self.node(part.this) if isinstance(part, exp.Case) and part.this else None
        branches = part.args["ifs"] if isinstance(part, exp.Case) else [part]
        flat: list[Node] = []
        for one in branches:
            asked = self.node(one.this)
            if subject is not None:
                asked = self._comparison(Op.EQUAL, subject, asked, at)
            flat += [self.expect(asked, Kind.BOOLEAN), self.node(one.args["true"])]
        other = part.args.get("default" if isinstance(part, exp.Case) else "false")
        flat.append(self.node(other) if other is not None else Node(Op.NULL, at=at))
        values = [*flat[1::2], flat[-1]]
        return self._made(Op.CASE, tuple(flat), self.one_kind(*values), self.one_unit(*values), at)

    def _alike(self, op: Op, parts: Sequence[exp.Expr], at: int) -> Node:
        nodes = tuple(self.node(one) for one in parts)
        return self._made(op, nodes, self.one_kind(*nodes), self.one_unit(*nodes), at)

    def _summed(self, inner: Node, name: str) -> Node:
        if inner.kind == Kind.BOOLEAN:
            raise self.fail(
                "kind", N_("{name} needs a number, and this is yes or no."), inner.at,
                fix=N_("Use count_if(…) or share(…)."), name=name,
            )  # fmt: skip
        return self.expect(inner, Kind.NUMBER)

    def _count(self, part: exp.Expr, at: int) -> Node:
        if part.args.get("expressions"):
            raise self.fail("arguments", N_("{name} takes one value."), at, name="count")
        inner = part.this
        if isinstance(inner, exp.Star):
            return Node(Op.COUNT_ALL, kind=Kind.NUMBER, unit=(), at=at)
        if isinstance(inner, exp.Distinct):
            if len(inner.expressions) != 1 or inner.args.get("on"):
                raise self.fail("arguments", N_("{name} takes one value."), at, name="count(distinct)")
            return self._made(Op.COUNT_DISTINCT, (self.node(inner.expressions[0]),), Kind.NUMBER, (), at)
        return self._made(Op.COUNT, (self.node(inner),), Kind.NUMBER, (), at)

    def _made(
        self, op: Op, args: tuple[Node, ...], kind: Kind | None, unit: Unit | None = None, at: int = 0
    ) -> Node:
        made = Node(op, args, kind=kind, unit=unit, at=at)
        weight = 1 + sum(self._weights.get(id(one), 1) for one in args) * (2 if op in _TWICE else 1)
        if weight > MOST_WEIGHT:
            raise self.fail("tangled", N_("The formula grows too large when it is worked out."), at)
        self._weights[id(made)] = weight
        self._kept = [*getattr(self, "_kept", []), made]  # ids stay unique while the nodes live
        return made
