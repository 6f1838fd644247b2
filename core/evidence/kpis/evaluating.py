"""Evaluate a formula over a table in memory: typed columns in, the value with its interval out."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import Invalid
from core.evidence.kpis import formula_ibis, intervals
from core.evidence.kpis.formula import Column, Kind, Unit
from core.evidence.kpis.formula_plan import Plan, Totals
from core.evidence.kpis.intervals import Estimate
from core.i18n import N_

Keys = tuple[object, ...]


def kind_of(held: pa.DataType) -> Kind | None:
    """Say what the values of an Arrow type are to a formula; none where it cannot use them."""
    if pa.types.is_dictionary(held):
        return kind_of(held.value_type)
    if pa.types.is_boolean(held):
        return Kind.BOOLEAN
    if pa.types.is_integer(held) or pa.types.is_floating(held) or pa.types.is_decimal(held):
        return Kind.NUMBER
    if pa.types.is_timestamp(held) or pa.types.is_date(held):
        return Kind.MOMENT
    text = pa.types.is_string(held) or pa.types.is_large_string(held) or pa.types.is_string_view(held)
    return Kind.TEXT if text else None


def columns_of(schema: pa.Schema, units: Mapping[str, Unit] | None = None) -> tuple[Column, ...]:
    """Return the columns of a table that formulas may name."""
    return tuple(
        Column(one.name, kind, (units or {}).get(one.name))
        for one in schema
        if (kind := kind_of(one.type)) is not None
    )


def prepared(table: pa.Table, plan: Plan, also: Sequence[str] = ()) -> pa.Table:
    """Return the columns that a formula reads, in the types it computes with; NaN becomes missing."""
    wanted = [*dict.fromkeys([*plan.formula.columns, *also])]
    columns: dict[str, pa.ChunkedArray] = {}
    for name in wanted:
        column = table.column(name)
        kind = kind_of(column.type)
        if kind == Kind.NUMBER:
            if pa.types.is_dictionary(column.type):
                column = column.cast(column.type.value_type)
            column = column.cast(pa.float64(), safe=False)
            odd = pc.is_nan(column)
            if pc.any(odd).as_py():
                column = pc.if_else(odd, pa.scalar(None, pa.float64()), column)
        elif kind == Kind.MOMENT:
            zone = getattr(column.type, "tz", None)
            column = column.cast(pa.timestamp("us", zone), safe=False)
            column = (
                column.cast(pa.timestamp("us", "UTC"))
                if zone
                else column.cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))
            )
        columns[name] = column
    if not columns:
        columns["aval:row"] = pa.chunked_array([pa.nulls(table.num_rows, pa.int8())])
    return pa.table(columns)


def sums(
    table: pa.Table, plan: Plan, by: Sequence[str] = ()
) -> dict[Keys, tuple[Totals, tuple[float | None, ...]]]:
    """Sum the terms over a prepared table, in all or by columns; raise `Invalid` where it cannot be worked out."""
    import ibis  # noqa: PLC0415

    try:
        return formula_ibis.totals(ibis.memtable(table), plan, by=by)
    except Exception as error:
        if type(error).__module__.split(".")[0] not in ("duckdb", "_duckdb", "ibis"):
            raise
        raise Invalid(
            "kpi.formula.engine",
            N_("The formula cannot be worked out over these rows: {reason}."),
            fix=N_("Look at the values it multiplies or divides."),
            field="formula",
            reason=str(error).splitlines()[0][:200].rstrip("."),
        ) from error


def evaluate(table: pa.Table, plan: Plan, *, seed: int = 0) -> Estimate:
    """Evaluate a formula over all rows of a table whose columns it was read with."""
    held = prepared(table, plan)
    found, whole = sums(held, plan)[()]
    if plan.adds_up:
        return intervals.from_totals(plan, found)
    return estimate_whole(held, plan, found, whole, seed=seed)


def estimate_whole(
    held: pa.Table, plan: Plan, found: Totals, whole: tuple[float | None, ...], *, seed: int = 0
) -> Estimate:
    """Estimate a formula that needs its rows, from a prepared table and what was summed of it."""
    import ibis  # noqa: PLC0415

    value = plan.result(found, whole).value
    rows = formula_ibis.row_values(ibis.memtable(held), plan)
    drawn = [_numbers(one) for one in rows.columns]
    return intervals.from_rows(plan, value, drawn, found.n, seed)


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    if kind_of(column.type) in (Kind.NUMBER, Kind.BOOLEAN):
        return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
    return np.where(np.asarray(pc.is_valid(column)), 1.0, np.nan)
