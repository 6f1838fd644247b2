"""The jobs that measure fairness: on the evaluation data, and month by month on the prediction log."""

import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from core.assets.datasets import queries as datasets
from core.assets.datasets.reading import read_table, require_column, to_parquet
from core.assets.datasets.schema import infer
from core.assets.intake import queries as intake
from core.assets.intake.evaluation import Evaluation
from core.assets.registry import queries as registry
from core.assets.registry.usecase import Task
from core.assets.registry.version import Version
from core.errors import Invalid
from core.evidence.fairness import commands, parity, presets, queries, report
from core.evidence.fairness.commands import Followed, PeopleTable
from core.evidence.fairness.groups import Grouping
from core.evidence.fairness.joining import Joined, attributes
from core.evidence.fairness.queries import Declaration
from core.evidence.fairness.report import Outcomes
from core.evidence.fairness.tally import Metric
from core.evidence.monitoring import logbook
from core.evidence.monitoring.windows import Grain, windows_of
from core.i18n import N_
from core.platform.access.permissions import Permission, require
from core.platform.jobs.handling import JobContext
from core.platform.store import Actor, Files, Store, StoredFile


def measure(context: JobContext) -> None:
    """Measure `payload["version_id"]` on its evaluation data; does nothing where no attribute is protected.

    Raise `Invalid` where the favourable class is none of the model's, or a declared attribute is in no table.
    """
    version_id = str(context.payload["version_id"])
    store = context.store
    context.progress(0.05, N_("Reading the evaluation data"))
    with store.reading() as view:
        version = registry.version(view, version_id)
        task = registry.use_case_by_id(view, version.use_case_id).task
        declared = queries.in_force(view, version)
        evaluation = intake.evaluation(view, version_id)
        apart = queries.apart(view, declared)
    if evaluation is None or not declared.attributes:
        return
    table = datasets.frame(store.files, version.table_digest)
    rows = table.loc[table[version.label_column].dropna().index]
    people = _people(store.files, declared, rows, apart)
    if people.empty:
        return
    stored = pd.read_parquet(store.files.path(evaluation.predictions_digest))
    outcomes, favourable = _outcomes(stored, task, evaluation, version, declared.favourable)
    context.progress(0.2, N_("Comparing groups"))
    held = [c for c in version.table_columns if c in rows.columns]
    found = report.build(
        outcomes,
        people.reset_index(drop=True),
        presets.preset(declared.preset),
        features=rows[held].reset_index(drop=True),
    )
    context.progress(0.95, N_("Storing the report"))
    with store.unit_of_work(context.actor) as uow:
        commands.store_report(
            uow,
            version_id,
            found,
            predictions_digest=evaluation.predictions_digest,
            people_digest=_digest(people),
            preset=declared.preset,
            favourable=favourable,
        )


def follow(context: JobContext) -> None:
    """Measure `payload["version_id"]` month by month on its log, where a table of attributes joins its predictions."""
    version_id = str(context.payload["version_id"])
    store = context.store
    with store.reading() as view:
        version = registry.version(view, version_id)
        declared = queries.in_force(view, version)
        evaluation = intake.evaluation(view, version_id)
        apart = queries.apart(view, declared)
        log = logbook.parts_of(view, version_id)
    if apart is None or evaluation is None or not log.predictions:
        return
    context.progress(0.1, N_("Reading the prediction log"))
    book = logbook.read(store.files, log)
    people = attributes(store.files, apart, book.column("id").to_pylist())
    context.progress(0.4, N_("Comparing groups"))
    months = _months(book, people, version, evaluation, declared)
    with store.unit_of_work(context.actor) as uow:
        commands.store_trend(uow, version_id, apart.digest, months)


def _people(files: Files, declared: Declaration, rows: pd.DataFrame, apart: Joined | None) -> pd.DataFrame:
    """One column per protected attribute, in the rows of the evaluation: from its table, or joined from another."""
    found = {a: rows[a] for a in declared.attributes if a in rows.columns}
    missing = [a for a in declared.attributes if a not in found]
    if apart is not None and missing and apart.key in rows.columns:
        other = attributes(files, apart, rows[apart.key]).set_axis(rows.index, axis=0)
        found |= {a: other[a] for a in missing if a in other}
    return pd.DataFrame({a: found[a] for a in declared.attributes if a in found}, index=rows.index)


def _outcomes(
    stored: pd.DataFrame, task: Task, evaluation: Evaluation, version: Version, favourable: str
) -> tuple[Outcomes, str]:
    """Turn stored predictions so that *true* is the favourable outcome; return the favourable class too."""
    if task is Task.REGRESSION:
        values, predicted = (stored[c].to_numpy(np.float64) for c in ("label", "prediction"))
        return Outcomes(values=values, predicted=predicted), ""
    if task is Task.MULTICLASS:
        chosen = favourable or str(stored["label"].value_counts().index[0])
        _require_class(chosen, version.signature.classes)
        return Outcomes(
            truth=(stored["label"] == chosen).to_numpy(bool),
            said=(stored["prediction"] == chosen).to_numpy(bool),
        ), chosen
    labels = evaluation.confusion.labels if evaluation.confusion else ("0", "1")
    chosen = favourable or labels[1]
    _require_class(chosen, labels)
    event = chosen == labels[1]
    truth, said = (stored[c].to_numpy(bool) == event for c in ("label", "prediction"))
    score = stored["probability"].to_numpy(np.float64) if "probability" in stored else None
    return Outcomes(truth=truth, said=said, probability=score, event_favourable=event), chosen


def _require_class(chosen: str, classes: Sequence[str]) -> None:
    if classes and chosen not in classes:
        raise Invalid(
            "fairness.favourable",
            N_("{value} is no class of this model."),
            fix=N_("Choose one of: {classes}."),
            field="favourable",
            value=chosen,
            classes=", ".join(classes),
        )


def _months(
    book: pa.Table, people: pd.DataFrame, version: Version, evaluation: Evaluation, declared: Declaration
) -> list[Followed]:
    """Compare the groups of each month; groups are named alike in all of them. Metrics of labels wait for labels."""
    grouped = report.grouped(people, presets.preset(declared.preset))
    days = np.asarray(book.column("day").to_numpy(), dtype="datetime64[D]")
    labels = evaluation.confusion.labels if evaluation.confusion else ("", "")
    chosen = declared.favourable or (labels[-1] if labels else "")
    said = book.column("said").to_pandas()
    truth = book.column("label").to_pandas()
    known = truth.notna().to_numpy()
    regression = version.signature.output == "value"
    found = []
    for window in windows_of(sorted(set(days.tolist())), Grain.MONTH):
        inside = (days >= np.datetime64(window.start)) & (days < np.datetime64(window.end))
        parities = []
        for number, groups in enumerate(grouped.values()):
            parities.append(
                _month(groups, inside, known, said, truth, chosen, regression=regression, seed=number)
            )
        found.append(Followed(window.start, int(inside.sum()), int((inside & known).sum()), parities))
    return found


def _month(
    groups: Grouping,
    inside: np.ndarray[tuple[int], np.dtype[np.bool_]],
    known: np.ndarray[tuple[int], np.dtype[np.bool_]],
    said: pd.Series,
    truth: pd.Series,
    chosen: str,
    *,
    regression: bool,
    seed: int,
) -> parity.Parity:
    """Decisions of every row, and what needs a label of the rows that have one."""
    every = _only(groups, inside)
    if regression:
        predicted = said[inside].to_numpy(np.float64)
        decided = parity.compare(
            every, Outcomes(values=predicted, predicted=predicted).tally(every), seed=seed
        )
        wanted = {Metric.MEAN}
    else:
        favoured = (said[inside] == chosen).to_numpy(bool)
        decided = parity.compare(every, Outcomes(truth=favoured, said=favoured).tally(every), seed=seed)
        wanted = {Metric.SELECTION}
    both = inside & known
    labelled = _only(groups, both)
    if regression:
        outcomes = Outcomes(
            values=truth[both].to_numpy(np.float64), predicted=said[both].to_numpy(np.float64)
        )
    else:
        outcomes = Outcomes(
            truth=(truth[both] == chosen).to_numpy(bool), said=(said[both] == chosen).to_numpy(bool)
        )
    judged = parity.compare(labelled, outcomes.tally(labelled), seed=seed)
    return parity.joined(decided, judged, wanted)


def _only(groups: Grouping, rows: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Grouping:
    return Grouping(groups.attributes, groups.names, groups.codes[rows])


def _digest(people: pd.DataFrame) -> str:
    """SHA-256 of the attributes as they were compared."""
    return hashlib.sha256(pd.util.hash_pandas_object(people, index=False).to_numpy().tobytes()).hexdigest()


def take_table(
    store: Store,
    actor: Actor,
    use_case_id: str,
    stored: StoredFile,
    name: str,
    *,
    key: str,
    lawful_basis: str,
    attributes: Sequence[str] = (),
) -> int:
    """Read a table of protected attributes that was sent, keep it apart, and declare it; return versions measured anew.

    Without `attributes` every column but the key is protected, beside what was declared before. Raise `Invalid` for a
    table that cannot be read, has no such key, or has the same key twice.
    """
    with store.unit_of_work(actor) as uow:
        require(uow.actor, Permission.DESCRIBE_DATA)
    table = read_table(store.files.path(stored.digest), name=name)
    columns = [str(c) for c in table.columns]
    require_column(key, columns, name=name)
    twice = int(table[key].duplicated().sum())
    if twice:
        raise Invalid(
            "fairness.key_twice",
            N_("The column {column} of {name} holds {n} values more than once."),
            fix=N_("Send one row per case."),
            field="key_column",
            column=key,
            name=name,
            n=twice,
        )
    kept = store.files.put_bytes(to_parquet(table))
    with store.unit_of_work(actor) as uow:
        held = queries.declaration(uow.session, use_case_id)
        before = held.attributes if held else ()
        named = attributes or [c for c in columns if c != key]
        return commands.declare(
            uow,
            use_case_id,
            attributes=list(dict.fromkeys((*before, *named))),
            favourable=held.favourable if held else "",
            preset=held.preset if held else presets.DEFAULT,
            table=PeopleTable(
                digest=kept.digest,
                source_digest=stored.digest,
                name=name,
                rows=len(table),
                columns=infer(table),
                key=key,
                lawful_basis=lawful_basis,
            ),
        )
