"""Reading of the prediction log, drift and performance; a window is a sum of stored days."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, func, select

from core.assets.registry import queries as registry
from core.assets.registry.version import VersionState
from core.errors import NotFound
from core.evidence.monitoring.batches import BatchKind, RefusedRows
from core.evidence.monitoring.location import LogSetting, Outside
from core.evidence.monitoring.logged import WAITING
from core.evidence.monitoring.performance import Measure, Metric
from core.evidence.monitoring.profile_queries import MOST_WINDOWS, covers_year, drift, reference
from core.evidence.monitoring.records import (
    Batch,
    Coverage,
    Estimated,
    Health,
    Jointly,
    LogPart,
    Point,
    Stale,
)
from core.evidence.monitoring.tables import (
    BatchRow,
    EstimateRow,
    JointRow,
    LogRow,
    PartRow,
    PerformanceRow,
    ProfileRow,
    ReferenceRow,
)
from core.evidence.monitoring.windows import Grain, Window, window_of
from core.i18n import N_

__all__ = [
    "batch",
    "batch_of_file",
    "batches",
    "coverage",
    "covers_year",
    "drift",
    "due_outside", "estimates",
    "followed",
    "health",
    "is_log_file", "joint",
    "labels_seen",
    "last_sequence",
    "log_setting",
    "log_settings",
    "logged_versions",
    "measures",
    "parts",
    "pending",
    "performance",
    "reference",
    "rows_by_day",
    "waiting_labels",
]  # fmt: skip


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


def waiting_labels(session: Session, version_id: str) -> tuple[LogPart, ...]:
    """Return the parts of labels that came before their predictions."""
    query = select(PartRow).where(PartRow.version_id == version_id, PartRow.day == WAITING)
    return tuple(_part(row) for row in session.exec(query))


def is_log_file(session: Session, digest: str) -> bool:
    """Say whether a file holds rows of some log."""
    return session.exec(select(PartRow.id).where(PartRow.digest == digest).limit(1)).first() is not None


def logged_versions(session: Session) -> tuple[str, ...]:
    """Return the versions whose log holds rows in Aval's own files."""
    return tuple(session.exec(select(PartRow.version_id).distinct()))


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


def log_setting(session: Session, use_case_id: str) -> LogSetting:
    """Return where a use case's log lies, and how long its rows are kept."""
    row = session.get(LogRow, use_case_id)
    return LogSetting() if row is None else _log_setting(row)


def log_settings(session: Session) -> dict[str, LogSetting]:
    """Return the settings of every use case that has any."""
    return {row.use_case_id: _log_setting(row) for row in session.exec(select(LogRow))}


def due_outside(session: Session, before: datetime) -> tuple[str, ...]:
    """Return the use cases whose outside log was looked at before a moment, or never."""
    rows = session.exec(select(LogRow))
    return tuple(
        row.use_case_id
        for row in rows
        if row.outside is not None and (row.looked_at is None or row.looked_at < before)
    )


def followed(session: Session, use_case_id: str) -> str:
    """Return the version that an outside log without a version column belongs to: the newest that is ready."""
    found = registry.versions(session, use_case_id)
    return next((version.id for version in found if version.state == VersionState.READY), "")


def rows_by_day(session: Session, version_id: str) -> dict[date, int]:
    """Return how many predictions each day's profile holds."""
    query = select(col(ProfileRow.day), col(ProfileRow.rows)).where(ProfileRow.version_id == version_id)
    return dict(session.exec(query).all())


def summed(by_day: Mapping[date, int], grain: Grain) -> dict[date, int]:
    """Sum rows by day up to windows, by their first day."""
    rows: dict[date, int] = {}
    for day, count in by_day.items():
        start = window_of(day, grain).start
        rows[start] = rows.get(start, 0) + count
    return rows


def labels_seen(session: Session, version_id: str) -> int | None:
    """Return how many labels an outside log held when it was measured last."""
    return session.exec(select(ReferenceRow.labels_seen).where(ReferenceRow.version_id == version_id)).first()


def _log_setting(row: LogRow) -> LogSetting:
    return LogSetting(None if row.outside is None else Outside(**row.outside), row.keep_days)


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


def estimates(
    session: Session, version_id: str, metric: Metric, grain: Grain = Grain.MONTH, most: int = MOST_WINDOWS
) -> tuple[Estimated, ...]:
    """Return one metric as it was expected without labels, oldest first, beside what it was once they came."""
    rows = session.exec(
        select(EstimateRow)
        .where(
            EstimateRow.version_id == version_id,
            EstimateRow.grain == grain.value,
            EstimateRow.metric == metric.value,
        )
        .order_by(col(EstimateRow.start).desc())
        .limit(most)
    ).all()
    realized = measures(session, [version_id], grain, [metric]).get(version_id, {})
    return tuple(
        Estimated(
            window_of(row.start, grain),
            row.method,
            Measure(row.value, row.low, row.high, row.n),
            realized.get(window_of(row.start, grain), {}).get(metric),
        )
        for row in reversed(rows)
    )


def joint(session: Session, version_id: str, grain: Grain = Grain.MONTH) -> tuple[Jointly, ...]:
    """Return what was measured over several columns, oldest window first: weeks and months only."""
    rows = session.exec(
        select(JointRow)
        .where(JointRow.version_id == version_id, JointRow.grain == grain.value)
        .order_by(col(JointRow.start), col(JointRow.measure))
    )
    return tuple(
        Jointly(
            window_of(row.start, grain),
            row.measure,
            row.variant,
            row.value,
            row.before,
            row.after,
            tuple(row.where),
            row.rows,
        )
        for row in rows
    )


def stale_joint(session: Session, version_id: str, grains: Sequence[Grain]) -> list[Stale]:
    """Return the windows whose rows or labels are others than when they were measured."""
    by_day = rows_by_day(session, version_id)
    found = []
    for grain in grains:
        rows = summed(by_day, grain)
        covered = {
            row.start: round(row.value * row.n)
            for row in session.exec(
                select(PerformanceRow).where(
                    PerformanceRow.version_id == version_id,
                    PerformanceRow.grain == grain.value,
                    PerformanceRow.metric == Metric.LABEL_COVERAGE.value,
                )
            )
        }
        held: dict[date, set[tuple[int, int]]] = {}
        for row in session.exec(
            select(JointRow).where(JointRow.version_id == version_id, JointRow.grain == grain.value)
        ):
            held.setdefault(row.start, set()).add((row.rows, row.labelled))
        for start, count in sorted(rows.items()):
            labelled = covered.get(start, 0)
            known = held.get(start, set())
            if known != {(count, labelled)}:
                same_rows = bool(known) and all(was == count for was, _labelled in known)
                found.append(Stale(grain, window_of(start, grain), count, labelled, same_rows=same_rows))
    return found


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


def realised(session: Session, version_ids: Collection[str], grain: Grain = Grain.MONTH) -> dict[str, int]:
    """Return for each of these versions how many windows have outcomes held against their predictions."""
    query = (
        select(PerformanceRow.version_id, func.count())
        .where(
            col(PerformanceRow.version_id).in_(version_ids),
            PerformanceRow.grain == grain.value,
            PerformanceRow.metric == Metric.LABEL_COVERAGE.value,
            PerformanceRow.value > 0,
        )
        .group_by(PerformanceRow.version_id)
    )
    return dict(session.exec(query).all())


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
        waiting=row.waiting,
        first_day=row.first_day,
        last_day=row.last_day,
        reasons=tuple(_refused(one) for one in row.reasons),
        ignored=tuple(row.ignored),
    )


def _refused(stored: Mapping[str, Any]) -> RefusedRows:
    return RefusedRows(stored["template"], stored["params"], stored["count"], tuple(stored["examples"]))
