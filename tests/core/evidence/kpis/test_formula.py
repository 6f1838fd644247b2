"""A formula gives what the same text gives row by row in Python; hostile ones are refused at once, with the reason."""

import math
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from core.evidence.kpis import evaluating
from core.evidence.kpis.formula import Column, Kind, unit_named, unit_text
from core.evidence.kpis.formula_error import FormulaError
from core.evidence.kpis.formula_plan import Totals, finite, plan
from core.evidence.kpis.formula_reading import read_formula
from core.evidence.kpis.formula_words import in_words
from core.i18n import use
from tests.core.evidence.kpis.row_by_row import worked_out

SCHEMA = pa.schema(
    [("a", pa.float64()), ("b", pa.int64()), ("p", pa.bool_()), ("q", pa.bool_()), ("t", pa.string()),
     ("m", pa.timestamp("us", "UTC"))]
)  # fmt: skip
COLUMNS = evaluating.columns_of(SCHEMA)
MONEY = (
    Column("amount", Kind.NUMBER, unit_named("BRL")),
    Column("paid", Kind.NUMBER, unit_named("EUR")),
    Column("approved", Kind.BOOLEAN),
    Column("defaulted", Kind.BOOLEAN, outcome=True),
    Column("region", Kind.TEXT),
    Column("timestamp", Kind.MOMENT),
)

row = st.fixed_dictionaries(
    {
        "a": st.none() | st.floats(-50, 50, width=32) | st.just(float("nan")),
        "b": st.none() | st.integers(-3, 3),
        "p": st.none() | st.booleans(),
        "q": st.none() | st.booleans(),
        "t": st.none() | st.sampled_from(["", "x", "y", "it's"]),
        "m": st.none() | st.datetimes(datetime(2020, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds,
    }
)
literal = st.sampled_from(["0", "1", "-1", "0.5", "2.25", "1e3"])
number = st.deferred(
    lambda: (
        st.sampled_from(["a", "b"])
        | literal
        | st.builds("({} {} {})".format, number, st.sampled_from("+-*/"), number)
        | st.builds("case when {} then {} else {} end".format, flag, number, number)
        | st.builds("case when {} then {} end".format, flag, number)
        | st.builds("case b when {} then {} else a end".format, literal, number)
        | st.builds("{}({})".format, st.sampled_from(["abs", "sqrt", "ln"]), number)
        | st.builds(
            "{}({}, {})".format, st.sampled_from(["coalesce", "nullif", "least", "greatest"]), number, number
        )
        | st.just("days_between(m, '2024-02-29')")
        | st.builds("if({}, {}, null)".format, flag, number)
    )
)
flag = st.deferred(
    lambda: (
        st.sampled_from(["p", "q", "true", "t = 'x'", "t <> 'it''s'", "m >= '2023-01-01'", "t in ('x', '')"])
        | st.builds("({} {} {})".format, number, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), number)
        | st.builds("({} {} {})".format, flag, st.sampled_from(["and", "or"]), flag)
        | st.builds("(not {})".format, flag)
        | st.builds("({} is null)".format, st.one_of(number, st.just("t")))
        | st.builds("({} is not null)".format, number)
        | st.builds("({} between {} and {})".format, number, literal, number)
        | st.builds("(b in (0, 1, {}))".format, literal)
    )
)
aggregate = (
    st.just("count(*)")
    | st.builds("{}({})".format, st.sampled_from(["sum", "avg", "min", "max", "median", "count"]), number)
    | st.builds("count(distinct {})".format, number)
    | st.builds("{}({})".format, st.sampled_from(["count_if", "share"]), flag)
)  # fmt: skip
formula = st.deferred(
    lambda: (
        aggregate
        | st.builds("({} {} {})".format, formula, st.sampled_from("+-*/"), formula | literal)
        | st.builds("coalesce({}, {})".format, formula, literal)
        | st.builds("case when {} > {} then {} else {} end".format, formula, literal, formula, literal)
        | st.builds("nullif({}, 0)".format, formula)
    )
)


def made(rows):
    return pa.Table.from_pylist(rows, SCHEMA)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=formula, rows=st.lists(row, max_size=8))
def test_equals_the_same_expression_row_by_row(text, rows):
    compared(text, rows)


@pytest.mark.long
@settings(max_examples=5000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=formula, rows=st.lists(row, max_size=8))
def test_equals_the_same_expression_row_by_row_many_times(text, rows):
    compared(text, rows)


def accepted(text):
    try:
        return read_formula(text, COLUMNS)
    except FormulaError as problem:  # what the generator cannot avoid
        if problem.code.split(".")[-1] in {"long", "large", "deep", "tangled", "kind", "unit"}:
            return None
        raise


def compared(text, rows):
    read = accepted(text)
    assume(read is not None)
    worked = plan(read)
    mine = finite(worked.result(*evaluating.sums(evaluating.prepared(made(rows), worked), worked)[()]).value)
    wanted = worked_out(text, rows)
    if wanted is not None and not math.isfinite(wanted):
        wanted = None
    if wanted is None or mine is None:
        assert mine is wanted, (text, rows)
    else:
        assert math.isclose(mine, wanted, rel_tol=1e-9, abs_tol=1e-9), (text, rows)
    assert in_words(read)


@given(rows=st.lists(row, max_size=30), cut=st.integers(0, 30))
@settings(max_examples=15, deadline=None)
def test_a_window_is_the_sum_of_its_days(rows, cut):
    read = plan(read_formula("sum(a * b) / count_if(p) + avg(a) - share(q)", COLUMNS))

    def sums(some):
        return evaluating.sums(evaluating.prepared(made(some), read), read)[()][0]

    parts = sums(rows[:cut]) + sums(rows[cut:])
    packed = Totals.unpacked(parts.packed(), len(read.terms))
    one, other = read.result(sums(rows)).value, read.result(packed).value
    assert one == other or math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


HOSTILE = {
    "select 1": "statement",
    "(select max(amount) from kpi)": "statement",
    "sum(amount); drop table kpi": "several",
    "drop table kpi": "part",
    "insert into kpi values (1)": "statement",
    "update kpi set target = 0": "statement",
    "delete from kpi": "statement",
    "attach 'x.db'": "",
    "copy kpi to 'x'": "",
    "pragma version": "part",
    "install httpfs": "",
    "set threads = 1": "",
    "sum(amount) union select 1": "statement",
    "exists(select 1)": "",
    "sum(amount) in (select 1)": "",
    "sum(read_csv('/etc/passwd'))": "function",
    "sum(read_parquet('s3://x/*'))": "function",
    "max(pg_read_file('/etc/passwd'))": "function",
    "sum(pg_sleep(1000))": "function",
    "sum(getenv('HOME'))": "function",
    "sum(repeat('x', 1000000000))": "function",
    "sum(generate_series(1, 100000000000))": "function",
    "sum(regexp_matches(region, '(a+)+$'))": "",
    "max(__import__('os').system('id'))": "",
    "sum(amount ** 9 ** 9 ** 9)": "",
    "sum(amount) over (order by amount)": "part",
    "sum(amount) filter (where approved)": "part",
    "sum(cast(region as int))": "part",
    "sum(region::double)": "part",
    "sum(kpi.amount)": "part",
    "sum(amount) /* hidden */": "comment",
    "-- hidden\nsum(amount)": "comment",
    "sum(:amount)": "part",
    "sum(?)": "",
    "sum(@x)": "",
    "sum(1e999)": "number",
    "(" * 240 + "sum(amount)" + ")" * 240: "deep",
    "sum(" + "-" * 200 + "amount)": "",
    "sum(" + "+".join(["amount"] * 60) + ")": "",
    "sum(amount) + " + " + ".join(["sum(amount)"] * 40): "long",
    "sum(" + "case when amount > 0 then " * 18 + "1" + " end" * 18 + ")": "",
    "sum(" + "abs(" * 60 + "amount" + ")" * 60 + ")": "deep",
    "sum(" + "least(amount, " * 18 + "amount" + ")" * 18 + ")": "",
    "sum(amount\x00)": "character",
    "sum(amount\u202e)": "character",
    "sum('amount": "unreadable",
    "x" * 501: "long",
    "": "empty",
    "sum(lambda x: x)": "",
    "{{ config }}": "",
    "f'{amount:>1000000000}'": "",
    "amount if approved else 0": "",
}


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_formulas_are_refused_at_once_with_the_reason(text):
    with pytest.raises(FormulaError) as problem:
        read_formula(text, MONEY)
    why = HOSTILE[text]
    assert not why or problem.value.code == f"kpi.formula.{why}", problem.value.code
    assert problem.value.text()
    assert 0 <= problem.value.at <= len(text)


def test_forty_of_them():
    assert len(HOSTILE) >= 40


@pytest.mark.parametrize(
    ("text", "why", "at", "said"),
    [
        ("sum(amont)", "column", 4, "Did you mean amount?"),
        ("sum(amount) / cuont(region)", "function", 14, "Did you mean count?"),
        ("sum(amount", "unclosed", 10, "Add the closing"),
        ("sum(amount + paid)", "unit", 13, "BRL and EUR"),
        ("sum(case when approved then amount else paid end)", "unit", 40, "BRL and EUR"),
        ("share(amount > paid)", "unit", 15, "BRL and EUR"),
        ("sum(approved)", "kind", 4, "count_if"),
        ("share(region = 1)", "kind", 15, "quotation marks"),
        ("share(region > 'x')", "order", 6, "no order"),
        ("share(timestamp > 'soon')", "moment", 18, "2026-11-23"),
        ("sum(amount) + amount", "bare_column", 14, "outside"),
        ("sum(avg(amount))", "nested", 4, "inside another"),
        ("amount * 2", "no_aggregate", 0, "sum("),
        ("sum(amount) > 3", "kind", 0, "yes or no"),
    ],
)
def test_an_error_points_at_the_character_and_offers_the_near_word(text, why, at, said):
    with pytest.raises(FormulaError) as problem:
        read_formula(text, MONEY)
    assert problem.value.code == f"kpi.formula.{why}"
    assert problem.value.at == at
    assert problem.value.params["position"] == at + 1
    assert said in str(problem.value)
    assert problem.value.pointer().splitlines()[-1] == " " * at + "^"


def test_missing_yes_or_no_stays_missing_when_negated():
    """Ibis writes `NOT (p) IS NOT NULL` for `(~p).notnull()`, which asks another thing."""
    read = plan(read_formula("share(not p)", COLUMNS))
    rows = [dict.fromkeys(SCHEMA.names), {**dict.fromkeys(SCHEMA.names), "p": False}]
    assert evaluating.evaluate(made(rows), read).value == 1
    assert evaluating.evaluate(made(rows), read).n == 1


def test_units_travel():
    assert unit_text(read_formula("sum(0.031 * amount) / count(*)", MONEY).unit) == "BRL"
    assert unit_text(read_formula("sum(amount) / sum(paid)", MONEY).unit) == "BRL/EUR"
    assert read_formula("sum(amount) / avg(amount)", MONEY).unit == ()
    assert unit_text(read_formula("avg(days_between(timestamp, '2026-01-01'))", MONEY).unit) == "day"


def test_what_needs_a_label_says_so():
    assert read_formula("share(defaulted)", MONEY).needs_outcome
    assert not read_formula("share(approved)", MONEY).needs_outcome


@pytest.mark.parametrize("language", ["en", "pt_BR"])
def test_in_words(language):
    text = "sum(case when approved then case when defaulted then -0.45 * amount else 0.031 * amount end else 0 end)"
    use(language)
    try:
        said = in_words(read_formula(text, MONEY))
    finally:
        use("en")
    if language == "en":
        assert said == (
            "The sum over all rows of (where “approved”: (where “defaulted”: -0.45 × “amount”; otherwise 0.031 × "
            "“amount”); otherwise 0)."
        )
    else:
        assert "-0,45 × “amount”" in said
        assert "sum" not in said.lower().split()
