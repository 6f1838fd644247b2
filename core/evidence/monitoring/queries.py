"""Reading of the prediction log, drift and performance; a window is a sum of stored days."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
from sqlmodel import Session, col, func, select

from core.errors import NotFound
from core.evidence.monitoring import counts
from core.evidence.monitoring import drift as comparing
from core.evidence.monitoring.batches import BatchKind, RefusedRows
from core.evidence.monitoring.layout import from_json
from core.evidence.monitoring.performance import Measure, Metric
from core.evidence.monitoring.records import Batch, Coverage, Drift, Health, LogPart, Point, Reference
from core.evidence.monitoring.tables import (
    BatchRow,
    PartRow,
    PerformanceRow,
    ProfileRow,
    ReferenceRow,
)
from core.evidence.monitoring.windows import Grain, Window, window_of, windows_of
from core.i18n import N_

MOST_WINDOWS = 120


def batch(session: Session, batch_id: str) -> Batch:
    """Return a receipt; raise `NotFound`."""
    row = session.get(BatchRow, batch_id)
    if row is None:
        raise NotFound("batch.unknown", N_("There is no batch {id}."), id=batch_id)
    return _batch(row)


def batches(session: Session, version_id: str, limit: int = 20) -> tuple[Batch, ...]:
    """Return the last receipts of a version, newest first."""
    query = (
        select(BatchRow)
        .where(BatchRow.version_id == version_id)
        .order_by(col(BatchRow.received_at).desc(), col(BatchRow.id).desc())
        .limit(limit)
    )
    return tuple(_batch(row) for row in session.exec(query))


def batch_of_file(session: Session, version_id: str, kind: BatchKind, digest: str) -> Batch | None:
    """Return the receipt of this very file, if it was taken before."""
    query = select(BatchRow).where(
        BatchRow.version_id == version_id, BatchRow.kind == kind.value, BatchRow.source_digest == digest
    )
    row = session.exec(query).first()
    return None if row is None else _batch(row)


def parts(
    session: Session, version_id: str, kind: BatchKind, windows: Sequence[Window] = ()
) -> tuple[LogPart, ...]:
    """Return the parts of a version's log in the order of arrival; of some windows' days only, if given."""
    query = (
        select(PartRow)
        .where(PartRow.version_id == version_id, PartRow.kind == kind.value)
        .order_by(col(PartRow.sequence), col(PartRow.row_group))
    )
    if windows:
        first, end = min(w.start for w in windows), max(w.end for w in windows)
        query = query.where(col(PartRow.day) >= first, col(PartRow.day) < end)
    return tuple(_part(row) for row in session.exec(query))


def pending(session: Session, version_id: str) -> tuple[LogPart, ...]:
    """Return the parts that no profile holds yet."""
    query = (
        select(PartRow)
        .where(PartRow.version_id == version_id, col(PartRow.profiled).is_(False))
        .order_by(col(PartRow.sequence), col(PartRow.row_group))
    )
    return tuple(_part(row) for row in session.exec(query))


def last_sequence(session: Session, version_id: str) -> int:
    """Return the number of the last batch that left parts; 0 before the first."""
    found = session.exec(select(func.max(PartRow.sequence)).where(PartRow.version_id == version_id)).one()
    return int(found or 0)


def coverage(session: Session, version_id: str) -> Coverage | None:
    """Return what the log holds; none before the first profiled prediction."""
    rows, first, last = session.exec(
        select(func.sum(ProfileRow.rows), func.min(ProfileRow.day), func.max(ProfileRow.day)).where(
            ProfileRow.version_id == version_id
        )
    ).one()
    if not rows:
        return None
    labelled = session.exec(
        select(func.sum(PerformanceRow.value * PerformanceRow.n)).where(
            PerformanceRow.version_id == version_id,
            PerformanceRow.grain == Grain.MONTH.value,
            PerformanceRow.metric == Metric.LABEL_COVERAGE.value,
        )
    ).one()
    return Coverage(int(rows), round(labelled or 0), first, last)


def reference(session: Session, version_id: str) -> Reference | None:
    """Return a version's reference; none before its first prediction is profiled."""
    row = session.get(ReferenceRow, version_id)
    if row is None:
        return None
    layout = from_json(row.layout)
    cells, moments = layout.unpack(row.body)
    return Reference(layout, row.rows, cells, moments, row.dataset_digest, row.created_at)


def drift(
    session: Session,
    version_id: str,
    grain: Grain = Grain.MONTH,
    *,
    since: date | None = None,
    until: date | None = None,
    most: int = MOST_WINDOWS,
    tested: bool = False,
) -> Drift | None:
    """Compare a version's windows with its reference, the last `most` of them; none without predictions.

    p-values are computed only with `tested`.
    """
    held = reference(session, version_id)
    if held is None:
        return None
    query = select(ProfileRow).where(ProfileRow.version_id == version_id).order_by(col(ProfileRow.day))
    if since is not None:
        query = query.where(col(ProfileRow.day) >= since)
    if until is not None:
        query = query.where(col(ProfileRow.day) < until)
    rows = list(session.exec(query))
    windows = windows_of([row.day for row in rows], grain)[-most:]
    if not windows:
        return None
    rows = [row for row in rows if row.day >= windows[0].start]
    place = {window: index for index, window in enumerate(windows)}
    cells = np.zeros((len(windows), held.layout.slots), dtype=np.int64)
    moments = np.tile(held.layout.empty().moments, (len(windows), 1, 1))
    novel: list[dict[str, dict[str, int]]] = [{} for _ in windows]
    for row in rows:
        at = place[window_of(row.day, grain)]
        day_cells, day_moments = held.layout.unpack(row.body)
        cells[at] += day_cells
        moments[at] = counts.add_moments(moments[at], day_moments)
        for name, found in row.novel.items():
            kept = novel[at].setdefault(name, {})
            for value, count in found.items():
                kept[value] = kept.get(value, 0) + count
    columns = comparing.compare(held.layout, held.cells, cells, moments, tested=tested)
    return Drift(grain, held, windows, columns, cells, tuple(novel))


def performance(
    session: Session, version_id: str, metric: Metric, grain: Grain = Grain.MONTH, most: int = MOST_WINDOWS
) -> tuple[Point, ...]:
    """Return one metric over time, oldest first, the last `most` windows."""
    wanted = {metric.value, Metric.ROWS.value, Metric.LABEL_COVERAGE.value}
    rows = session.exec(
        select(PerformanceRow).where(
            PerformanceRow.version_id == version_id,
            PerformanceRow.grain == grain.value,
            col(PerformanceRow.metric).in_(wanted),
        )
    )
    by_start: dict[date, dict[str, PerformanceRow]] = {}
    for row in rows:
        by_start.setdefault(row.start, {})[row.metric] = row
    points = []
    for start, found in sorted(by_start.items()):
        if metric.value not in found:
            continue
        covered = found.get(Metric.LABEL_COVERAGE.value)
        points.append(
            Point(
                window_of(start, grain),
                _measure(found[metric.value]),
                round(found[Metric.ROWS.value].value),
                covered.value if covered else 0.0,
            )
        )
    return tuple(points[-most:])


def measures(
    session: Session, version_ids: Sequence[str], grain: Grain, metrics: Sequence[Metric]
) -> dict[str, dict[Window, dict[Metric, Measure]]]:
    """Return several metrics of several versions: by version, window and metric."""
    rows = session.exec(
        select(PerformanceRow)
        .where(
            col(PerformanceRow.version_id).in_(version_ids),
            PerformanceRow.grain == grain.value,
            col(PerformanceRow.metric).in_([m.value for m in metrics]),
        )
        .order_by(col(PerformanceRow.start))
    )
    found: dict[str, dict[Window, dict[Metric, Measure]]] = {}
    for row in rows:
        windows = found.setdefault(row.version_id, {})
        windows.setdefault(window_of(row.start, grain), {})[Metric(row.metric)] = _measure(row)
    return found


def health(session: Session) -> dict[str, Health]:
    """Return every watched version's rows and last day."""
    rows = session.exec(
        select(ProfileRow.version_id, func.sum(ProfileRow.rows), func.max(ProfileRow.day)).group_by(
            ProfileRow.version_id
        )
    )
    return {version_id: Health(version_id, int(total), last) for version_id, total, last in rows}


def _measure(row: PerformanceRow) -> Measure:
    nan = float("nan")
    return Measure(
        row.value, nan if row.low is None else row.low, nan if row.high is None else row.high, row.n
    )


def _part(row: PartRow) -> LogPart:
    return LogPart(
        row.id, BatchKind(row.kind), row.sequence, row.day, row.digest, row.row_group, row.rows, row.profiled
    )


def _batch(row: BatchRow) -> Batch:
    return Batch(
        id=row.id,
        version_id=row.version_id,
        kind=BatchKind(row.kind),
        source_digest=row.source_digest,
        received_at=row.received_at,
        sender_id=row.sender_id,
        rows=row.rows,
        accepted=row.accepted,
        repeated=row.repeated,
        revised=row.revised,
        refused=row.refused,
        first_day=row.first_day,
        last_day=row.last_day,
        reasons=tuple(_refused(one) for one in row.reasons),
        ignored=tuple(row.ignored),
    )


def _refused(stored: Mapping[str, Any]) -> RefusedRows:
    return RefusedRows(stored["template"], stored["params"], stored["count"], tuple(stored["examples"]))
