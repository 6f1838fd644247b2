"""The jobs of a retraining: take the snapshot, train in isolation, hand the result to intake, compare on later rows."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from sqlmodel import Session

from core.assets.datasets import commands as datasets_commands
from core.assets.datasets import queries as datasets
from core.assets.datasets.reading import to_parquet
from core.assets.datasets.schema import infer
from core.assets.intake import assessing
from core.assets.intake import commands as intake_commands
from core.assets.intake import queries as intake
from core.assets.intake.formats import Format
from core.assets.intake.matching import Claims
from core.assets.intake.measuring import Question
from core.assets.intake.runner import Runner
from core.assets.registry import queries as registry
from core.assets.registry.usecase import Task
from core.assets.registry.version import Version
from core.decisions.releases import answers, champion, paired
from core.decisions.retraining import commands, queries
from core.decisions.retraining.assembling import Assembled, Terms, assemble
from core.decisions.retraining.request import Compared, Result, Retraining, Snapshot, State
from core.errors import AvalError, Conflict, Invalid, Unavailable
from core.evidence.fairness import joining
from core.evidence.fairness import queries as fairness
from core.evidence.fairness.joining import Joined
from core.evidence.monitoring import logbook, replayed
from core.evidence.monitoring.logged import read_parts
from core.evidence.monitoring.significance import mean_interval
from core.evidence.worth import queries as worth
from core.evidence.worth.work import priced
from core.i18n import N_
from core.platform.access import queries as access
from core.platform.jobs.handling import JobContext
from core.platform.store import SYSTEM, Actor, Store, UnitOfWork

REFIT = "core.decisions.retraining.isolated:refit"
TRAINED_HERE = frozenset({Format.JOBLIB, Format.SKOPS})
SECONDS = 1_800.0
MOST_BYTES = 1 << 30
DRAWS = 1_000

Submit = Callable[[UnitOfWork, str, Version, Sequence[str]], str]
"""Freezes an upload like the champion's submission, with these protected columns; returns the new version's id."""


def run(context: JobContext, runner: Runner, submit: Submit) -> None:
    """Make the challenger of `payload["retraining_id"]` in the name of `payload["person_id"]`.

    What the run itself is to blame for fails the retraining with its reason; a runner that does not answer is tried
    again. One whose version stands already is left alone.
    """
    store, retraining_id = context.store, str(context.payload["retraining_id"])
    with store.reading() as view:
        wanted = queries.retraining(view, retraining_id)
        version = registry.version(view, wanted.champion)
        actor = access.actor(view, str(context.payload["person_id"]), "api")
    if wanted.state is not State.RUNNING or wanted.challenger:
        return
    try:
        _made(context, runner, submit, wanted, version, actor)
    except Unavailable:
        raise
    except AvalError as problem:
        with store.unit_of_work(SYSTEM) as uow:
            commands.fail(uow, retraining_id, problem)


def _made(
    context: JobContext, runner: Runner, submit: Submit, wanted: Retraining, version: Version, actor: Actor
) -> None:
    store = context.store
    if version.format not in TRAINED_HERE:
        raise Conflict(
            "retraining.not_here",
            N_("Aval trains scikit-learn pipelines anew; version {number} is a file of the format {format}."),
            fix=N_(
                "Propose it again with your own pipeline: it hears of the decision by webhook and answers here."
            ),
            number=version.number,
            format=version.format,
        )
    context.progress(0.05, N_("Taking the snapshot: evaluation data and logged rows with outcomes"))
    with store.reading() as view:
        case = registry.use_case_by_id(view, version.use_case_id)
        dataset = datasets.dataset(view, version.dataset_id)
        chain = _chain(view, version)
        logs = [logbook.parts_of(view, one.id) for one in chain]
        declared = fairness.apart(view, fairness.in_force(view, version))
        before = queries.made_by(view, version.id)
        in_force = queries.policy(view, version.use_case_id).policy
    complete = queries.complete_before(in_force, store.clock().date())
    unseen = before.snapshot.cut if before is not None and before.snapshot is not None else None
    terms = Terms(
        np.datetime64(complete) if complete is not None else None, np.datetime64(unseen) if unseen else None
    )
    rows = assembled(store, chain, logs, terms, declared)
    training = store.files.put_bytes(to_parquet(rows.training)).digest
    later = store.files.put_bytes(to_parquet(rows.later))
    snapshot = Snapshot(
        training, rows.reference, rows.logged, len(rows.later), *(str(d)[:10] for d in (rows.first, rows.cut, rows.last))
    )  # fmt: skip
    with store.unit_of_work(actor) as uow:
        datasets_commands.add_dataset(
            uow,
            digest=training,
            source_digest=training,
            name=f"{version.use_case_slug}-retraining",
            rows=len(rows.training),
            columns=infer(rows.training),
            protected=[name for name in dataset.protected if name in rows.training.columns],
            lawful_basis=case.lawful_basis,
        )
        commands.keep_snapshot(uow, wanted.id, snapshot)
    context.progress(0.2, N_("Training a copy of the approved pipeline in isolation"))
    names = list(version.signature.names)
    with tempfile.NamedTemporaryFile(suffix=".joblib") as target:
        runner.run(
            REFIT,
            store.files.path(version.artifact_digest),
            version.format,
            {"rows": rows.training[names], "label": rows.training[[version.label_column]]},
            {},
            trusted=version.names,
            timeout=SECONDS,
            output=Path(target.name),
            most_output=MOST_BYTES,
        )
        artifact = store.files.put_path(Path(target.name))
    context.progress(0.8, N_("Handing the file to the checks that every upload passes"))
    name = f"{version.model_name}-retrained.joblib"
    with store.unit_of_work(actor) as uow:
        draft = intake_commands.open_draft(uow)
    intake_commands.receive_file(store, actor, draft, "artifact", artifact, name)
    intake_commands.receive_file(
        store, actor, draft, "table", later, f"{version.use_case_slug}-later.parquet"
    )
    wanted_columns = (*dataset.protected, *(declared.attributes if declared else ()))
    protected = [column for column in dict.fromkeys(wanted_columns) if column in rows.later.columns]
    with store.unit_of_work(actor) as uow:
        commands.answer_with(uow, wanted.id, submit(uow, draft, version, protected), waits=State.RUNNING)


def assembled(
    store: Store,
    chain: Sequence[Version],
    logs: Sequence[logbook.Parts],
    terms: Terms,
    declared: Joined | None = None,
) -> Assembled:
    """Put the rows of a run together: the evaluation table of the first version in the chain, and the logs of all.

    `chain` ends with the champion; what its earlier versions were asked is not forgotten. The later rows carry the
    protected attributes that a table of their own joins to them; nothing is trained on those. Raise `Conflict`.
    """
    first, version = chain[0], chain[-1]
    label = version.label_column
    table = datasets.frame(store.files, first.table_digest)
    reference = first.features_of(table).assign(**{label: table[first.label_column].to_numpy()})
    frames, days = [reference.iloc[:0]], [np.array([], dtype="datetime64[D]")]
    for one, log in zip(chain, logs, strict=True):
        if not log.predictions:
            continue
        told = logbook.read(store.files, log)
        features = replayed.features(one, read_parts(store.files, log.predictions))
        frame = features.assign(**{label: told.column("label").to_pandas().to_numpy()})
        if declared is not None:
            people = joining.attributes(store.files, declared, told.column("id").to_pylist())
            frame = frame.assign(**{str(a): people[a].to_numpy() for a in people if a not in frame})
        frames.append(frame)
        days.append(told.column("day").to_numpy().astype("datetime64[D]"))
    logged = pd.concat(frames[1:], ignore_index=True) if len(frames) > 1 else frames[0]
    return assemble(reference, logged, pd.Series(np.concatenate(days)), label, terms)


def _chain(view: Session, version: Version) -> list[Version]:
    """The versions that a version descends from and that take the same features, itself last."""
    found: list[Version] = [version]
    for version_id in reversed(queries.chain(view, version.id)[:-1]):
        one = registry.version(view, version_id)
        if one.signature.names != version.signature.names:
            break
        found.insert(0, one)
    return found


def compare(context: JobContext, runner: Runner) -> None:
    """Hold the challenger of `payload["retraining_id"]` against its champion, on the challenger's evaluation rows."""
    store, retraining_id = context.store, str(context.payload["retraining_id"])
    with store.reading() as view:
        wanted = queries.retraining(view, retraining_id)
        live, new = registry.version(view, wanted.champion), registry.version(view, wanted.challenger)
        task = registry.use_case_by_id(view, new.use_case_id).task
        evaluation = intake.evaluation(view, new.id)
        protected = datasets.dataset(view, new.dataset_id).protected
        matrix = worth.signed_matrix(view, new.use_case_id)
    if wanted.state is not State.CHECKING or evaluation is None:
        return
    context.progress(0.1, N_("Asking the champion about the same later rows"))
    table = datasets.frame(store.files, new.table_digest)
    try:
        theirs = _answers(runner, store, live, table, task, new, protected)
    except Invalid as problem:
        with store.unit_of_work(SYSTEM) as uow:
            commands.fail(uow, retraining_id, problem)
        return
    ours = pd.read_parquet(store.files.path(evaluation.predictions_digest))
    theirs = theirs.assign(row=ours["row"].to_numpy())
    said = store.files.put_bytes(to_parquet(theirs)).digest
    context.progress(0.6, N_("Comparing, with paired intervals"))
    metrics = [one for name in paired.METRICS if (one := _compared(name, ours, theirs)) is not None]
    value = None
    if matrix is not None and {"probability"} <= set(ours) & set(theirs):
        rows = [
            priced(store, new, matrix, pa.Table.from_pandas(one, preserve_index=False), new.table_digest)
            for one in (ours, theirs)
        ]
        thresholds = [0.5 if t is None else t for t in (new.operating_threshold, live.operating_threshold)]
        with store.reading() as view:
            monthly = _monthly(queries.data(view, live.id))
        decided = [one.decided(t)[1] for one, t in zip(rows, thresholds, strict=True)]
        value = _means("worth", decided[0] * monthly, decided[1] * monthly)
    result = Result(len(ours), tuple(metrics), value, matrix.currency if matrix and value else "")
    with store.unit_of_work(SYSTEM) as uow:
        answers.keep(uow, new.id, live.id, said)
        commands.finish(uow, retraining_id, result)


def _answers(
    runner: Runner,
    store: Store,
    live: Version,
    table: pd.DataFrame,
    task: Task,
    new: Version,
    protected: Sequence[str],
) -> pd.DataFrame:
    """Return the champion's predictions on labelled rows of a table, coded as an evaluation codes them."""
    path = store.files.path(live.artifact_digest)
    claims = Claims.read(runner.inspect(path, live.format, trusted=live.names).meta)
    mapping = {name: new.mapping.get(name, name) for name in live.signature.names}
    question = Question(
        task,
        new.label_column,
        live.positive_label,
        live.operating_threshold,
        tuple(protected),
        {name: column for name, column in mapping.items() if name != column},
    )
    found = assessing.assess(runner, path, live.format, table, question, trusted=live.names, claims=claims)
    return pd.DataFrame(found.measured.columns)


def _compared(metric: str, ours: pd.DataFrame, theirs: pd.DataFrame) -> Compared | None:
    """Challenger minus champion in one metric, paired; none where either has it not."""
    if metric == "r2" and ours["prediction"].dtype.kind != "f":
        return None
    if metric != "r2" and ours["label"].dtype.kind == "f":
        return None
    if metric == "roc_auc" and not {"probability"} <= set(ours) & set(theirs):
        return None
    mine, other = champion.metric_of(metric, ours), champion.metric_of(metric, theirs)
    found = paired.paired_difference(mine, other, len(ours), draws=DRAWS, seed=len(ours))
    if found is None or found.low is None or found.high is None:
        return None
    whole = np.ones(len(ours))
    return Compared(metric, other(whole), mine(whole), found.value, found.low, found.high)


def _means(name: str, ours: np.ndarray, theirs: np.ndarray) -> Compared:
    """The difference of two means over the same rows, with its normal interval."""
    return Compared(name, float(theirs.mean()), float(ours.mean()), *mean_interval(ours - theirs))


def _monthly(data: Sequence[queries.Data]) -> int:
    """Rows of a usual month: the median of whole months, the newest left out."""
    whole = [one.rows for one in data][:-1] or [one.rows for one in data]
    return int(np.median(whole)) if whole else 0
