"""Writing: a batch with its receipt, and what the worker computed of it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import delete, insert, tuple_, update
from sqlmodel import col, select

from core.assets.registry import queries as registry
from core.assets.registry.version import VersionState
from core.evidence.monitoring import queries
from core.evidence.monitoring.batches import BatchKind, RefusedRows
from core.evidence.monitoring.hours import DayProfile, add_hours, pack_hours, unpack_hours
from core.evidence.monitoring.jointly import VARIANTS, Found, Joint
from core.evidence.monitoring.layout import Layout, Profile, to_json
from core.evidence.monitoring.location import LogSetting, check
from core.evidence.monitoring.logged import WAITING
from core.evidence.monitoring.partition import Written
from core.evidence.monitoring.performance import Measure, Metric
from core.evidence.monitoring.records import Batch, LogPart, Stale
from core.evidence.monitoring.tables import (
    BatchRow,
    EstimateRow,
    JointRow,
    LogRow,
    PartRow,
    PerformanceRow,
    ProfileRow,
    ReferenceDayRow,
    ReferenceRow,
)
from core.evidence.monitoring.windows import Grain
from core.ids import new_id
from core.platform.access.permissions import Permission, require
from core.platform.jobs import commands as jobs
from core.platform.jobs import queries as known_jobs
from core.platform.jobs.state import JobState
from core.platform.store import UnitOfWork

PROFILE_JOB = "monitoring.profile"
JUDGE_JOB = "alerts.judge"
JOINT_JOB = "monitoring.joint"
TIDY_JOB = "monitoring.tidy"
REBUILD_JOB = "monitoring.rebuild"
OBSERVE_JOB = "kpis.observe"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A judged batch whose file is stored: ready to be entered."""

    kind: BatchKind
    source_digest: str
    digest: str
    parts: tuple[Written, ...]
    rows: int
    repeated: int
    revised: int
    refused: tuple[RefusedRows, ...]
    ignored: tuple[str, ...]

    @property
    def accepted(self) -> int:
        return sum(part.rows for part in self.parts)


class LogMoved(Exception):
    """Another batch came between looking and writing."""


def enter_batch(uow: UnitOfWork, version_id: str, prepared: Prepared, *, seen: int) -> Batch:
    """Enter a batch's parts and receipt, and ask for its profile.

    `seen` is the last batch that `prepared` was compared with; raises `LogMoved` when another came since.
    """
    require(uow.actor, Permission.SEND_PREDICTIONS)
    if queries.last_sequence(uow.session, version_id) != seen:
        raise LogMoved
    batch_id = new_id("bat")
    days = [part.day for part in prepared.parts if part.day != WAITING]
    refused = sum(one.count for one in prepared.refused)
    row = BatchRow(
        id=batch_id,
        version_id=version_id,
        kind=prepared.kind.value,
        source_digest=prepared.source_digest,
        received_at=uow.now,
        sender_id=uow.actor.id,
        rows=prepared.rows,
        accepted=prepared.accepted,
        repeated=prepared.repeated,
        revised=prepared.revised,
        refused=refused,
        waiting=sum(part.rows for part in prepared.parts if part.day == WAITING),
        first_day=min(days, default=None),
        last_day=max(days, default=None),
        reasons=[
            {
                "template": one.template,
                "params": dict(one.params),
                "count": one.count,
                "examples": list(one.examples),
            }
            for one in prepared.refused
        ],
        ignored=list(prepared.ignored),
    )
    uow.session.add(row)
    uow.session.flush()
    for part in prepared.parts:
        uow.session.add(
            PartRow(
                id=new_id("prt"),
                version_id=version_id,
                batch_id=batch_id,
                kind=prepared.kind.value,
                sequence=seen + 1,
                day=part.day,
                digest=prepared.digest,
                row_group=part.group,
                rows=part.rows,
            )
        )
    if prepared.parts:
        jobs.enqueue(uow, PROFILE_JOB, "version", version_id, {"version_id": version_id})
    uow.record(
        f"{prepared.kind.value}.received",
        "version",
        version_id,
        {
            "batch": batch_id,
            "source": prepared.source_digest,
            "log": prepared.digest,
            "accepted": prepared.accepted,
            "repeated": prepared.repeated,
            "revised": prepared.revised,
            "refused": refused,
        },
    )
    return queries.batch(uow.session, batch_id)


def store_reference(
    uow: UnitOfWork,
    version_id: str,
    layout: Layout,
    profile: Profile,
    *,
    dataset_digest: str,
    predictions_digest: str,
    days: Mapping[date, DayProfile],
) -> None:
    """Keep a version's reference; the first one stays. Bookkeeping of the worker: no event of its own.

    `days` are the reference's rows by day, where its table has a column of moments.
    """
    require(uow.actor, Permission.SEND_PREDICTIONS)
    if uow.session.get(ReferenceRow, version_id) is None:
        for day, held in sorted(days.items()):
            uow.session.add(
                ReferenceDayRow(
                    version_id=version_id,
                    day=day,
                    rows=held.total.rows,
                    body=layout.pack(held.total),
                    hours=pack_hours(held.hourly),
                )
            )
        uow.session.add(
            ReferenceRow(
                version_id=version_id,
                dataset_digest=dataset_digest,
                predictions_digest=predictions_digest,
                layout=to_json(layout),
                rows=profile.rows,
                body=layout.pack(profile),
                created_at=uow.now,
            )
        )


MeasuredWindows = Mapping[tuple[Grain, date], Mapping[Metric, Measure]]


def store_profiles(
    uow: UnitOfWork,
    version_id: str,
    layout: Layout,
    days: Mapping[date, DayProfile],
    measured: MeasuredWindows,
    taken: Sequence[str],
    expected: MeasuredWindows | None = None,
) -> bool:
    """Add counts to their days, replace the windows' metrics and mark the parts as profiled, all at once.

    Does nothing and answers False when another worker has taken one of the parts. Bookkeeping: no event.
    """
    require(uow.actor, Permission.SEND_PREDICTIONS)
    parts = uow.session.exec(select(PartRow).where(col(PartRow.id).in_(taken)).with_for_update()).all()
    if any(part.profiled for part in parts):
        return False
    for part in parts:
        part.profiled = True
    for day, added in sorted(days.items()):
        row = uow.session.get(ProfileRow, (version_id, day))
        if row is None:
            _set_day(uow, version_id, layout, day, added)
            continue
        total = layout.add(Profile(row.rows, *layout.unpack(row.body), row.novel), added.total)
        # A day that was counted without its hours waits for its profiles to be rebuilt.
        if row.hours is not None:
            row.hours = pack_hours(add_hours(unpack_hours(layout, row.hours), added.hourly))
        _set_total(row, layout, total)
    keep_measures(uow, version_id, measured)
    keep_estimates(uow, version_id, expected or {}, "cbpe")
    ask_to_judge(uow, version_id)
    return True


def replace_day(
    uow: UnitOfWork,
    version_id: str,
    layout: Layout,
    day: date,
    counted: DayProfile,
    measured: MeasuredWindows,
    parts: Sequence[str],
) -> None:
    """Put a day's counts in the place of those that stood there, made of these parts. Bookkeeping: no event."""
    require(uow.actor, Permission.SEND_PREDICTIONS)
    for part in uow.session.exec(select(PartRow).where(col(PartRow.id).in_(parts)).with_for_update()):
        part.profiled = True
    _set_day(uow, version_id, layout, day, counted)
    keep_measures(uow, version_id, measured)


def _set_day(uow: UnitOfWork, version_id: str, layout: Layout, day: date, counted: DayProfile) -> None:
    row = uow.session.get(ProfileRow, (version_id, day))
    if row is None:
        row = ProfileRow(version_id=version_id, day=day, rows=0, body=b"", novel={})
        uow.session.add(row)
    row.hours = pack_hours(counted.hourly)
    _set_total(row, layout, counted.total)


def _set_total(row: ProfileRow, layout: Layout, total: Profile) -> None:
    row.rows = total.rows
    row.body = layout.pack(total)
    row.novel = {name: dict(found) for name, found in total.novel.items()}


def keep_measures(uow: UnitOfWork, version_id: str, measured: MeasuredWindows) -> None:
    """Put windows' metrics in the place of those that stood there. Bookkeeping: no event."""
    require(uow.actor, Permission.SEND_PREDICTIONS)
    for (grain, start), metrics in measured.items():
        held = {
            row.metric: row
            for row in uow.session.exec(
                select(PerformanceRow).where(
                    PerformanceRow.version_id == version_id,
                    PerformanceRow.grain == grain.value,
                    PerformanceRow.start == start,
                )
            )
        }
        for metric, one in metrics.items():
            fresh = held.pop(metric.value, None) or PerformanceRow(
                version_id=version_id,
                grain=grain.value,
                start=start,
                metric=metric.value,
                value=0,
                low=None,
                high=None,
                n=0,
            )
            fresh.value, fresh.n = one.value, one.n
            fresh.low = None if math.isnan(one.low) else one.low
            fresh.high = None if math.isnan(one.high) else one.high
            uow.session.add(fresh)
        for gone in held.values():
            uow.session.delete(gone)


def ask_to_judge(uow: UnitOfWork, version_id: str) -> None:
    """Ask for what follows new counts: alerts and KPIs. Bookkeeping: no event."""
    require(uow.actor, Permission.SEND_PREDICTIONS)
    jobs.enqueue(uow, JUDGE_JOB, "version", version_id, {"version_id": version_id})
    jobs.enqueue(uow, OBSERVE_JOB, "version", version_id, {"version_id": version_id})
    last = known_jobs.latest(uow.session, "version", version_id, JOINT_JOB)
    if last is None or last.state != JobState.QUEUED:
        jobs.enqueue(uow, JOINT_JOB, "version", version_id, {"version_id": version_id})


def keep_estimates(
    uow: UnitOfWork,
    version_id: str,
    windows: Mapping[tuple[Grain, date], Mapping[Metric, Measure]],
    method: str,
) -> None:
    """Put windows' expected metrics in the place of those that stood there. Bookkeeping: no event."""
    require(uow.actor, Permission.SEND_PREDICTIONS)
    told = [(grain.value, start) for (grain, start), metrics in windows.items() if metrics]
    if not told:
        return
    place = tuple_(col(EstimateRow.grain), col(EstimateRow.start))
    uow.session.execute(delete(EstimateRow).where(col(EstimateRow.version_id) == version_id, place.in_(told)))
    uow.session.execute(
        insert(EstimateRow),
        [
            {
                "version_id": version_id, "grain": grain.value, "start": start, "metric": metric.value,
                "method": method, "value": one.value, "low": one.low, "high": one.high, "n": one.n,
            }
            for (grain, start), metrics in windows.items()
            for metric, one in metrics.items()
        ],
    )  # fmt: skip


def keep_joint(uow: UnitOfWork, version_id: str, about: Stale, found: Mapping[Joint, Found]) -> None:
    """Put what was measured over several columns in the place of what stood there. Bookkeeping: no event.

    What was not measured again still holds, for the rows and labels that the window has now.
    """
    require(uow.actor, Permission.SEND_PREDICTIONS)
    for measure, one in found.items():
        uow.session.merge(
            JointRow(
                version_id=version_id,
                grain=about.grain.value,
                start=about.window.start,
                measure=measure.value,
                variant=VARIANTS[measure],
                value=one.value,
                before=one.before,
                after=one.after,
                where=list(one.where),
                rows=about.rows,
                labelled=about.labelled,
            )
        )
    uow.session.flush()
    uow.session.execute(
        update(JointRow)
        .where(
            col(JointRow.version_id) == version_id,
            col(JointRow.grain) == about.grain.value,
            col(JointRow.start) == about.window.start,
        )
        .values(rows=about.rows, labelled=about.labelled)
    )


def set_log(uow: UnitOfWork, use_case_id: str, setting: LogSetting) -> None:
    """Say where a use case's log lies and how long its rows are kept; outside tables are counted at once.

    Raises `Refused`, `NotFound`, `Invalid` naming the field.
    """
    require(uow.actor, Permission.MANAGE_SETTINGS)
    registry.use_case_by_id(uow.session, use_case_id)
    check(setting)
    row = uow.session.exec(select(LogRow).where(LogRow.use_case_id == use_case_id).with_for_update()).first()
    if row is None:
        row = LogRow(use_case_id=use_case_id, changed_by=uow.actor.id, changed_at=uow.now)
        uow.session.add(row)
    row.outside = None if setting.outside is None else asdict(setting.outside)
    row.keep_days = setting.keep_days
    row.looked_at = None
    row.changed_by, row.changed_at = uow.actor.id, uow.now
    uow.record(
        "prediction_log.set",
        "use_case",
        use_case_id,
        {"outside": row.outside, "keep_days": row.keep_days},
    )
    uow.session.flush()
    if setting.outside is not None:
        ask_to_follow(uow, use_case_id)


def ask_to_follow(uow: UnitOfWork, use_case_id: str) -> None:
    """Ask for every ready version's rows of an outside log to be counted. Bookkeeping: no event."""
    require(uow.actor, Permission.MANAGE_SETTINGS)
    row = uow.session.get(LogRow, use_case_id)
    if row is None:
        return
    row.looked_at = uow.now
    for version in registry.versions(uow.session, use_case_id):
        if version.state == VersionState.READY:
            jobs.enqueue(uow, PROFILE_JOB, "version", version.id, {"version_id": version.id})


def note_labels(uow: UnitOfWork, version_id: str, labels: int | None) -> None:
    """Keep how many labels an outside log held when it was measured. Bookkeeping: no event."""
    require(uow.actor, Permission.SEND_PREDICTIONS)
    row = uow.session.get(ReferenceRow, version_id)
    if row is not None:
        row.labels_seen = labels


def ask_to_rebuild(uow: UnitOfWork, version_id: str) -> str:
    """Ask for a version's profiles to be counted anew from its log; return the job."""
    require(uow.actor, Permission.SEND_PREDICTIONS)
    registry.version(uow.session, version_id)
    uow.record("profiles.rebuild_asked", "version", version_id)
    return jobs.enqueue(uow, REBUILD_JOB, "version", version_id, {"version_id": version_id})


def replace_parts(
    uow: UnitOfWork,
    version_id: str,
    kind: BatchKind,
    old: Sequence[LogPart],
    digest: str,
    fresh: Sequence[Written],
) -> bool:
    """Put one file's parts in the place of many, which hold the same rows.

    Does nothing and answers False when one of them is gone or not counted yet.
    """
    require(uow.actor, Permission.SEND_PREDICTIONS)
    wanted = [part.id for part in old]
    rows = uow.session.exec(select(PartRow).where(col(PartRow.id).in_(wanted)).with_for_update()).all()
    if len(rows) != len(wanted) or not all(row.profiled for row in rows):
        return False
    newest = max(rows, key=lambda row: row.sequence)
    batch_id, sequence = newest.batch_id, newest.sequence
    for row in rows:
        uow.session.delete(row)
    for part in fresh:
        uow.session.add(
            PartRow(
                id=new_id("prt"),
                version_id=version_id,
                batch_id=batch_id,
                kind=kind.value,
                sequence=sequence,
                day=part.day,
                digest=digest,
                row_group=part.group,
                rows=part.rows,
                profiled=True,
            )
        )
    uow.record(
        "prediction_log.compacted",
        "version",
        version_id,
        {"kind": kind.value, "parts": len(rows), "log": digest, "rows": sum(part.rows for part in fresh)},
    )
    return True


def expire(uow: UnitOfWork, version_id: str, before: date) -> int:
    """Drop the parts of days before one; profiles and metrics stay. Return how many rows are gone."""
    require(uow.actor, Permission.SEND_PREDICTIONS)
    rows = uow.session.exec(
        select(PartRow)
        .where(PartRow.version_id == version_id, col(PartRow.day) < before, col(PartRow.profiled).is_(True))
        .with_for_update()
    ).all()
    # Labels that still wait for their prediction stand under a day of their own, and expire by when they came.
    kept = {
        batch.id
        for batch in uow.session.exec(select(BatchRow).where(BatchRow.version_id == version_id))
        if batch.received_at.date() >= before
    }
    gone = [row for row in rows if row.day != WAITING or row.batch_id not in kept]
    for row in gone:
        uow.session.delete(row)
    if gone:
        uow.record(
            "prediction_log.expired",
            "version",
            version_id,
            {"before": before.isoformat(), "rows": sum(row.rows for row in gone)},
        )
    return sum(row.rows for row in gone)


def ask_to_tidy(uow: UnitOfWork, version_id: str) -> None:
    """Ask for a version's log to be compacted and its old rows dropped. Bookkeeping: no event."""
    require(uow.actor, Permission.MANAGE_SETTINGS)
    jobs.enqueue(uow, TIDY_JOB, "version", version_id, {"version_id": version_id})
