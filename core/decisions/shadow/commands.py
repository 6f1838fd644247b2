"""Start and end a shadow run, have the log scored, and keep what it showed."""

from collections.abc import Sequence

from sqlmodel import col, delete, select

from core.assets.registry import queries as registry
from core.decisions.retraining import queries as retraining
from core.decisions.shadow import queries
from core.decisions.shadow.agreement import Month
from core.decisions.shadow.tables import ShadowMonthRow, ShadowRow
from core.errors import Conflict, NotFound
from core.i18n import N_
from core.ids import new_id
from core.platform.access.permissions import Permission, require
from core.platform.jobs import commands as jobs
from core.platform.store import Json, UnitOfWork


def start(uow: UnitOfWork, version_id: str) -> str:
    """Have a version answer what the live one of its use case was asked; return the run's id, of the one under way.

    Raise `Refused`, `NotFound`, and `Conflict` that says what stands in the way.
    """
    require(uow.actor, Permission.RUN_CHECKS)
    version = registry.version(uow.session, version_id)
    live = retraining.champion(uow.session, version.use_case_id)
    if live is None:
        raise Conflict(
            "shadow.nothing_live",
            N_("No version of {use_case} is live in production: there is nothing to run beside."),
            fix=N_("Have one released first."),
            use_case=version.use_case_slug,
        )
    champion = registry.version(uow.session, live)
    match queries.obstacle(champion, version):
        case "self":
            raise Conflict("shadow.itself", N_("Version {number} is live itself."), number=version.number)
        case "state":
            raise Conflict(
                "shadow.not_ready",
                N_("Version {number} has not passed its checks."),
                fix=N_("Wait until it is ready, or open it to see why it is not."),
                number=version.number,
            )
        case "model":
            raise Conflict(
                "shadow.no_model",
                N_("Version {number} is governed by its scores alone: there is no model that could answer."),
                fix=N_("Upload the model itself."),
                number=version.number,
            )
        case "features":
            raise Conflict(
                "shadow.other_features",
                N_("The log of version {champion} does not hold what version {number} asks for: {names}."),
                fix=N_("Log these features with each prediction, or compare both on evaluation rows."),
                champion=champion.number,
                number=version.number,
                names=", ".join(queries.unlogged(champion, version)),
            )
    return _started(uow, version.use_case_id, live, version_id)


def start_for(uow: UnitOfWork, version_id: str) -> str | None:
    """Start one as a part of another command; nothing where something stands in the way."""
    version = registry.version(uow.session, version_id)
    live = retraining.champion(uow.session, version.use_case_id)
    if live is None or queries.obstacle(registry.version(uow.session, live), version):
        return None
    return _started(uow, version.use_case_id, live, version_id)


def end(uow: UnitOfWork, shadow_id: str) -> None:
    """End a run; what it showed stays. Raise `Conflict` where it has ended."""
    require(uow.actor, Permission.RUN_CHECKS)
    row = _locked(uow, shadow_id)
    if row.ended_at is not None:
        raise Conflict("shadow.ended", N_("This shadow run has ended already."))
    _end(uow, row, "person")


def request(uow: UnitOfWork, shadow_id: str) -> str:
    """Have new rows and outcomes of the log scored now; return the job's id, of the running one where there is one."""
    require(uow.actor, Permission.RUN_CHECKS)
    row = _locked(uow, shadow_id)
    if row.ended_at is not None:
        raise Conflict("shadow.ended", N_("This shadow run has ended already."))
    job_id = _enqueue(uow, shadow_id, by_itself=False)
    uow.record("shadow.requested", "version", row.challenger, {"shadow": shadow_id, "job": job_id})
    return job_id


def follow_for(uow: UnitOfWork, version_id: str) -> None:
    """Go on with the runs beside a champion whose log changed, within another command; end those of a former one."""
    query = select(ShadowRow).where(ShadowRow.champion == version_id, col(ShadowRow.ended_at).is_(None))
    for row in uow.session.exec(query.order_by(col(ShadowRow.id)).with_for_update()).all():
        if retraining.champion(uow.session, row.use_case_id) != version_id:
            _end(uow, row, "succession")
        elif queries.stale(uow.session, queries.read(row), by_itself=True):
            _enqueue(uow, row.id, by_itself=True)


def store(uow: UnitOfWork, shadow_id: str, months: Sequence[Month], there: Sequence[object]) -> None:
    """Keep months; those that are no longer `there` in the log go."""
    require(uow.actor, Permission.RUN_CHECKS)
    row = _locked(uow, shadow_id)
    uow.session.execute(
        delete(ShadowMonthRow).where(
            col(ShadowMonthRow.shadow_id) == shadow_id, col(ShadowMonthRow.start).not_in(list(there))
        )
    )
    for month in months:
        uow.session.merge(
            ShadowMonthRow(
                shadow_id=shadow_id,
                start=month.start,
                rows=month.rows,
                labelled=month.labelled,
                body=month.to_json(),
                created_at=uow.now,
            )
        )
    uow.record(
        "shadow.scored",
        "version",
        row.challenger,
        {
            "shadow": shadow_id,
            "months": [month.start.isoformat() for month in months],
            "rows": sum(month.sampled for month in months),
            "differing": sum(month.differing for month in months),
        },
    )


def _started(uow: UnitOfWork, use_case_id: str, champion: str, challenger: str) -> str:
    held = select(ShadowRow.id).where(
        ShadowRow.champion == champion,
        ShadowRow.challenger == challenger,
        col(ShadowRow.ended_at).is_(None),
    )
    running = uow.session.exec(held.with_for_update()).first()
    if running is not None:
        return running
    row = ShadowRow(
        id=new_id("shd"),
        use_case_id=use_case_id,
        champion=champion,
        challenger=challenger,
        started_by=uow.actor.id,
        started_at=uow.now,
    )
    uow.session.add(row)
    uow.session.flush()
    uow.record("shadow.started", "version", challenger, {"shadow": row.id, "champion": champion})
    _enqueue(uow, row.id, by_itself=False)
    return row.id


def _end(uow: UnitOfWork, row: ShadowRow, why: str) -> None:
    row.ended_at = uow.now
    uow.session.add(row)
    uow.record("shadow.ended", "version", row.challenger, {"shadow": row.id, "why": why})


def _enqueue(uow: UnitOfWork, shadow_id: str, *, by_itself: bool) -> str:
    running = queries.job(uow.session, shadow_id)
    if running is not None and not running.over:
        return running.id
    payload: dict[str, Json] = {"shadow_id": shadow_id, "by_itself": by_itself}
    return jobs.enqueue(uow, queries.JOB_KIND, queries.SUBJECT_KIND, shadow_id, payload)


def _locked(uow: UnitOfWork, shadow_id: str) -> ShadowRow:
    row = uow.session.exec(select(ShadowRow).where(ShadowRow.id == shadow_id).with_for_update()).first()
    if row is None:
        raise NotFound("shadow.unknown", N_("There is no shadow run {id}."), id=shadow_id)
    return row
