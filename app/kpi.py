"""`aval kpi`: work a formula out over a file without a server; list and import definitions."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from core.errors import AvalError
from core.i18n import _, number

if TYPE_CHECKING:
    import pyarrow as pa

    from core.evidence.kpis.formula import Formula
    from core.evidence.kpis.intervals import Estimate
    from core.evidence.monitoring.sources import Source

_HELP = """Work a KPI formula out over a table, Parquet or CSV, on this machine alone.

A formula is one number out of many rows:

\b
  sum(case when approved then 0.031 * amount else 0 end)
  share(defaulted and amount > 10000)
  sum(amount) / count(distinct customer)

\b
Exit status: 0 a value, 1 no value can be computed, 2 a formula or table that cannot be taken.
"""


@click.group("kpi")
def kpi() -> None:
    """Work KPI formulas out, list and import definitions."""


@kpi.command("evaluate", help=_HELP, short_help="Work a formula out over a file; no server needed.")
@click.option("--formula", required=True, metavar="F", help="The formula; @FILE reads it from a file.")
@click.option(
    "--table", required=True, metavar="FILE", type=click.Path(path_type=Path), help="Parquet or CSV."
)
@click.option(
    "--unit", "units", multiple=True, metavar="COLUMN=UNIT", help="A column's unit, such as amount=BRL."
)
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON, unrounded.")
def evaluate_command(formula: str, table: Path, units: tuple[str, ...], as_json: bool) -> None:
    """Work a formula out over a file."""
    from core.evidence.kpis import evaluating  # noqa: PLC0415
    from core.evidence.kpis.formula import unit_named  # noqa: PLC0415
    from core.evidence.kpis.formula_error import FormulaError  # noqa: PLC0415
    from core.evidence.kpis.formula_plan import plan  # noqa: PLC0415
    from core.evidence.kpis.formula_reading import read_formula  # noqa: PLC0415
    from core.evidence.monitoring.sources import open_source  # noqa: PLC0415

    try:
        source = open_source(table)
        told = dict(one.partition("=")[::2] for one in units)
        known = evaluating.columns_of(source.schema, {name: unit_named(u) for name, u in told.items()})
        read = read_formula(_text(formula), known)
        names = read.columns or source.schema.names[:1]
        estimate = evaluating.evaluate(_read(source, names), plan(read))
    except FormulaError as error:
        if not as_json:
            click.echo(error.pointer(), err=True)
        _refuse(error, as_json=as_json)
    except AvalError as error:
        _refuse(error, as_json=as_json)
    click.echo(_as_json(read, estimate) if as_json else _as_text(read, estimate))
    if estimate.value is None:
        sys.exit(1)


def _read(source: "Source", names: Sequence[str]) -> "pa.Table":
    """Read some columns whole; text that came as codes is written out."""
    import pyarrow as pa  # noqa: PLC0415

    def column(name: str) -> pa.ChunkedArray:
        kind = source.type_of(name)
        chunks = [one.cast(kind) if pa.types.is_dictionary(one.type) else one for one in source.chunks(name)]
        return pa.chunked_array(chunks, kind)

    return pa.table({name: column(name) for name in names})


def _text(given: str) -> str:
    if not given.startswith("@"):
        return given
    try:
        return Path(given[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(str(error), param_hint="--formula") from error


def _as_json(read: "Formula", estimate: "Estimate") -> str:
    from core.evidence.kpis.formula import unit_text  # noqa: PLC0415
    from core.evidence.kpis.formula_words import in_words  # noqa: PLC0415

    return json.dumps(
        {
            "formula": read.text,
            "words": in_words(read),
            "value": estimate.value,
            "low": estimate.low,
            "high": estimate.high,
            "n": estimate.n,
            "method": estimate.method.value,
            "unit": unit_text(read.unit) if read.unit else "",
            "columns": list(read.columns),
        },
        ensure_ascii=False,
        indent=2,
    )


def _as_text(read: "Formula", estimate: "Estimate") -> str:
    from core.evidence.kpis.formula import unit_text  # noqa: PLC0415
    from core.evidence.kpis.formula_words import in_words  # noqa: PLC0415
    from core.evidence.kpis.intervals import METHOD_NAMES, Method  # noqa: PLC0415

    lines = [in_words(read), ""]
    n = _("n = {n}", n=number(estimate.n, 0))
    if estimate.value is None:
        lines.append(_("No value: no row brings one, or it divides by zero.") + f" {n}")
        return "\n".join(lines)
    unit = f" {unit_text(read.unit)}" if read.unit else ""
    lines.append(f"{_figure(estimate.value)}{unit}")
    if estimate.method != Method.NONE and estimate.low is not None and estimate.high is not None:
        bounds = f"[{_figure(estimate.low)}; {_figure(estimate.high)}]"
        lines.append(
            _("95 % interval {bounds}, {method}", bounds=bounds, method=_(METHOD_NAMES[estimate.method]))
        )
    lines.append(n)
    return "\n".join(lines)


def _figure(value: float) -> str:
    return number(round(value, 6), 2 if abs(value) >= 100 else None)


def _refuse(error: AvalError, *, as_json: bool = False) -> NoReturn:
    if as_json:
        told = {"code": error.code, "error": error.text(), "fix": error.fix_text()}
        if "position" in error.params:
            told["position"] = error.params["position"]  # type: ignore[assignment]
        click.echo(json.dumps(told, ensure_ascii=False), err=True)
    else:
        click.echo(_("Error: {text}", text=error.text()), err=True)
        if error.fix_text():
            click.echo(error.fix_text(), err=True)
    sys.exit(2)
