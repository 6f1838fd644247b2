"""Take batches into the log, and profile them in a job: outside any transaction, then one command."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlmodel import Session

from core.assets.datasets import queries as datasets
from core.assets.intake import queries as intake
from core.assets.registry import queries as registry
from core.assets.registry.version import Version, VersionState
from core.errors import Conflict, Unavailable
from core.evidence.monitoring import commands, counts, partition, queries
from core.evidence.monitoring.batches import (
    EXAMPLES,
    HASH,
    MOMENT,
    SAID,
    SCORE,
    TRUTH,
    BatchKind,
    Checked,
    Expected,
    RefusedRows,
    as_class,
    check_labels,
    check_predictions,
)
from core.evidence.monitoring.commands import LogMoved, Prepared
from core.evidence.monitoring.hours import DayProfile, add_days, profile_day
from core.evidence.monitoring.identity import Days, Flags, KnownIds, KnownLabels, find, no_days, no_hashes
from core.evidence.monitoring.layout import Layout, Part, Wanted, layout_of
from core.evidence.monitoring.outcome import Outcome
from core.evidence.monitoring.partition import Written
from core.evidence.monitoring.performance import Measure, Metric
from core.evidence.monitoring.reading import Format, read_batch
from core.evidence.monitoring.records import Batch, LogPart
from core.evidence.monitoring.windows import WHOLE_DAYS, Grain, Window, window_of, windows_of
from core.i18n import N_
from core.platform.access.permissions import Permission, require
from core.platform.jobs.handling import JobContext
from core.platform.store import SYSTEM, Actor, Files, Store

ATTEMPTS = 5
DEFAULT_THRESHOLD = 0.5
_TEXT_KINDS = ("category", "text", "boolean")


def expected_rows(session: Session, version: Version) -> Expected:
    """Return what rows of this version must look like."""
    use_case = registry.use_case_by_id(session, version.use_case_id)
    classes = version.signature.classes
    threshold = version.operating_threshold
    return Expected(
        task=use_case.task.value,
        output=version.signature.output,
        features=tuple((c.name, c.kind.value) for c in version.signature.features),
        classes=classes,
        positive=as_class(version.positive_label, classes) or (classes[-1] if classes else ""),
        threshold=DEFAULT_THRESHOLD if threshold is None else threshold,
    )


def take(store: Store, actor: Actor, version_id: str, kind: BatchKind, digest: str, format_: Format) -> Batch:
    """Judge a stored file and enter what stands; a file taken before answers its first receipt.

    Raises `Refused`, `NotFound`, `Conflict` before the version is ready, `Invalid` for a file that cannot be read.
    """
    with store.unit_of_work(actor) as uow:
        require(uow.actor, Permission.SEND_PREDICTIONS)
    with store.reading() as view:
        version = registry.version(view, version_id)
        known = queries.batch_of_file(view, version_id, kind, digest)
        expected = expected_rows(view, version)
    if known is not None:
        return known
    if version.state != VersionState.READY:
        raise Conflict(
            "batch.version_not_ready",
            N_("Version {number} has not been evaluated yet; there is nothing to compare with."),
            fix=N_("Send the batch again when the version is ready."),
            number=version.number,
        )
    textual = [name for name, held in expected.features if held in _TEXT_KINDS]
    texts = ["prediction_id", *textual, *(version.mapping[n] for n in textual if n in version.mapping)]
    table, unread = read_batch(store.files.path(digest), format_, texts)
    table = _under_feature_names(table, version.mapping)
    judge = check_predictions if kind == BatchKind.PREDICTIONS else check_labels
    checked = judge(table, expected, now=store.clock())
    checked = replace(checked, refused=[*unread, *checked.refused])
    rows = table.num_rows + sum(one.count for one in unread)
    for _ in range(ATTEMPTS):
        with store.reading() as view:
            seen = queries.last_sequence(view, version_id)
            predictions = queries.parts(view, version_id, BatchKind.PREDICTIONS)
            labels = queries.parts(view, version_id, BatchKind.LABELS) if kind == BatchKind.LABELS else ()
        known_ids = _known(store.files, predictions)
        fresh = (
            _new_predictions(known_ids, checked)
            if kind == BatchKind.PREDICTIONS
            else _new_labels(known_ids, _known_labels(store.files, labels), checked)
        )
        prepared = _written(store.files, kind, digest, rows, fresh)
        try:
            with store.unit_of_work(actor) as uow:
                return commands.enter_batch(uow, version_id, prepared, seen=seen)
        except LogMoved:
            continue
    raise Unavailable(
        "batch.busy", N_("Other batches of this version keep arriving."), fix=N_("Send this one again.")
    )


def _under_feature_names(table: pa.Table, mapping: Mapping[str, str]) -> pa.Table:
    """Name columns as the model does where the batch uses the evaluation table's names for them."""
    held = set(table.column_names)
    named = {column: name for name, column in mapping.items() if name not in held}
    return table.rename_columns([named.get(name, name) for name in table.column_names]) if named else table


def _known(files: Files, parts: Sequence[LogPart]) -> KnownIds:
    if not parts:
        return KnownIds.of(no_hashes(), no_days())
    return KnownIds.of(_read(files, parts, [HASH]).column(0).to_numpy(), _days(parts))


def _days(parts: Sequence[LogPart]) -> Days:
    return np.repeat(np.array([p.day for p in parts], dtype="datetime64[D]"), [p.rows for p in parts])


def _known_labels(files: Files, parts: Sequence[LogPart]) -> KnownLabels:
    if not parts:
        return KnownLabels(no_hashes(), pa.chunked_array([[]]))
    table = _read(files, parts, [HASH, TRUTH])
    return KnownLabels.of(table.column(HASH).to_numpy(), table.column(TRUTH))


def _read(files: Files, parts: Sequence[LogPart], columns: Sequence[str] | None = None) -> pa.Table:
    """Read parts in their order; the row groups of one file are read together."""
    tables = [
        partition.read(files.path(digest), [p.row_group for p in some], columns)
        for digest, some in groupby(parts, key=lambda p: p.digest)
    ]
    return tables[0] if len(tables) == 1 else pa.concat_tables(tables)


@dataclass(frozen=True, slots=True)
class _Fresh:
    """What of a batch is new to the log, with the day of each row."""

    checked: Checked
    table: pa.Table
    days: Days
    repeated: int
    revised: int = 0


def _new_predictions(known: KnownIds, checked: Checked) -> _Fresh:
    held, _ = find(known.hashes, checked.table.column(HASH).to_numpy())
    fresh = checked.table.filter(pa.array(~held)) if held.any() else checked.table
    return _Fresh(checked, fresh, partition.days_of(fresh.column(MOMENT)), int(held.sum()))


def _new_labels(known: KnownIds, labels: KnownLabels, checked: Checked) -> _Fresh:
    table = checked.table
    wanted = table.column(HASH).to_numpy()
    held, place = find(known.hashes, wanted)
    refused = list(checked.refused)
    if not held.all():
        unknown = checked.rows[~held]
        reason = N_("No prediction has this id yet; send the prediction first.")
        refused.append(RefusedRows(reason, {}, len(unknown), tuple(unknown[:EXAMPLES].tolist())))
    told, at = find(labels.hashes, wanted)
    repeated = np.zeros(len(wanted), dtype=bool)
    if told.any():
        before = labels.labels.take(pa.array(at[told]))
        now = table.column(TRUTH).filter(pa.array(told))
        repeated[told] = np.asarray(pc.equal(before, now), dtype=bool)
    standing = held & ~repeated
    return _Fresh(
        replace(checked, refused=refused),
        table.filter(pa.array(standing)),
        known.days[place[standing]] if len(known.days) else known.days,
        int((held & repeated).sum()),
        int((standing & told).sum()),
    )


def _written(files: Files, kind: BatchKind, source: str, rows: int, fresh: _Fresh) -> Prepared:
    digest = ""
    parts: tuple[Written, ...] = ()
    if fresh.table.num_rows:
        body, parts = partition.write(fresh.table, fresh.days)
        digest = files.put_bytes(body).digest
    return Prepared(
        kind=kind,
        source_digest=source,
        digest=digest,
        parts=parts,
        rows=rows,
        repeated=fresh.repeated,
        revised=fresh.revised,
        refused=tuple(fresh.checked.refused),
        ignored=fresh.checked.ignored,
    )


def profile(context: JobContext, runner: object = None) -> None:  # noqa: ARG001 - handlers share one shape
    """Bring a version's profiles, metrics and alerts up to what its log holds."""
    version_id = str(context.payload["version_id"])
    store = context.store
    with store.reading() as view:
        version = registry.version(view, version_id)
        expected = expected_rows(view, version)
        waiting = queries.pending(view, version_id)
        held = queries.reference(view, version_id)
    if not waiting:
        return
    layout = _reference(store, version) if held is None else held.layout
    context.progress(0.2, N_("Counting predictions"))
    days: dict[date, DayProfile] = {}
    for part in waiting:
        if part.kind == BatchKind.PREDICTIONS:
            table = partition.read(store.files.path(part.digest), [part.row_group])
            counted = profile_day(layout, table, partition.hours_of(table.column(MOMENT)))
            days[part.day] = add_days(layout, days[part.day], counted) if part.day in days else counted
    context.progress(0.5, N_("Measuring performance"))
    measured = _measured(store, version_id, expected, sorted({part.day for part in waiting}))
    with store.unit_of_work(SYSTEM) as uow:
        commands.store_profiles(uow, version_id, layout, days, measured, [part.id for part in waiting])


def _reference(store: Store, version: Version) -> Layout:
    """Cut the version's evaluation table and predictions, and keep that as what windows are compared with."""
    with store.reading() as view:
        dataset = datasets.dataset(view, version.dataset_id)
        evaluation = intake.evaluation(view, version.id)
    columns = list(version.table_columns)
    path = store.files.path(dataset.digest)
    moments = _moments_column(pq.read_schema(path))
    table = pq.read_table(path, columns=[*columns, *moments]).replace_schema_metadata(None)
    when = table.select(moments)
    table = table.select(columns).rename_columns(list(version.signature.names))
    if moments:
        table = table.append_column(MOMENT, when.column(0).cast(pa.timestamp("us"), safe=False))
    wanted = [Wanted(c.name, c.kind.value) for c in version.signature.features]
    predictions = ""
    if evaluation is not None:
        predictions = evaluation.predictions_digest
        said = pq.read_table(store.files.path(predictions)).replace_schema_metadata(None)
        if "row" in said.column_names and said.num_rows != table.num_rows:
            table = table.take(said.column("row"))
        numeric = version.signature.output == "value"
        outcome = said.column("prediction")
        outcome = outcome.cast(pa.float64(), safe=False) if numeric else _as_classes(outcome, version)
        table = table.append_column(SAID, outcome)
        wanted.append(Wanted(SAID, "number" if numeric else "category", Part.OUTPUT))
        if "probability" in said.column_names:
            table = table.append_column(SCORE, said.column("probability").cast(pa.float64()))
            wanted.append(Wanted(SCORE, "number", Part.OUTPUT))
    layout = layout_of(table, wanted)
    with store.unit_of_work(SYSTEM) as uow:
        commands.store_reference(
            uow,
            version.id,
            layout,
            layout.profile(table),
            dataset_digest=dataset.digest,
            predictions_digest=predictions,
            days=_by_day(layout, table) if moments else {},
        )
    return layout


def _moments_column(schema: pa.Schema) -> list[str]:
    """Return the table's one column of moments; none where there is no such column, or more than one."""
    found = [one.name for one in schema if pa.types.is_timestamp(one.type)]
    return found if len(found) == 1 else []


def _by_day(layout: Layout, table: pa.Table) -> dict[date, DayProfile]:
    """Count a table day by day; rows without a moment are in none."""
    table = table.filter(pc.is_valid(table.column(MOMENT))).sort_by(MOMENT)
    days, hours = partition.days_of(table.column(MOMENT)), partition.hours_of(table.column(MOMENT))
    held, starts = np.unique(days, return_index=True)
    ends = [*starts[1:].tolist(), len(days)]
    return {
        day.astype(date): profile_day(layout, table.slice(start, end - start), hours[start:end])
        for day, start, end in zip(held, starts.tolist(), ends, strict=True)
    }


def _as_classes(column: pa.ChunkedArray, version: Version) -> pa.Array:
    written = counts.texts(column).to_pylist()
    named = {value: as_class(value, version.signature.classes) or value for value in set(written)}
    return pa.array([named[value] for value in written], pa.string())


def _measured(
    store: Store, version_id: str, expected: Expected, days: Sequence[date]
) -> dict[tuple[Grain, date], Mapping[Metric, Measure]]:
    """Measure every window that holds one of `days`, from the log itself."""
    windows = {grain: windows_of(days, grain) for grain in WHOLE_DAYS}
    touched = sorted({window for some in windows.values() for window in some})
    with store.reading() as view:
        predictions = _within(queries.parts(view, version_id, BatchKind.PREDICTIONS, touched), touched)
        labels = _within(queries.parts(view, version_id, BatchKind.LABELS, touched), touched)
    if not predictions:
        return {}
    table = _read(store.files, predictions, [HASH, SAID, SCORE])
    day = _days(predictions)
    outcome = Outcome(table, _known_labels(store.files, labels), expected)
    return {
        (grain, window.start): outcome.measures(_inside(day, window))
        for grain, some in windows.items()
        for window in some
    }


def _within(parts: Iterable[LogPart], windows: Sequence[Window]) -> list[LogPart]:
    held = set(windows)
    return [p for p in parts if any(window_of(p.day, grain) in held for grain in WHOLE_DAYS)]


def _inside(day: Days, window: Window) -> Flags:
    return np.asarray((day >= np.datetime64(window.start)) & (day < np.datetime64(window.end)))
