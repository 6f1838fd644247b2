"""Writing: a batch with its receipt, and what the worker computed of it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import col, select

from core.evidence.monitoring import queries
from core.evidence.monitoring.batches import BatchKind, RefusedRows
from core.evidence.monitoring.hours import DayProfile, add_hours, pack_hours, unpack_hours
from core.evidence.monitoring.layout import Layout, Profile, to_json
from core.evidence.monitoring.partition import Written
from core.evidence.monitoring.performance import Measure, Metric
from core.evidence.monitoring.records import Batch
from core.evidence.monitoring.tables import (
    BatchRow,
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
from core.platform.store import UnitOfWork

PROFILE_JOB = "monitoring.profile"
JUDGE_JOB = "alerts.judge"
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
    days = [part.day for part in prepared.parts]
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
            row = ProfileRow(version_id=version_id, day=day, rows=0, body=b"", novel={})
            uow.session.add(row)
            total = added.total
            row.hours = pack_hours(added.hourly)
        else:
            total = layout.add(Profile(row.rows, *layout.unpack(row.body), row.novel), added.total)
            # A day that was counted without its hours waits for its profiles to be rebuilt.
            if row.hours is not None:
                row.hours = pack_hours(add_hours(unpack_hours(layout, row.hours), added.hourly))
        row.rows = total.rows
        row.body = layout.pack(total)
        row.novel = {name: dict(found) for name, found in total.novel.items()}
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
    jobs.enqueue(uow, JUDGE_JOB, "version", version_id, {"version_id": version_id})
    jobs.enqueue(uow, OBSERVE_JOB, "version", version_id, {"version_id": version_id})
    return True
