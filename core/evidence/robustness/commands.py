"""Ask for robustness reports, and store them."""

from core.assets.registry import queries as registry
from core.assets.registry.version import VersionState
from core.errors import Conflict
from core.evidence.robustness import queries
from core.evidence.robustness.report import Report, to_json
from core.evidence.robustness.tables import RobustnessRow
from core.i18n import N_
from core.platform.access.permissions import Permission, require
from core.platform.jobs import commands as jobs
from core.platform.store import UnitOfWork


def request_report(uow: UnitOfWork, version_id: str) -> str:
    """Start the job that shakes a version; return its id, of the running one where there is one."""
    require(uow.actor, Permission.RUN_CHECKS)
    version = registry.version(uow.session, version_id)
    if version.state is not VersionState.READY or version.score_column:
        raise Conflict(
            "robustness.no_model",
            N_("Version {number} has no model that could be asked again."),
            fix=N_("Only a version whose model Aval loads can be shaken."),
            number=version.number,
        )
    running = queries.job(uow.session, version_id)
    if running is not None and not running.over:
        return running.id
    job_id = enqueue_for(uow, version_id)
    uow.record("robustness.requested", "version", version_id, {"job": job_id})
    return job_id


def enqueue_for(uow: UnitOfWork, version_id: str) -> str:
    """Enqueue the shaking as a part of another command: no event of its own."""
    return jobs.enqueue(uow, queries.JOB_KIND, queries.SUBJECT_KIND, version_id, {"version_id": version_id})


def store(uow: UnitOfWork, version_id: str, report: Report, *, model_digest: str, data_digest: str) -> None:
    """Store a version's report in place of an older one."""
    require(uow.actor, Permission.RUN_CHECKS)
    row = uow.session.get(RobustnessRow, version_id, with_for_update=True)
    if row is None:
        row = RobustnessRow(
            version_id=version_id,
            model_digest=model_digest,
            data_digest=data_digest,
            body=to_json(report),
            created_at=uow.now,
        )
    else:
        row.body, row.created_at = to_json(report), uow.now
    uow.session.add(row)
    uow.record(
        "robustness.measured",
        "version",
        version_id,
        {
            "metric": report.metric,
            "rows": report.rows,
            "drops": {
                one.kind.value: f"{one.drop.value:.4g}" if one.drop else "refused"
                for one in report.lines
                if one.standard
            },
        },
    )
