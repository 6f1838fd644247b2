"""Take batches into the log, and profile them in a job: outside any transaction, then one command."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlmodel import Session

from core.assets.datasets import queries as datasets
from core.assets.registry import queries as registry
from core.assets.registry.version import Version, VersionState
from core.errors import Conflict, NotFound, Unavailable
from core.evidence.monitoring import commands, partition, queries
from core.evidence.monitoring.batches import (
    AHEAD,
    HASH,
    MOMENT,
    SUBJECT,
    TRUTH,
    BatchKind,
    Checked,
    Expected,
    as_class,
    check_labels,
    check_predictions,
)
from core.evidence.monitoring.commands import LogMoved, Prepared
from core.evidence.monitoring.hours import DayProfile, add_days, profile_day
from core.evidence.monitoring.identity import Days, KnownIds, KnownLabels, find
from core.evidence.monitoring.layout import Layout
from core.evidence.monitoring.location import Named, Outside
from core.evidence.monitoring.logged import WAITING, known_labels, known_logs, read_parts
from core.evidence.monitoring.measuring import expected_measures, measured, measured_outside
from core.evidence.monitoring.outside import MOST_DAYS, changed, outside_log
from core.evidence.monitoring.partition import Written
from core.evidence.monitoring.reading import Format, read_batch
from core.evidence.monitoring.records import Batch, LogPart
from core.evidence.monitoring.referencing import make_reference
from core.evidence.monitoring.windows import Grain, windows_of
from core.i18n import N_
from core.platform.access import personal
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
        setting = queries.log_setting(view, version.use_case_id)
    if known is not None:
        _drop_source(store, digest)
        return known
    if setting.outside is not None:
        raise Conflict(
            "batch.log_outside",
            N_("The log of this use case lies in {table}; rows are written there, not sent here."),
            fix=N_("Write the row into that table, or let an administrator move the log."),
            table=setting.outside.predictions,
        )
    if version.state != VersionState.READY:
        raise Conflict(
            "batch.version_not_ready",
            N_("Version {number} has not been evaluated yet; there is nothing to compare with."),
            fix=N_("Send the batch again when the version is ready."),
            number=version.number,
        )
    textual = [name for name, held in expected.features if held in _TEXT_KINDS]
    texts = ["prediction_id", *textual, *(version.mapping[n] for n in textual if n in version.mapping)]
    try:
        table, unread = read_batch(store.files.path(digest), format_, texts)
    except NotFound:
        # Another sender of the same file was faster, and it is gone by now.
        with store.reading() as view:
            known = queries.batch_of_file(view, version_id, kind, digest)
        if known is None:
            raise
        return known
    table = _under_feature_names(table, version.mapping)
    if kind == BatchKind.PREDICTIONS:
        pseudonym = _pseudonym(store, actor) if SUBJECT in table.column_names else None
        checked = check_predictions(table, expected, now=store.clock(), pseudonym=pseudonym)
    else:
        checked = check_labels(table, expected, now=store.clock())
    checked = replace(checked, refused=[*unread, *checked.refused])
    rows = table.num_rows + sum(one.count for one in unread)
    for _ in range(ATTEMPTS):
        with store.reading() as view:
            seen = queries.last_sequence(view, version_id)
            predictions = queries.parts(view, version_id, BatchKind.PREDICTIONS)
            labels = queries.parts(view, version_id, BatchKind.LABELS) if kind == BatchKind.LABELS else ()
        try:
            ids = known_logs(store.files).ids(store.files, version_id, predictions)
            told = known_labels(store.files, labels)
        except Unavailable:
            continue
        fresh = (
            _new_predictions(ids, checked)
            if kind == BatchKind.PREDICTIONS
            else _new_labels(ids, told, checked)
        )
        prepared = _written(store.files, kind, digest, rows, fresh)
        try:
            with store.unit_of_work(actor) as uow:
                batch = commands.enter_batch(uow, version_id, prepared, seen=seen)
        except LogMoved:
            continue
        _drop_source(store, digest)
        return batch
    raise Unavailable(
        "batch.busy", N_("Other batches of this version keep arriving."), fix=N_("Send this one again.")
    )


def _drop_source(store: Store, digest: str) -> None:
    """Remove what arrived once its rows are in the log: it may name people in clear, and would be kept twice."""
    with store.reading() as view:
        kept = datasets.holds(view, digest) or queries.is_log_file(view, digest)
    if not kept:
        store.files.remove(digest)


def _pseudonym(store: Store, actor: Actor) -> Callable[[str], str]:
    with store.reading() as view:
        key = personal.subject_key(view)
    if key is None:
        with store.unit_of_work(actor) as uow:
            require(uow.actor, Permission.SEND_PREDICTIONS)
            key = personal.make_subject_key(uow)
    return partial(personal.subject_pseudonym, key)


def _under_feature_names(table: pa.Table, mapping: Mapping[str, str]) -> pa.Table:
    """Name columns as the model does where the batch uses the evaluation table's names for them."""
    held = set(table.column_names)
    named = {column: name for name, column in mapping.items() if name not in held}
    return table.rename_columns([named.get(name, name) for name in table.column_names]) if named else table


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
    told, at = find(labels.hashes, wanted)
    repeated = np.zeros(len(wanted), dtype=bool)
    if told.any():
        before = labels.labels.take(pa.array(at[told]))
        now = table.column(TRUTH).filter(pa.array(told))
        repeated[told] = np.asarray(pc.equal(before, now), dtype=bool)
    standing = ~repeated
    # A label may come before its prediction: it waits for it, under a day of its own.
    days = np.full(len(wanted), np.datetime64(WAITING), dtype="datetime64[D]")
    days[held] = known.days[place[held]] if len(known.days) else days[held]
    return _Fresh(
        checked,
        table.filter(pa.array(standing)),
        days[standing],
        int(repeated.sum()),
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
    """Bring a version's profiles and metrics up to what its log holds, wherever that lies."""
    version_id = str(context.payload["version_id"])
    store = context.store
    with store.reading() as view:
        version = registry.version(view, version_id)
        expected = expected_rows(view, version)
        setting = queries.log_setting(view, version.use_case_id)
        waiting = queries.pending(view, version_id)
        held = queries.reference(view, version_id)
    if setting.outside is not None:
        follow_outside(context, version, expected, setting.outside)
    if not waiting:
        return
    layout = make_reference(store, version) if held is None else held.layout
    context.progress(0.2, N_("Counting predictions"))
    days: dict[date, DayProfile] = {}
    for part in waiting:
        if part.kind == BatchKind.PREDICTIONS:
            counted = profile_part(store.files, layout, part)
            days[part.day] = add_days(layout, days[part.day], counted) if part.day in days else counted
    context.progress(0.5, N_("Measuring performance"))
    touched = sorted({part.day for part in waiting})
    found = measured(store, version_id, expected, touched)
    ahead = expected_measures(store, version, expected, touched)
    with store.unit_of_work(SYSTEM) as uow:
        commands.store_profiles(uow, version_id, layout, days, found, [part.id for part in waiting], ahead)


def rebuild(context: JobContext, runner: object = None) -> None:  # noqa: ARG001 - handlers share one shape
    """Count a version's days anew from its log, one day at a time, newest first; a day without rows keeps its profile.

    Days before the job's last stop are not counted twice when it is taken up again.
    """
    version_id = str(context.payload["version_id"])
    store = context.store
    with store.reading() as view:
        version = registry.version(view, version_id)
        expected = expected_rows(view, version)
        parts = queries.parts(view, version_id, BatchKind.PREDICTIONS)
        held = queries.reference(view, version_id)
    layout = make_reference(store, version) if held is None else held.layout
    by_day: dict[date, list[LogPart]] = {}
    for part in parts:
        by_day.setdefault(part.day, []).append(part)
    order = sorted(by_day, reverse=True)
    for done, day in enumerate(order, 1):
        total: DayProfile | None = None
        for part in by_day[day]:
            counted = profile_part(store.files, layout, part)
            total = counted if total is None else add_days(layout, total, counted)
        if total is not None:
            found = measured(store, version_id, expected, [day])
            with store.unit_of_work(SYSTEM) as uow:
                commands.replace_day(
                    uow, version_id, layout, day, total, found, [part.id for part in by_day[day]]
                )
        context.progress(done / len(order), N_("Counting predictions anew"))
    with store.unit_of_work(SYSTEM) as uow:
        commands.ask_to_judge(uow, version_id)


def profile_part(files: Files, layout: Layout, part: LogPart) -> DayProfile:
    """Count one part of the log."""
    table = read_parts(files, [part])
    return profile_day(layout, table, partition.hours_of(table.column(MOMENT)))


def follow_outside(context: JobContext, version: Version, expected: Expected, outside: Outside) -> None:
    """Count the days of an outside log whose rows changed, and measure the windows that labels reached."""
    store = context.store
    with store.reading() as view:
        if not outside.column(Named.VERSION) and version.id != queries.followed(view, version.use_case_id):
            return
        held = queries.reference(view, version.id)
        here = queries.rows_by_day(view, version.id)
        labels_before = queries.labels_seen(view, version.id)
    layout = make_reference(store, version) if held is None else held.layout
    with outside_log(outside, version, expected) as log:
        there = log.look()
        if there.first is None or there.last is None:
            return
        last = min(there.last, store.clock() + AHEAD).date()
        first = max(there.first.date(), last - timedelta(days=MOST_DAYS))
        days = changed(log.rows_by_day(first, last), here)
        done = 0
        for counted in log.profile_days(layout, days):
            with store.unit_of_work(SYSTEM) as uow:
                for day, total in counted.items():
                    commands.replace_day(uow, version.id, layout, day, total, {}, [])
            done += len(counted)
            context.progress(0.7 * done / len(days), N_("Counting predictions where they lie"))
        fresh = days if there.labels == labels_before else _days_between(first, last)
        months = windows_of(fresh, Grain.MONTH)
        for done, month in enumerate(months, 1):
            found = measured_outside(log, expected, month, fresh, now=store.clock())
            with store.unit_of_work(SYSTEM) as uow:
                commands.keep_measures(uow, version.id, found)
            context.progress(0.7 + 0.3 * done / len(months), N_("Measuring performance"))
    if fresh:
        with store.unit_of_work(SYSTEM) as uow:
            commands.note_labels(uow, version.id, there.labels)
            commands.ask_to_judge(uow, version.id)


def _days_between(first: date, last: date) -> list[date]:
    return [first + timedelta(days=step) for step in range((last - first).days + 1)]
