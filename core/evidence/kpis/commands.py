"""Writing: define, revise and retire a KPI; keep what the worker observed."""

from collections.abc import Mapping, Sequence

from sqlmodel import select

from core.assets.registry import queries as registry
from core.errors import Conflict, Invalid, NotFound
from core.evidence.kpis import queries
from core.evidence.kpis.definition import Definition, check
from core.evidence.kpis.queries import Kpi, Observation
from core.evidence.kpis.tables import KpiRevisionRow, KpiRow, ObservationRow
from core.i18n import N_
from core.ids import new_id
from core.platform.access import queries as access
from core.platform.access.permissions import Permission, require
from core.platform.jobs import commands as jobs
from core.platform.store import Json, UnitOfWork

OBSERVE_JOB = "kpis.observe"


def define_kpi(uow: UnitOfWork, use_case_id: str, definition: Definition) -> Kpi:
    """Define a KPI for a use case and ask for its past. Raise `Invalid`, or `Conflict` for a name in use."""
    require(uow.actor, Permission.DEFINE_KPI)
    _check(uow, use_case_id, definition)
    row = KpiRow(id=new_id("kpi"), use_case_id=use_case_id, revision=1, created_at=uow.now)
    uow.session.add(row)
    uow.session.flush()
    return _revise(uow, row, definition, "kpi.defined")


def revise_kpi(uow: UnitOfWork, kpi_id: str, definition: Definition) -> Kpi:
    """Put a new revision in force; observations under the old ones stay. Raise `NotFound`, `Invalid`, `Conflict`."""
    require(uow.actor, Permission.DEFINE_KPI)
    row = _held(uow, kpi_id)
    _check(uow, row.use_case_id, definition, besides=kpi_id)
    if queries.kpi(uow.session, kpi_id).definition == definition:
        raise Conflict("kpi.unchanged", N_("Nothing changed: the KPI stands as it is."))
    row.revision += 1
    return _revise(uow, row, definition, "kpi.revised")


def retire_kpi(uow: UnitOfWork, kpi_id: str) -> None:
    """Take a KPI off the scoreboard; its history stays. Raise `NotFound`, `Conflict`."""
    require(uow.actor, Permission.DEFINE_KPI)
    row = _held(uow, kpi_id)
    row.retired_at = uow.now
    uow.record("kpi.retired", "kpi", kpi_id, {"use_case": row.use_case_id, "revision": row.revision})


def store_observations(uow: UnitOfWork, revision_id: str, seen: Mapping[str, Sequence[Observation]]) -> int:
    """Keep observations by model version; return how many changed. Bookkeeping of the worker: no event."""
    require(uow.actor, Permission.DEFINE_KPI)
    changed = 0
    for version_id, some in seen.items():
        query = select(ObservationRow).where(
            ObservationRow.revision_id == revision_id, ObservationRow.version_id == version_id
        )
        held = {row.start: row for row in uow.session.exec(query)}
        for one in some:
            row = held.get(one.window.start)
            fresh = ObservationRow(
                revision_id=revision_id,
                version_id=version_id,
                start=one.window.start,
                value=one.value,
                low=one.low,
                high=one.high,
                n=one.n,
                coverage=one.coverage,
                status=one.status.value,
                observed_at=uow.now,
            )
            if row is None:
                uow.session.add(fresh)
            elif _facts(row) != _facts(fresh):
                for name, value in _facts(fresh).items():
                    setattr(row, name, value)
                row.observed_at = uow.now
            else:
                continue
            changed += 1
    return changed


def _facts(row: ObservationRow) -> dict[str, object]:
    return {name: getattr(row, name) for name in ("value", "low", "high", "n", "coverage", "status")}


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
    check(definition, use_case.task.value)
    if definition.owner_id not in access.names(uow.session, [definition.owner_id]):
        raise Invalid(
            "kpi.owner",
            N_("The owner is nobody here."),
            fix=N_("Choose a person who answers for the KPI."),
            field="owner_id",
        )
    name = definition.name.strip().casefold()
    for other in queries.kpis(uow.session, use_case_id):
        if other.id != besides and other.definition.name.strip().casefold() == name:
            raise Conflict(
                "kpi.name_in_use",
                N_("The use case has a KPI {name} already."),
                fix=N_("Revise it, or choose another name."),
                field="name",
                name=other.definition.name,
            )


def _revise(uow: UnitOfWork, row: KpiRow, definition: Definition, action: str) -> Kpi:
    revision_id = new_id("kpr")
    uow.session.add(
        KpiRevisionRow(
            id=revision_id,
            kpi_id=row.id,
            number=row.revision,
            name=definition.name.strip(),
            question=definition.question.strip(),
            owner_id=definition.owner_id,
            metric=definition.metric.value,
            unit=definition.unit.strip(),
            direction=definition.direction.value,
            target=definition.target,
            warning=definition.warning,
            critical=definition.critical,
            window=definition.window.value,
            minimum_n=definition.minimum_n,
            author_id=uow.actor.id,
            created_at=uow.now,
        )
    )
    uow.session.flush()
    jobs.enqueue(uow, OBSERVE_JOB, "kpi", row.id, {"use_case_id": row.use_case_id})
    uow.record(action, "kpi", row.id, _event(row, definition))
    return queries.kpi(uow.session, row.id)


def _event(row: KpiRow, definition: Definition) -> dict[str, Json]:
    def written(value: float | None) -> str | None:
        return None if value is None else repr(value)

    return {
        "use_case": row.use_case_id,
        "revision": row.revision,
        "owner": definition.owner_id,
        "metric": definition.metric.value,
        "direction": definition.direction.value,
        "target": written(definition.target),
        "warning": written(definition.warning),
        "critical": written(definition.critical),
        "window": definition.window.value,
        "minimum_n": definition.minimum_n,
    }
