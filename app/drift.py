"""`aval drift REFERENCE CURRENT`: what changed between two files, without a server or a store."""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from core.errors import AvalError
from core.evidence.monitoring.processor import prefer_fast_sort
from core.i18n import _, ngettext, number, percent

if TYPE_CHECKING:
    from app.drift_report import Report
    from core.evidence.monitoring.conditions import Broken
    from core.evidence.monitoring.judgement import Judged

_HELP = """Compare two tables, Parquet or CSV: which columns drifted, worst first, and why.

Runs on this machine alone, exactly, one column at a time; nothing is stored or sent. Columns are compared by name.

\b
--fail-on takes a rule and may be given again; any broken one ends with exit status 1:
  psi>0.2               any column's PSI is above 0.2
  any:ks>0.1            the same as ks>0.1
  income:psi>0.1        only the column income
  missing>5%            more than 5 % of a column is missing in CURRENT
  missing_rise>0.02     its share of missing values rose by more than 0.02
  type_change           a column's kind of value changed (the same as type_change>0)
  drifted_share>30%     more than 30 % of the columns drifted by the shipped limits

\b
Of columns: psi js hellinger ks p_value wasserstein wasserstein_normed chi2 linf missing missing_rise new_share
vanished_share out_of_range new vanished constant type_change
Of the whole: drifted drifted_share added_columns removed_columns repeated_rows rows
With --joint: correlation_change reconstruction domain_auc; with --target: target_change

\b
Exit status: 0 no rule broken, 1 a rule is broken, 2 input that cannot be compared.
"""


def _refuse(error: AvalError) -> NoReturn:
    click.echo(_("Error: {text}", text=error.text()), err=True)
    if error.fix_text():
        click.echo(error.fix_text(), err=True)
    sys.exit(2)


@click.command("drift", help=_HELP, short_help="Compare two files.")
@click.argument("reference", type=click.Path(path_type=Path))
@click.argument("current", type=click.Path(path_type=Path))
@click.option("--json", "form", flag_value="json", help="Every statistic unrounded, with its named variant.")
@click.option("--html", "form", flag_value="html", help="One page that loads nothing from elsewhere.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write there instead.")
@click.option("--fail-on", "rules", multiple=True, metavar="RULE", help="End with 1 when broken; see above.")
@click.option("--columns", metavar="NAMES", help="Compare only these, separated by commas.")
@click.option("--ignore", metavar="NAMES", help="Leave these out, separated by commas.")
@click.option("--target", metavar="COLUMN", help="Also how each column's link with this one changed.")
@click.option("--joint", is_flag=True, help="Also correlations, reconstruction error and domain classifier.")
@click.option("--all", "everything", is_flag=True, help="List the steady columns too.")
@click.option("--threads", type=click.IntRange(1, 64), help="Threads; as many as processors by default.")
def drift_command(
    reference: Path,
    current: Path,
    form: str | None,
    output: Path | None,
    rules: Sequence[str],
    columns: str | None,
    ignore: str | None,
    target: str | None,
    joint: bool,
    everything: bool,
    threads: int | None,
) -> None:
    """Compare two files."""
    prefer_fast_sort()
    from app import drift_report  # noqa: PLC0415 - numpy loads only after the choice above
    from core.evidence.monitoring import conditions  # noqa: PLC0415

    try:
        asked = [conditions.parse(rule) for rule in rules]
        report = drift_report.build(
            reference,
            current,
            only=_names(columns),
            ignored=_names(ignore),
            target=target,
            joint=joint,
            threads=threads,
            limits=(resources.files("data") / "monitoring" / "comparison.toml").read_text(),
        )
        broken = conditions.check(asked, [one.column for one in report.judged], report.facts)
    except AvalError as error:
        _refuse(error)
    writers: Mapping[str | None, Callable[[], str]] = {
        "json": lambda: drift_report.as_json(report, broken),
        "html": lambda: drift_report.as_html(report, broken),
        None: lambda: _as_text(report, broken, everything=everything),
    }
    written = writers[form]()
    if output:
        try:
            output.write_text(written + "\n", encoding="utf-8")
        except OSError as error:
            click.echo(_("Error: {text}", text=str(error)), err=True)
            sys.exit(2)
        click.echo(_("Written to {path}.", path=str(output)), err=True)
    else:
        click.echo(written)
    if form or output:
        for one in broken:
            click.echo(_sentence(one), err=True)
    if broken:
        sys.exit(1)


def _names(given: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in given.split(",") if name.strip()) if given else ()


def _as_text(report: "Report", broken: Sequence["Broken"], *, everything: bool) -> str:
    from core.evidence.monitoring.judgement import VERDICT_NAMES, Verdict  # noqa: PLC0415

    lines = [
        _(
            "{reference} ({before} rows) against {current} ({after} rows)",
            reference=report.names[0],
            before=number(report.rows[0]),
            current=report.names[1],
            after=number(report.rows[1]),
        ),
        "",
    ]
    shown = [one for one in report.judged if everything or one.verdict in (Verdict.DRIFTED, Verdict.SMALL)]
    if shown:
        head = (_("Column"), _("Verdict"), _("PSI"), _("KS or L∞"), _("Missing"), _("What changed"))
        rows = [head, *(_row(one, _(VERDICT_NAMES[one.verdict])) for one in shown)]
        widths = [max(len(row[i]) for row in rows) for i in range(5)]
        right = {2, 3}
        for at, row in enumerate(rows):
            cells = [row[i].rjust(w) if i in right else row[i].ljust(w) for i, w in enumerate(widths)]
            drifted = at > 0 and shown[at - 1].verdict == Verdict.DRIFTED
            cells[1] = click.style(cells[1], bold=True, fg="red") if drifted else cells[1]
            lines.append("  ".join([*cells, row[5]]).rstrip())
        lines.append("")
    found = sum(one.verdict == Verdict.DRIFTED for one in report.judged)
    lines.append(
        ngettext("{n} column compared", "{n} columns compared", len(report.judged))
        + ": "
        + ngettext("{n} drifted.", "{n} drifted.", found)
    )
    lines += _of_tables(report)
    lines += [click.style(_sentence(one), fg="red") for one in broken]
    return "\n".join(lines)


def _row(one: "Judged", verdict: str) -> tuple[str, ...]:
    statistics = {key.value: value for key, value in one.column.statistics.items()}
    gap = statistics.get("ks", statistics.get("linf"))
    before, after = (gone / n for gone, n in zip(one.column.missing, one.column.rows, strict=True))
    name = one.column.name if len(one.column.name) <= 32 else one.column.name[:31] + "…"
    missing = f"{percent(before)} → {percent(after)}" if before or after else "–"
    return name, verdict, _short(statistics.get("psi")), _short(gap), missing, one.words()


def _short(value: float | None) -> str:
    return "–" if value is None or value != value else number(value, 3)  # noqa: PLR0124 - NaN


def _of_tables(report: "Report") -> list[str]:
    lines = []
    if report.added:
        lines.append(_("Only in the current file: {columns}", columns=", ".join(report.added)))
    if report.removed:
        lines.append(_("Only in the reference: {columns}", columns=", ".join(report.removed)))
    if report.repeated[0] or report.repeated[1]:
        before, after = (percent(gone / n) for gone, n in zip(report.repeated, report.rows, strict=True))
        lines.append(_("Repeated rows: {before} → {after}", before=before, after=after))
    lines += [sentence for sentence in report.joint_words if sentence]
    return lines


def _sentence(one: "Broken") -> str:
    value = f"{one.value:.6g}"
    if one.column:
        return _(
            "Rule broken: {rule} ({column}: {value})", rule=one.condition.text, column=one.column, value=value
        )
    return _("Rule broken: {rule} ({value})", rule=one.condition.text, value=value)
