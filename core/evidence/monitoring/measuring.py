"""Measure how good the predictions of windows were, from the log's own rows and labels."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.assets.intake import queries as intake
from core.assets.registry.version import Version
from core.evidence.monitoring import queries
from core.evidence.monitoring.batches import (
    HASH,
    MOMENT,
    SAID,
    SCORE,
    TRUTH,
    BatchKind,
    Expected,
    check_labels,
    check_predictions,
)
from core.evidence.monitoring.counts import texts
from core.evidence.monitoring.estimated import Calibration, calibrate, estimated_binary
from core.evidence.monitoring.identity import Days, Flags, KnownLabels, no_hashes
from core.evidence.monitoring.logged import WAITING, days_of, known_labels, read_parts
from core.evidence.monitoring.outcome import Outcome, is_class
from core.evidence.monitoring.outside import OutsideLog
from core.evidence.monitoring.partition import days_of as days_in
from core.evidence.monitoring.performance import Measure, Metric
from core.evidence.monitoring.records import LogPart
from core.evidence.monitoring.windows import WHOLE_DAYS, Grain, Window, window_of, windows_of
from core.platform.store import Store


def measured(
    store: Store, version_id: str, expected: Expected, days: Sequence[date]
) -> dict[tuple[Grain, date], Mapping[Metric, Measure]]:
    """Measure every window that holds one of `days`, from the log itself."""
    days = [day for day in days if day != WAITING]
    windows = {grain: windows_of(days, grain) for grain in WHOLE_DAYS}
    if not days:
        return {}
    touched = sorted({window for some in windows.values() for window in some})
    with store.reading() as view:
        predictions = _within(queries.parts(view, version_id, BatchKind.PREDICTIONS, touched), touched)
        labels = _within(queries.parts(view, version_id, BatchKind.LABELS, touched), touched)
        labels += queries.waiting_labels(view, version_id)
    labels.sort(key=lambda part: (part.sequence, part.row_group))
    if not predictions:
        return {}
    table = read_parts(store.files, predictions, [HASH, SAID, SCORE])
    day = days_of(predictions)
    outcome = Outcome(table, known_labels(store.files, labels), expected)
    return {
        (grain, window.start): outcome.measures(_inside(day, window))
        for grain, some in windows.items()
        for window in some
    }


def calibration_of(store: Store, version: Version, expected: Expected) -> Calibration | None:
    """Return how scores become probabilities, learnt from the evaluation; none where CBPE does not apply."""
    if expected.task != "binary" or expected.output != "probability":
        return None
    with store.reading() as view:
        evaluation = intake.evaluation(view, version.id)
    if evaluation is None:
        return None
    said = pq.read_table(store.files.path(evaluation.predictions_digest), columns=["label", "probability"])
    said = said.filter(pc.and_(pc.is_valid(said["label"]), pc.is_valid(said["probability"])))
    truth = is_class(pa.chunked_array([texts(said["label"]).cast(pa.string()).combine_chunks()]), expected)
    return calibrate(np.asarray(said["probability"].cast(pa.float64()).to_numpy()), truth)


def expected_measures(
    store: Store, version: Version, expected: Expected, days: Sequence[date]
) -> dict[tuple[Grain, date], Mapping[Metric, Measure]]:
    """Estimate every window that holds one of `days` from its scores alone (CBPE); nothing where it does not apply."""
    calibration = calibration_of(store, version, expected)
    windows = [(g, w) for g in WHOLE_DAYS for w in windows_of([d for d in days if d != WAITING], g)]
    if calibration is None or not windows:
        return {}
    touched = sorted({window for _grain, window in windows})
    with store.reading() as view:
        parts = _within(queries.parts(view, version.id, BatchKind.PREDICTIONS, touched), touched)
    if not parts:
        return {}
    table = read_parts(store.files, parts, [SAID, SCORE])
    day, score = days_of(parts), np.asarray(table[SCORE].to_numpy(), dtype=np.float64)
    said = is_class(table[SAID], expected)
    return {
        (grain, window.start): estimated_binary(score[rows], said[rows], calibration)
        for grain, window in windows
        if (rows := _inside(day, window)).any()
    }


def measured_outside(
    log: OutsideLog, expected: Expected, month: Window, days: Sequence[date], *, now: datetime
) -> dict[tuple[Grain, date], Mapping[Metric, Measure]]:
    """Measure the windows that begin in a month and hold one of `days`, from rows that another engine keeps."""
    windows = [
        (grain, window)
        for grain in WHOLE_DAYS
        for window in windows_of(days, grain)
        if month.start <= window.start < month.end
    ]
    if not windows:
        return {}
    end = max(window.end for _grain, window in windows)
    rows, told = log.outcome(month.start, end)
    alone = replace(expected, features=())
    predictions = check_predictions(rows, alone, now=now).table
    labels = check_labels(told, alone, now=now, once=False).table if told.num_rows else None
    known = (
        KnownLabels(no_hashes(), pa.chunked_array([[]]))
        if labels is None
        else KnownLabels.of(labels.column(HASH).to_numpy(), labels.column(TRUTH))
    )
    day = days_in(predictions.column(MOMENT))
    outcome = Outcome(predictions, known, expected)
    return {(grain, window.start): outcome.measures(_inside(day, window)) for grain, window in windows}


def _within(parts: Iterable[LogPart], windows: Sequence[Window]) -> list[LogPart]:
    held = set(windows)
    return [p for p in parts if any(window_of(p.day, grain) in held for grain in WHOLE_DAYS)]


def _inside(day: Days, window: Window) -> Flags:
    return np.asarray((day >= np.datetime64(window.start)) & (day < np.datetime64(window.end)))
