"""`aval kpi`: work a formula out over a file without a server; list and import definitions."""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from app.cli import existing_store, where
from core.errors import AvalError, NotFound
from core.i18n import N_, _, number

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


@kpi.command("list")
@where
@click.option("--use-case", help="Only this one, by its name in addresses.")
def list_command(folder: str | None, database_url: str | None, use_case: str | None) -> None:
    """Write every KPI in force as TOML, as `aval kpi import` reads it."""
    from core.assets.registry import queries as registry  # noqa: PLC0415
    from core.evidence.kpis import queries, written  # noqa: PLC0415
    from core.platform.access import queries as access  # noqa: PLC0415

    store = existing_store(folder, database_url)
    with store.reading() as view:
        slugs = {one.id: one.slug for one in registry.use_cases(view)}
        wanted = registry.use_case(view, use_case).id if use_case else None
        emails = {one.id: one.email for one in access.people(view)}
        held = [
            written.Written(slugs[one.use_case_id], emails.get(one.definition.owner_id, ""), one.definition)
            for one in queries.kpis(view, wanted)
        ]
    click.echo(written.write(held), nl=False)


@kpi.command("import")
@where
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--as", "email", required=True, help="E-mail of who proposes; a second person approves on the page."
)
def import_command(folder: str | None, database_url: str | None, file: Path, email: str) -> None:
    """Propose the definitions of a TOML file: new ones, and changes of those that a name is known of."""
    from core.assets.registry import queries as registry  # noqa: PLC0415
    from core.evidence.kpis import commands, queries, written  # noqa: PLC0415
    from core.platform.access import queries as access  # noqa: PLC0415

    store = existing_store(folder, database_url)
    wanted = written.read(file.read_text(encoding="utf-8"))
    with store.reading() as view:
        people = {one.email: one.id for one in access.people(view) if not one.disabled}
        for address in (email, *(one.owner for one in wanted)):
            if address not in people:
                raise NotFound("kpi.import_person", N_("Nobody here has the e-mail {email}."), email=address)
        actor = access.actor(view, people[email], "cli")
        known = {(one.use_case_id, one.definition.name): one for one in queries.kpis(view)}
    with store.unit_of_work(actor) as uow:
        for one in wanted:
            case = registry.use_case(uow.session, one.use_case)
            definition = replace(one.definition, owner_id=people[one.owner])
            held = known.get((case.id, definition.name))
            if held is not None and held.definition == replace(
                definition, counter_metric=held.definition.counter_metric
            ):
                click.echo(_("{name}: stands as it is.", name=definition.name))
            elif held is not None:
                commands.revise_kpi(uow, held.id, definition)
                click.echo(_("{name}: a change is proposed.", name=definition.name))
            else:
                commands.define_kpi(uow, case.id, definition)
                click.echo(_("{name}: proposed.", name=definition.name))


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
