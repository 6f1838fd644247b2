"""`aval evaluate` and `aval doctor`: what a server would find, and how well this machine holds a model in; no store."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import click

from core.assets.datasets.reading import read_table, require_column
from core.assets.intake import assessing, doctor, formats, reading
from core.assets.intake.assessing import Assessed
from core.assets.intake.matching import Claims, as_text
from core.assets.intake.measuring import Question
from core.assets.intake.reading import Read
from core.assets.intake.runner import Runner
from core.assets.intake.verdict import VERDICT_NAMES, Verdict
from core.assets.registry.usecase import TASK_NAMES, Task
from core.errors import Invalid
from core.i18n import N_, _, number
from core.settings import Settings


@click.command("evaluate")
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("table", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--label", "label_column", required=True, help="Column of what truly happened.")
@click.option("--positive", "positive_label", default="", help="The label that counts as positive, of two.")
@click.option(
    "--threshold", type=click.FloatRange(0, 1), help="A score that counts as positive; 0.5 without it."
)
@click.option(
    "--map", "mapped", multiple=True, metavar="FEATURE=COLUMN", help="A feature called otherwise there."
)
@click.option("--json", "as_json", is_flag=True, help="Everything that was found, as JSON.")
def evaluate_command(
    model: Path,
    table: Path,
    label_column: str,
    positive_label: str,
    threshold: float | None,
    mapped: tuple[str, ...],
    as_json: bool,
) -> None:
    """Evaluate MODEL on TABLE in isolation, as the server would, without one.

    The task follows from the model: classes of two or more, or a quantity.
    """
    settings = Settings.from_environment()
    with model.open("rb") as file:
        kind = formats.recognise(file, name=model.name)
    if kind in formats.EVIDENCE_ONLY:
        raise Invalid(
            "evaluate.evidence_only",
            N_("Aval does not load {name}: upload it with a column of its scores."),
            fix=N_("Send the model as ONNX or skops to have it evaluated."),
            name=model.name,
        )
    rows = read_table(table, name=table.name)
    require_column(label_column, [str(c) for c in rows.columns], name=table.name)
    runner = Runner(memory=int(settings.runner_mib) << 20, seconds=float(settings.runner_seconds))
    with runner:
        read = reading.judged(runner, model, kind.value)
        if read.refusal is not None:
            raise read.refusal
        if read.verdict is not Verdict.KNOWN:
            _require_full(runner, read)
        claims = Claims.read(runner.inspect(model, kind.value, trusted=read.trusted).meta)
        question = Question(_task(claims), label_column, positive_label, threshold, mapping=_mapping(mapped))
        found = assessing.assess(
            runner, model, kind.value, rows, question, trusted=read.trusted, claims=claims
        )
        level = runner.level
    if as_json:
        click.echo(json.dumps(_facts(found, read, kind.value, question.task, level), indent=1))
    else:
        _show(found, read, question.task, level)


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
@click.pass_context
def doctor_command(ctx: click.Context, as_json: bool) -> None:
    """Try every way out of the isolated runner and say whether it was closed; exit status 1 where one was open."""
    settings = Settings.from_environment()
    with (
        tempfile.TemporaryDirectory(prefix="aval-doctor-") as folder,
        Runner(memory=int(settings.runner_mib) << 20, seconds=float(settings.runner_seconds)) as runner,
    ):
        found = doctor.examine(runner, Path(folder))
    if as_json:
        probes = {p.name: {"held": p.held, "said": p.said} for p in found.probes}
        libraries = dict(found.libraries)
        click.echo(json.dumps({"isolation": found.level, "probes": probes, "libraries": libraries}, indent=1))
    else:
        for probe in found.probes:
            click.echo(f"{_('held') if probe.held else _('OPEN'):<8} {probe.name:<34} {probe.said}")
        for name, version in found.libraries.items():
            click.echo(f"{name:<43} {version or _('not installed: pip install aval[boosters]')}")
        click.echo(_("isolation: {level}", level=found.level))
    ctx.exit(0 if found.sound else 1)


def _require_full(runner: Runner, read: Read) -> None:
    """Go on with unknown names only where the child is fully locked, and say which they are."""
    names = ", ".join(read.unknown[:20])
    if runner.level == "basic":
        raise Invalid(
            "artifact.review_basic",
            N_(
                "The file asks for names beyond the list, and this machine can isolate it in a basic way only."
            ),
            fix=N_("Save the model with scikit-learn's own parts only, or run Aval on Linux."),
        )
    click.echo(_("A server would ask a reviewer about: {names}", names=names), err=True)


def _task(claims: Claims) -> Task:
    if not claims.classifier:
        return Task.REGRESSION
    return Task.BINARY if len(claims.classes) == 2 else Task.MULTICLASS


def _mapping(mapped: tuple[str, ...]) -> dict[str, str]:
    pairs = [text.partition("=") for text in mapped]
    if any(not feature or not column for feature, _equals, column in pairs):
        raise click.BadParameter("FEATURE=COLUMN", param_hint="--map")
    return {feature: column for feature, _equals, column in pairs}


def _facts(found: Assessed, read: Read, kind: str, task: Task, level: str) -> Mapping[str, object]:
    agreement = found.agreement
    confusion = found.measured.confusion
    return {
        "format": kind,
        "verdict": read.verdict.value,
        "isolation": level,
        "task": task.value,
        "type": found.type,
        "rows": found.rows,
        "unlabelled": found.unlabelled,
        "features": list(found.signature.names),
        "classes": [as_text(c) for c in found.signature.classes],
        "threshold": found.measured.threshold,
        "metrics": {name: metric.to_json() for name, metric in found.measured.metrics.items()},
        "confusion": None
        if confusion is None
        else {"labels": list(confusion.labels), "counts": [list(row) for row in confusion.counts]},
        "latency_p50_ms": found.latency_p50_ms,
        "latency_p95_ms": found.latency_p95_ms,
        "memory_mb": found.memory_mb,
        "reproducible": agreement is None or agreement.exact,
        "differing_rows": 0 if agreement is None else agreement.rows,
        "largest_difference": 0.0 if agreement is None else agreement.largest,
        "warnings": list(found.warnings),
        "origin": dict(read.facts),
    }


def _show(found: Assessed, read: Read, task: Task, level: str) -> None:
    click.echo(f"{found.type} · {_(TASK_NAMES[task])} · {_(VERDICT_NAMES[read.verdict])}")
    click.echo(_("{rows} rows · isolation: {level}", rows=number(found.rows), level=level))
    for name, metric in found.measured.metrics.items():
        interval = f"({number(metric.low, 4)} – {number(metric.high, 4)})"
        click.echo(f"  {name:<20} {number(metric.value, 4):>12}  {interval}")
    p50, p95 = number(found.latency_p50_ms, 2), number(found.latency_p95_ms, 2)
    click.echo(_("latency per row: half within {p50} ms, 95 % within {p95} ms", p50=p50, p95=p95))
    click.echo(_("memory: {mib} MiB", mib=number(found.memory_mb, 0)))
    agreement = found.agreement
    if agreement is None or agreement.exact:
        click.echo(_("reproducible: two isolated loads agree bit for bit"))
    else:
        largest = f"{agreement.largest:.3g}"
        click.echo(
            _("NOT reproducible: {n} rows differ, at most by {largest}", n=agreement.rows, largest=largest)
        )
    for warning in found.warnings:
        click.echo(_("warning: {text}", text=warning), err=True)
