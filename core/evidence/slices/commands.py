"""Ask for error analyses, and store them."""

from core.assets.registry import queries as registry
from core.assets.registry.version import VersionState
from core.errors import Conflict
from core.evidence.slices import queries
from core.evidence.slices.finding import Found, to_json
from core.evidence.slices.tables import SlicesRow
from core.i18n import N_
from core.platform.access.permissions import Permission, require
from core.platform.jobs import commands as jobs
from core.platform.store import UnitOfWork


def request_analysis(uow: UnitOfWork, version_id: str) -> str:
    """Start the job that analyses a version's errors; return its id, of the running one where there is one."""
    require(uow.actor, Permission.RUN_CHECKS)
    version = registry.version(uow.session, version_id)
    if version.state is not VersionState.READY:
        raise Conflict(
            "slices.version_not_ready",
            N_("Version {number} has not passed its checks, so there are no errors to look at."),
            fix=N_("Wait for its evaluation, or upload a version that loads."),
            number=version.number,
        )
    running = queries.job(uow.session, version_id)
    if running is not None and not running.over:
        return running.id
    job_id = enqueue_for(uow, version_id)
    uow.record("slices.requested", "version", version_id, {"job": job_id})
    return job_id


def enqueue_for(uow: UnitOfWork, version_id: str) -> str:
    """Enqueue the analysis as a part of another command: no event of its own."""
    return jobs.enqueue(uow, queries.JOB_KIND, queries.SUBJECT_KIND, version_id, {"version_id": version_id})


def store(uow: UnitOfWork, version_id: str, found: Found, *, predictions_digest: str) -> None:
    """Store a version's error analysis in place of an older one."""
    require(uow.actor, Permission.RUN_CHECKS)
    row = uow.session.get(SlicesRow, version_id, with_for_update=True)
    if row is None:
        row = SlicesRow(
            version_id=version_id,
            predictions_digest=predictions_digest,
            body=to_json(found),
            created_at=uow.now,
        )
    else:
        row.predictions_digest, row.body, row.created_at = predictions_digest, to_json(found), uow.now
    uow.session.add(row)
    uow.record(
        "slices.found",
        "version",
        version_id,
        {"predictions": predictions_digest, "slices": len(found.slices), "rows": found.rows},
    )
