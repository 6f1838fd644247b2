"""`aval explain`: exact attributions of a model's rows, held against the model itself; no server and no store."""

import io
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.assets.datasets.reading import nearest, read_table
from core.assets.intake import formats, matching, reading
from core.assets.intake.matching import Claims
from core.assets.intake.reading import Read
from core.assets.intake.runner import Runner
from core.assets.intake.verdict import Verdict
from core.assets.registry.usecase import Task
from core.errors import Invalid
from core.evidence.explain import asking, sampling
from core.evidence.explain.asking import Answer, Wanted
from core.evidence.explain.terms import Question
from core.evidence.explain.words import FALLBACK_REASONS, METHOD_NAMES, QUESTION_NAMES, significant
from core.i18n import N_, _, number
from core.settings import Settings

QUESTIONS = {"path": Question.PATH, "interventional": Question.INTERVENTIONAL}
BACKGROUND = 5_000


@dataclass(frozen=True, slots=True)
class Explained:
    """An answer with the names of its columns."""

    answer: Answer
    features: tuple[str, ...]
    ignored: tuple[str, ...]


@click.command("explain")
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("table", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--rows", type=click.IntRange(1), help="Only the first so many rows; the others are background."
)
@click.option("--class", "label", default="", help="The class to explain; the second one without it.")
@click.option(
    "--question", type=click.Choice(list(QUESTIONS)), help="Which of the two value functions of trees."
)
@click.option("--without", multiple=True, metavar="COLUMN", help="A column that is no feature of the model.")
@click.option(
    "--json", "as_json", is_flag=True, help="Features, values, base, unit, method and error as JSON."
)
@click.option("--parquet", "as_parquet", is_flag=True, help="The values as Parquet.")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write there, not to the screen."
)
def explain_command(
    model: Path,
    table: Path,
    rows: int | None,
    label: str,
    question: str | None,
    without: tuple[str, ...],
    as_json: bool,
    as_parquet: bool,
    output: Path | None,
) -> None:
    """Explain MODEL on the rows of TABLE in isolation.

    Values are Shapley values in the table's own columns. Each row is held against the model's own output: base plus
    values equals it within 1e-5, or the command ends with status 1. Extra columns are listed and left out.
    """
    if as_json and as_parquet:
        raise click.UsageError(_("Choose one of --json and --parquet."))
    if as_parquet and output is None and sys.stdout.isatty():
        raise click.UsageError(_("Name a file with --output, or send the Parquet elsewhere with > FILE."))
    wanted = Wanted(label=label, question=QUESTIONS.get(question or ""))
    found = explain(model, read_table(table, name=table.name), wanted, rows=rows, without=without)
    for text in remarks(found, wanted):
        click.echo(text, err=True)
    if as_json:
        _write(output, (json.dumps(_facts(found), indent=1) + "\n").encode())
    elif as_parquet:
        _write(output, _parquet(found))
    else:
        _show(found)
    if not found.answer.holds:
        sys.exit(1)


def explain(
    model: Path, table: pd.DataFrame, wanted: Wanted, *, rows: int | None = None, without: Sequence[str] = ()
) -> Explained:
    """Explain the first rows of a table; raise `Invalid` with the column at fault and the fix."""
    settings = Settings.from_environment()
    with model.open("rb") as file:
        kind = formats.recognise(file, name=model.name)
    if kind in formats.EVIDENCE_ONLY:
        raise Invalid(
            "explain.evidence_only",
            N_("Aval does not load {name}, so it cannot explain it."),
            fix=N_("Send the model as ONNX or skops to have it explained."),
            name=model.name,
        )
    for column in without:
        if column not in table.columns:
            raise Invalid(
                "explain.column_unknown",
                N_("The table has no column {column}."),
                fix=N_("Did you mean {near}?") if nearest(column, map(str, table.columns)) else "",
                column=column,
                near=nearest(column, map(str, table.columns)),
            )
    tasks = ("core.evidence.explain.isolated",)
    with Runner(
        tasks, memory=int(settings.runner_mib) << 20, seconds=float(settings.runner_seconds)
    ) as runner:
        read = reading.judged(runner, model, kind.value)
        if read.refusal is not None:
            raise read.refusal
        if read.verdict is not Verdict.KNOWN:
            _require_full(runner, read)
        claims = Claims.read(runner.inspect(model, kind.value, trusted=read.trusted).meta)
        features = _features(claims, table.drop(columns=list(without)))
        _require_class(claims, wanted.label)
        frame = table[list(features)]
        background = frame.iloc[sampling.background(len(frame), most=BACKGROUND)]
        few = frame if rows is None else frame.head(rows)
        answer = asking.ask(runner, model, kind.value, read.trusted, few, background, wanted)
    ignored = tuple(str(c) for c in table.columns if str(c) not in features)
    return Explained(answer, features, ignored)


def remarks(found: Explained, wanted: Wanted) -> list[str]:
    """What a reader of the numbers must know beside them."""
    answer = found.answer
    texts = []
    if found.ignored:
        texts.append(_("ignored columns: {names}", names=", ".join(found.ignored)))
    if answer.fallback:
        texts.append(_(FALLBACK_REASONS[answer.fallback]))
    if wanted.question and wanted.question is not answer.question:
        texts.append(
            _(
                "These values are {question}: the model has no other.",
                question=_(QUESTION_NAMES[answer.question]),
            )
        )
    if not answer.holds:
        texts.append(
            _(
                "These values do not add up to the model's output (off by up to {error}): do not use them in a letter.",
                error=significant(answer.max_error, 2),
            )
        )
    return texts


def _features(claims: Claims, table: pd.DataFrame) -> tuple[str, ...]:
    """The model's features in its order, whatever the order of the table. Raise `Invalid` naming what is missing."""
    task = Task.REGRESSION
    if claims.classifier:
        task = Task.BINARY if len(claims.classes) == 2 else Task.MULTICLASS
    return matching.signature(claims, task, table, "", (), {}).names


def _require_class(claims: Claims, label: str) -> None:
    if label and claims.classifier and label not in claims.classes:
        raise Invalid(
            "explain.class_unknown",
            N_("The model has no class {label}."),
            fix=N_("Its classes are {classes}."),
            label=label,
            classes=", ".join(claims.classes[:20]),
        )


def _require_full(runner: Runner, read: Read) -> None:
    if runner.level == "basic":
        raise Invalid(
            "artifact.review_basic",
            N_(
                "The file asks for names beyond the list, and this machine can isolate it in a basic way only."
            ),
            fix=N_("Save the model with scikit-learn's own parts only, or run Aval on Linux."),
        )
    names = ", ".join(read.unknown[:20])
    click.echo(_("A server would ask a reviewer about: {names}", names=names), err=True)


def _facts(found: Explained) -> Mapping[str, object]:
    answer = found.answer
    return {
        "features": list(found.features),
        "values": answer.values.tolist(),
        "base": answer.base,
        "scores": answer.scores.tolist(),
        "unit": answer.unit.value,
        "method": answer.method.value,
        "question": answer.question.value,
        "class": answer.label,
        "max_error": answer.max_error,
        "holds": answer.holds,
        "standard_error": float(answer.errors.max(initial=0.0)),
        "background": answer.background,
        "fallback": answer.fallback.value if answer.fallback else "",
        "ignored": list(found.ignored),
    }


def _parquet(found: Explained) -> bytes:
    """Rows with score, base and values as float64; the rest of the facts in the file's metadata."""
    answer = found.answer
    table = pd.DataFrame(answer.values, columns=[f"phi:{name}" for name in found.features])
    table.insert(0, "score", answer.scores)
    table.insert(1, "base", np.full(len(table), answer.base))
    facts = {k: v for k, v in _facts(found).items() if k not in {"values", "scores"}}
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    arrow = arrow.replace_schema_metadata(
        {**(arrow.schema.metadata or {}), b"aval": json.dumps(facts).encode()}
    )
    buffer = io.BytesIO()
    pq.write_table(arrow, buffer)
    return buffer.getvalue()


def _write(output: Path | None, content: bytes) -> None:
    if output is None:
        click.echo(content, nl=False)
    else:
        output.write_bytes(content)


def _show(found: Explained) -> None:
    answer = found.answer
    click.echo(
        f"{_(METHOD_NAMES[answer.method])} · {_(QUESTION_NAMES[answer.question])} · {answer.unit.value}"
    )
    rows = number(len(answer.scores))
    click.echo(
        _(
            "{rows} rows · base {base} · largest error {error}",
            rows=rows,
            base=significant(answer.base),
            error=f"{answer.max_error:.1e}",
        )
    )
    size = np.abs(answer.values).mean(axis=0)
    for position in np.argsort(-size, kind="stable")[:20]:
        click.echo(f"  {found.features[position]:<32} {significant(float(size[position])):>12}")
