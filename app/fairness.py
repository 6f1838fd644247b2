"""`aval fairness TABLE`: groups side by side from a table alone, without a server or a store."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
import pandas as pd

from core.assets.datasets.reading import read_table, require_column
from core.errors import Invalid
from core.evidence.fairness import presets, report, words
from core.evidence.fairness.groups import as_text
from core.evidence.fairness.report import Outcomes, Report
from core.evidence.fairness.written import to_json
from core.i18n import N_, _, number

_HELP = """Compare groups of people in TABLE, CSV or Parquet: rates, gaps and how sure they are.

TABLE holds one row per case with the label, the model's prediction or its score, and the protected attributes; nothing is
stored or sent. Two attributes or more are also crossed two by two. A group under 30 rows is hidden, with its size.

\b
Examples:
  aval fairness cases.csv --label hired --prediction advised --protected sex --protected race
  aval fairness cases.csv --label default --score probability --threshold 0.3 --favourable 0 \\
      --protected raca --preset brazil --json
  aval fairness prices.parquet --label price --prediction estimate --quantity --protected region

\b
Exit status: 0 within the lines of the preset, 1 beyond one (with --strict also where it is not certain), 2 bad input.
"""


@click.command("fairness", help=_HELP, short_help="Compare groups of people in a table.")
@click.argument("table", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--label", required=True, metavar="COLUMN", help="What truly happened.")
@click.option("--prediction", metavar="COLUMN", help="What the model decided.")
@click.option("--score", metavar="COLUMN", help="The probability of the positive label.")
@click.option("--threshold", type=click.FloatRange(0, 1), default=0.5, show_default=True, help="For --score.")
@click.option("--protected", multiple=True, required=True, metavar="COLUMN", help="May be given again.")
@click.option("--positive", default="", metavar="VALUE", help="The label that --score is the probability of.")
@click.option("--favourable", default="", metavar="VALUE", help="The label that is good for the person.")
@click.option("--quantity", is_flag=True, help="Label and prediction are quantities, not classes.")
@click.option(
    "--preset", default=presets.DEFAULT, show_default=True, type=click.Choice(sorted(presets.presets()))
)
@click.option("--json", "as_json", is_flag=True, help="Everything, unrounded.")
@click.option("--strict", is_flag=True, help="End with 1 also where a gap beyond a line is not certain.")
@click.pass_context
def fairness_command(
    ctx: click.Context,
    table: Path,
    label: str,
    prediction: str | None,
    score: str | None,
    threshold: float,
    protected: tuple[str, ...],
    positive: str,
    favourable: str,
    quantity: bool,
    preset: str,
    as_json: bool,
    strict: bool,
) -> None:
    """Compare groups of people in a table."""
    rows = read_table(table, name=table.name)
    named = [label, *protected, *(c for c in (prediction, score) if c)]
    for column in named:
        require_column(column, [str(c) for c in rows.columns], name=table.name)
    rows = rows.loc[rows[label].notna()].reset_index(drop=True)
    if quantity:
        outcomes = _quantities(rows, label, prediction)
    else:
        outcomes = _classes(rows, label, prediction, score, threshold, positive, favourable)
    chosen = presets.preset(preset)
    found = report.build(outcomes, rows[list(dict.fromkeys(protected))], chosen)
    state, sentence = words.verdict(chosen, found.single)
    if as_json:
        click.echo(json.dumps({"preset": preset, "verdict": state, "said": sentence, **to_json(found)}))
    else:
        _show(found, chosen, sentence)
    ctx.exit(1 if state == "beyond" or (strict and chosen.crossings(found.single)) else 0)


def _quantities(rows: pd.DataFrame, label: str, prediction: str | None) -> Outcomes:
    if prediction is None:
        raise Invalid(
            "fairness.no_prediction",
            N_("Name the column of the predicted quantities."),
            fix=N_("Add --prediction COLUMN."),
        )
    return Outcomes(values=_numbers(rows[label]), predicted=_numbers(rows[prediction]))


def _classes(
    rows: pd.DataFrame,
    label: str,
    prediction: str | None,
    score: str | None,
    threshold: float,
    positive: str,
    favourable: str,
) -> Outcomes:
    """Read labels and decisions; of two classes the later in order is positive unless it is named."""
    labels = rows[label].map(as_text)
    classes = sorted(labels.unique())
    if prediction is None and score is None:
        raise Invalid(
            "fairness.no_prediction",
            N_("Name the column of the decisions, or that of the scores."),
            fix=N_("Add --prediction COLUMN or --score COLUMN."),
        )
    event = _known(positive or classes[-1], classes)
    good = _known(favourable or event, classes)
    if score is None:
        said = rows[prediction].map(as_text)
        return Outcomes(truth=(labels == good).to_numpy(bool), said=(said == good).to_numpy(bool))
    if len(classes) > 2:
        raise Invalid(
            "fairness.many_classes",
            N_("A score says nothing of {n} classes."),
            fix=N_("Name the decisions instead, with --prediction COLUMN."),
            n=len(classes),
        )
    scores = _numbers(rows[score])
    reached = scores >= threshold
    is_event = good == event
    return Outcomes(
        truth=(labels == good).to_numpy(bool),
        said=reached if is_event else ~reached,
        probability=scores,
        event_favourable=is_event,
    )


def _known(value: str, classes: Sequence[str]) -> str:
    if value not in classes:
        raise Invalid(
            "fairness.label",
            N_("No label is {value}."),
            fix=N_("The labels are: {classes}."),
            value=value,
            classes=", ".join(classes[:20]),
        )
    return value


def _numbers(column: pd.Series) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    found = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    bad = int(np.isnan(found).sum())
    if bad:
        raise Invalid(
            "fairness.numbers",
            N_("{n} cells of {column} are no numbers."),
            fix=N_("Fill them, or leave those rows out."),
            column=str(column.name),
            n=bad,
        )
    return np.asarray(found)


def _show(found: Report, preset: presets.Preset, sentence: str) -> None:
    click.echo(f"{preset.name}: {sentence}")
    for one in (*found.single, *found.crossed):
        click.echo(f"\n{words.attribute_name(one.attributes)}")
        for group in sorted(one.groups, key=lambda g: (g.hidden, -g.n)):
            name = f"  {words.group_name(group.name):<34} n = {number(group.n, 0):>9}"
            told = "  ".join(
                f"{metric.value} {words.amount(metric, f.value)} [{words.interval(metric, f)}]"
                for metric, f in group.figures.items()
                if not math.isnan(f.value)
            )
            click.echo(f"{name}  {told or _('hidden')}")
        for gap in one.gaps:
            limit = preset.limit(gap.metric)
            mark = "" if limit is None else f"  ({words.line_text(limit)})"
            click.echo(f"  {words.gap_text(one.attributes, gap)}{mark}")
    click.echo(f"\n{words.multiplicity(found)}")
    if found.skipped:
        click.echo(_("Too many values to be groups: {names}", names=", ".join(found.skipped)), err=True)
