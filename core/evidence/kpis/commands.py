"""Writing: propose, approve, decline and retire a KPI; keep what the worker observed."""

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from sqlmodel import col, delete, select

from core.assets.registry import queries as registry
from core.assets.registry.version import VersionState
from core.errors import Conflict, Invalid, NotFound, Refused
from core.evidence.kpis import queries
from core.evidence.kpis.daily import DaySums
from core.evidence.kpis.definition import Definition, Status, check
from core.evidence.kpis.logged import log_columns
from core.evidence.kpis.queries import Kpi, Observation, State
from core.evidence.kpis.tables import DayRow, KpiRevisionRow, KpiRow, ObservationRow, TraceRow
from core.i18n import N_, _
from core.ids import new_id
from core.platform.access import queries as access
from core.platform.access.permissions import ROLE_NAMES, Permission, Role, require
from core.platform.jobs import commands as jobs
from core.platform.store import Json, UnitOfWork

OBSERVE_JOB = "kpis.observe"


def define_kpi(uow: UnitOfWork, use_case_id: str, definition: Definition) -> Kpi:
    """Propose a KPI; a second person of its owner's area puts it in force.

    Raise `Invalid`, or `Conflict` for a name in use.
    """
    require(uow.actor, Permission.DEFINE_KPI)
    _check(uow, use_case_id, definition)
    row = KpiRow(id=new_id("kpi"), use_case_id=use_case_id, revision=0, created_at=uow.now)
    uow.session.add(row)
    uow.session.flush()
    return _propose(uow, row, 1, definition, "kpi.proposed")


def revise_kpi(uow: UnitOfWork, kpi_id: str, definition: Definition) -> Kpi:
    """Propose a change; the revision in force stays until it is approved. Raise `NotFound`, `Invalid`, `Conflict`."""
    require(uow.actor, Permission.DEFINE_KPI)
    row = _held(uow, kpi_id)
    _check(uow, row.use_case_id, definition, besides=kpi_id)
    known = queries.revisions(uow.session, kpi_id)
    if known[-1].state is State.PROPOSED:
        raise Conflict(
            "kpi.pending",
            N_("A change of this KPI waits for approval already."),
            fix=N_("Approve or decline that one first."),
        )
    if any(one.number == row.revision and one.definition == definition for one in known):
        raise Conflict("kpi.unchanged", N_("Nothing changed: the KPI stands as it is."))
    return _propose(uow, row, known[-1].number + 1, definition, "kpi.change_proposed")


def approve_kpi(uow: UnitOfWork, revision_id: str) -> Kpi:
    """Put a proposal in force and ask for its past; for a second person of the owner's area.

    Where one person is all there is, they may, and the log says so. Raise `Refused`, `NotFound`, `Conflict`.
    """
    require(uow.actor, Permission.APPROVE_KPI)
    revision, row = _waiting(uow, revision_id)
    alone = sum(not one.disabled for one in access.people(uow.session)) <= 1
    if not alone or uow.actor.kind != "person":
        _second_person(uow, revision)
    revision.state, revision.decided_by, revision.decided_at = State.IN_FORCE.value, uow.actor.id, uow.now
    row.revision = revision.number
    uow.session.add_all([revision, row])
    uow.session.flush()
    jobs.enqueue(uow, OBSERVE_JOB, "kpi", row.id, {"use_case_id": row.use_case_id})
    made = queries.kpi(uow.session, row.id)
    event = _event(row, made.definition, revision.number) | {"author": revision.author_id}
    if alone:
        event["single_person"] = True
    uow.record("kpi.approved", "kpi", row.id, event)
    return made


def decline_kpi(uow: UnitOfWork, revision_id: str) -> None:
    """Decline a proposal, as a second person of the owner's area, or take one's own back."""
    require(uow.actor, Permission.APPROVE_KPI)
    revision, row = _waiting(uow, revision_id)
    if uow.actor.id != revision.author_id:
        _second_person(uow, revision)
    revision.state, revision.decided_by, revision.decided_at = State.DECLINED.value, uow.actor.id, uow.now
    if not row.revision:
        row.retired_at = uow.now
    uow.session.add_all([revision, row])
    uow.record("kpi.declined", "kpi", row.id, {"use_case": row.use_case_id, "revision": revision.number})


def _waiting(uow: UnitOfWork, revision_id: str) -> tuple[KpiRevisionRow, KpiRow]:
    kpi_id = queries.revision(uow.session, revision_id).id
    row = _held(uow, kpi_id)
    query = select(KpiRevisionRow).where(KpiRevisionRow.id == revision_id)
    revision = uow.session.exec(query.execution_options(populate_existing=True)).one()
    if revision.state != State.PROPOSED.value:
        raise Conflict("kpi.decided", N_("This proposal has been decided already."))
    return revision, row


def _second_person(uow: UnitOfWork, revision: KpiRevisionRow) -> None:
    areas = queries.areas_of(uow.session, revision.owner_id)
    if uow.actor.id == revision.author_id:
        raise Refused(
            "kpi.own_proposal",
            N_("You proposed this KPI: a second person puts it in force."),
            fix=N_("Ask somebody of: {areas}."),
            areas=_area_names(areas),
            subject_kind="kpi",
            subject_id=revision.kpi_id,
        )
    if uow.actor.kind == "person" and not areas & uow.actor.roles:
        raise Refused(
            "kpi.other_area",
            N_("The owner of this KPI belongs to another area."),
            fix=N_("Ask somebody of: {areas}."),
            areas=_area_names(areas),
            subject_kind="kpi",
            subject_id=revision.kpi_id,
        )


def _area_names(areas: Collection[str]) -> str:
    return ", ".join(_(ROLE_NAMES[Role(one)]) for one in sorted(areas)) or "–"


def retire_kpi(uow: UnitOfWork, kpi_id: str) -> None:
    """Take a KPI off the scoreboard; its history stays. Raise `NotFound`, `Conflict`."""
    require(uow.actor, Permission.DEFINE_KPI)
    row = _held(uow, kpi_id)
    row.retired_at = uow.now
    uow.record("kpi.retired", "kpi", kpi_id, {"use_case": row.use_case_id, "revision": row.revision})


def store_observations(uow: UnitOfWork, revision_id: str, seen: Mapping[str, Sequence[Observation]]) -> int:
    """Keep observations by model version; return how many changed. Bookkeeping of the worker, but for a breach.

    A window that late rows or labels move leaves a trace of what it showed.
    """
    require(uow.actor, Permission.DEFINE_KPI)
    changed = 0
    for version_id, some in seen.items():
        query = select(ObservationRow).where(
            ObservationRow.revision_id == revision_id, ObservationRow.version_id == version_id
        )
        held = {(row.segment, row.place): row for row in uow.session.exec(query)}
        before = _latest({place: row.status for (segment, place), row in held.items() if not segment})
        for one in some:
            row = held.get((one.segment, one.place))
            fresh = ObservationRow(
                revision_id=revision_id, version_id=version_id, segment=one.segment, place=one.place,
                start=one.window.start, end=one.window.end, value=one.value, low=one.low, high=one.high, n=one.n,
                coverage=one.coverage, status=one.status.value, method=one.method.value, note=one.note,
                observed_at=uow.now,
            )  # fmt: skip
            if row is None:
                uow.session.add(fresh)
            elif not _same(row, fresh):
                uow.session.add(_trace(row, uow.now))
                for name in _FACTS:
                    setattr(row, name, getattr(fresh, name))
                row.observed_at = uow.now
            else:
                continue
            changed += 1
        now = {place: row.status for (segment, place), row in held.items() if not segment}
        now |= {one.place: one.status.value for one in some if not one.segment}
        _tell_breach(uow, revision_id, version_id, before, _latest(now))
    return changed


def _latest(statuses: Mapping[int, str]) -> str:
    """The status of the last window that could be judged."""
    judged = [place for place, status in statuses.items() if status != Status.NOT_ENOUGH.value]
    return statuses[max(judged)] if judged else Status.NOT_ENOUGH.value


def _tell_breach(uow: UnitOfWork, revision_id: str, version_id: str, before: str, now: str) -> None:
    """Write down that a KPI fell below its critical limit, or came back; its owner is named, webhooks carry it on."""
    critical = Status.CRITICAL.value
    if (before == critical) == (now == critical):
        return
    kpi = queries.revision(uow.session, revision_id)
    uow.record(
        "kpi.breached" if now == critical else "kpi.recovered",
        "kpi",
        kpi.id,
        {
            "use_case": kpi.use_case_id,
            "version": version_id,
            "revision": kpi.number,
            "owner": kpi.definition.owner_id,
            "before": before,
            "status": now,
        },
    )


def store_days(
    uow: UnitOfWork, revision_id: str, version_id: str, fresh: Sequence[DaySums], replaced: Sequence[date]
) -> None:
    """Keep a formula's sums by day in place of those of the same days. Bookkeeping of the worker: no event."""
    require(uow.actor, Permission.DEFINE_KPI)
    uow.session.exec(
        delete(DayRow).where(
            col(DayRow.revision_id) == revision_id,
            col(DayRow.version_id) == version_id,
            col(DayRow.day).in_(replaced),
        )
    )
    uow.session.add_all(
        DayRow(
            revision_id=revision_id, version_id=version_id, day=one.day, segment=one.segment, place=one.place,
            rows=one.rows, labelled=one.labelled, parts=one.parts, note=one.note, body=list(one.body),
        )
        for one in fresh
    )  # fmt: skip


_FACTS = ("start", "end", "value", "low", "high", "n", "coverage", "status", "method", "note")


def _same(row: ObservationRow, fresh: ObservationRow) -> bool:
    """Compare what is kept; sums in another order may differ in their last digits."""
    for name in _FACTS:
        old, new = getattr(row, name), getattr(fresh, name)
        if isinstance(old, float) and isinstance(new, float):
            if not math.isclose(old, new, rel_tol=1e-11, abs_tol=1e-12):
                return False
        elif old != new:
            return False
    return True


def _trace(row: ObservationRow, now: datetime) -> TraceRow:
    return TraceRow(
        id=new_id("kpt"), revision_id=row.revision_id, version_id=row.version_id, segment=row.segment, place=row.place,
        value=row.value, low=row.low, high=row.high, n=row.n, coverage=row.coverage, status=row.status,
        observed_at=row.observed_at, replaced_at=now,
    )  # fmt: skip


def _held(uow: UnitOfWork, kpi_id: str) -> KpiRow:
    row = uow.session.exec(select(KpiRow).where(KpiRow.id == kpi_id).with_for_update()).first()
    if row is None:
        raise NotFound("kpi.unknown", N_("There is no KPI {id}."), id=kpi_id)
    if row.retired_at is not None:
        raise Conflict(
            "kpi.retired", N_("This KPI has been retired."), fix=N_("Define a new one in its place.")
        )
    return row


def _check(uow: UnitOfWork, use_case_id: str, definition: Definition, besides: str = "") -> None:
    use_case = registry.use_case_by_id(uow.session, use_case_id)
    known = [v for v in registry.versions(uow.session, use_case_id) if v.state is VersionState.READY]
    newest = max(known, key=lambda one: one.number, default=None)
    check(definition, use_case.task.value, log_columns(use_case.task.value, newest))
    if definition.counter_metric:
        queries.kpi(uow.session, definition.counter_metric)
    if definition.owner_id not in access.names(uow.session, [definition.owner_id]):
        raise Invalid(
            "kpi.owner",
            N_("The owner is nobody here."),
            fix=N_("Choose a person who answers for the KPI."),
            field="owner_id",
        )
    name = definition.name.strip().casefold()
    for other in (*queries.kpis(uow.session, use_case_id), *queries.proposals(uow.session, use_case_id)):
        if other.id != besides and other.definition.name.strip().casefold() == name:
            raise Conflict(
                "kpi.name_in_use",
                N_("The use case has a KPI {name} already."),
                fix=N_("Revise it, or choose another name."),
                field="name",
                name=other.definition.name,
            )


def _propose(uow: UnitOfWork, row: KpiRow, number: int, definition: Definition, action: str) -> Kpi:
    revision_id = new_id("kpr")
    uow.session.add(
        KpiRevisionRow(
            id=revision_id, kpi_id=row.id, number=number, name=definition.name.strip(),
            question=definition.question.strip(), owner_id=definition.owner_id,
            metric=definition.metric.value if definition.metric else "", kind=definition.kind.value,
            formula=definition.formula.strip(), currency=definition.currency, zone=definition.zone,
            every=definition.every, segment=definition.segment, counter_metric=definition.counter_metric,
            currency_column=definition.currency_column, units=[list(one) for one in definition.units],
            unit=definition.unit.strip(), direction=definition.direction.value, target=definition.target,
            warning=definition.warning, critical=definition.critical, window=definition.window.value,
            minimum_n=definition.minimum_n, author_id=uow.actor.id, created_at=uow.now,
            state=State.PROPOSED.value,
        )
    )  # fmt: skip
    uow.session.flush()
    uow.record(action, "kpi", row.id, _event(row, definition, number))
    return queries.revision(uow.session, revision_id)


def _event(row: KpiRow, definition: Definition, number: int) -> dict[str, Json]:
    def written(value: float | None) -> str | None:
        return None if value is None else repr(value)

    return {
        "use_case": row.use_case_id,
        "revision": number,
        "owner": definition.owner_id,
        "kind": definition.kind.value,
        "metric": definition.metric.value if definition.metric else None,
        "formula": definition.formula or None,
        "currency": definition.currency or None,
        "direction": definition.direction.value,
        "target": written(definition.target),
        "warning": written(definition.warning),
        "critical": written(definition.critical),
        "window": definition.window.value,
        "zone": definition.zone,
        "every": definition.every,
        "segment": definition.segment or None,
        "minimum_n": definition.minimum_n,
    }
