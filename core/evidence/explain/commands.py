"""Ask for explanations and store them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlmodel import select

from core.assets.registry import queries as registry
from core.assets.registry.version import VersionState
from core.errors import Conflict
from core.evidence.explain import queries
from core.evidence.explain.importance import Importance
from core.evidence.explain.partial import Partial
from core.evidence.explain.tables import ExplanationRow, PartialRow, TrialRow
from core.evidence.explain.terms import Fallback, Method, Question, Unit
from core.evidence.explain.trial import Trial
from core.i18n import N_
from core.ids import new_id
from core.platform.access.permissions import Permission, require
from core.platform.jobs import commands as jobs
from core.platform.store import UnitOfWork


@dataclass(frozen=True, slots=True)
class Computed:
    """What a job has computed for one version, ready to be stored."""

    model_digest: str
    data_digest: str
    label: str
    method: Method
    question: Question
    unit: Unit
    fallback: Fallback | None
    rows: int
    population: int
    background: int
    base: float
    max_error: float
    largest_standard_error: float
    importance: tuple[Importance, ...]
    values_digest: str
    seconds: float


def request_explanation(uow: UnitOfWork, version_id: str) -> str:
    """Start the job that explains a version; return the job's id, of the running one where there is one.

    Raise `Refused`, `NotFound`, or `Conflict` for a version that is not ready.
    """
    require(uow.actor, Permission.RUN_EXPLANATION)
    version = registry.version(uow.session, version_id)
    if version.state is not VersionState.READY:
        raise Conflict(
            "explanation.version_not_ready",
            N_("Version {number} has not passed its checks, so it cannot be explained."),
            fix=N_("Wait for its evaluation, or upload a version that loads."),
            number=version.number,
        )
    running = queries.job(uow.session, version_id)
    if running is not None and not running.over:
        return running.id
    job_id = enqueue_for(uow, version_id)
    uow.record("explanation.requested", "version", version_id, {"job": job_id})
    return job_id


def enqueue_for(uow: UnitOfWork, version_id: str) -> str:
    """Enqueue the explanation as a part of another command (the end of an evaluation): no event of its own."""
    return jobs.enqueue(uow, queries.JOB_KIND, queries.SUBJECT_KIND, version_id, {"version_id": version_id})


def enqueue_trial_for(uow: UnitOfWork, version_id: str) -> str:
    """Put a version's explanation on trial as a part of another command: no event of its own."""
    return jobs.enqueue(uow, queries.TRIAL_KIND, queries.SUBJECT_KIND, version_id, {"version_id": version_id})


def store_trial(uow: UnitOfWork, version_id: str, values_digest: str, trial: Trial) -> None:
    """Store what an explanation showed on trial, in place of an earlier one."""
    require(uow.actor, Permission.RUN_EXPLANATION)
    row = uow.session.get(TrialRow, version_id, with_for_update=True)
    if row is None:
        row = TrialRow(version_id=version_id, values_digest="", body={}, created_at=uow.now)
    row.values_digest, row.body, row.created_at = values_digest, trial.to_json(), uow.now
    uow.session.add(row)
    facts = {f.test.value: f"{f.value:.3g}" for f in trial.findings}
    uow.record("explanation.tried", "version", version_id, {"failed": trial.failed, "findings": facts})


def request_partial(uow: UnitOfWork, version_id: str) -> str:
    """Start the job that works out partial dependence; return its id, of the running one where there is one.

    Raise `Refused`, `NotFound`, or `Conflict` for a version without an explanation.
    """
    require(uow.actor, Permission.RUN_EXPLANATION)
    if queries.explanation(uow.session, registry.version(uow.session, version_id).id) is None:
        raise Conflict(
            "explanation.none",
            N_("This version is not explained yet."),
            fix=N_("Explain it first: its most important features are asked about."),
        )
    running = queries.partial_job(uow.session, version_id)
    if running is not None and not running.over:
        return running.id
    job_id = jobs.enqueue(
        uow, queries.PARTIAL_KIND, queries.SUBJECT_KIND, version_id, {"version_id": version_id}
    )
    uow.record("partial_dependence.requested", "version", version_id, {"job": job_id})
    return job_id


def store_partial(uow: UnitOfWork, version_id: str, values_digest: str, found: Sequence[Partial]) -> None:
    """Store partial dependence in place of an earlier one."""
    require(uow.actor, Permission.RUN_EXPLANATION)
    row = uow.session.get(PartialRow, version_id, with_for_update=True)
    if row is None:
        row = PartialRow(version_id=version_id, values_digest="", body=[], created_at=uow.now)
    row.values_digest, row.created_at = values_digest, uow.now
    row.body = [one.to_json() for one in found]
    uow.session.add(row)
    uow.record("partial_dependence.stored", "version", version_id, {"features": len(found)})


def forget(uow: UnitOfWork, version_id: str) -> str:
    """Delete what was explained of a version row by row, before it is explained anew; return the digest of its values.

    Empty where there was nothing. Part of an erasure, whose event names the rows that are gone.
    """
    require(uow.actor, Permission.ERASE_SUBJECT)
    row = uow.session.exec(select(ExplanationRow).where(ExplanationRow.version_id == version_id)).first()
    if row is None:
        return ""
    digest = row.values_digest
    uow.session.delete(row)
    for kind in (TrialRow, PartialRow):
        told = uow.session.get(kind, version_id)
        if told is not None:
            uow.session.delete(told)
    uow.record("explanation.forgotten", "version", version_id, {"values": digest, "reason": "subject.erased"})
    return digest


def store(uow: UnitOfWork, version_id: str, computed: Computed) -> str:
    """Store a version's explanation in place of a smaller one; return its id."""
    require(uow.actor, Permission.RUN_EXPLANATION)
    row = uow.session.exec(
        select(ExplanationRow).where(ExplanationRow.version_id == version_id).with_for_update()
    ).first()
    facts = {**asdict(computed), "importance": [asdict(i) for i in computed.importance]}
    facts["fallback"] = computed.fallback.value if computed.fallback else ""
    if row is None:
        row = ExplanationRow(id=new_id("exp"), version_id=version_id, created_at=uow.now, **facts)
    else:
        row.sqlmodel_update({**facts, "created_at": uow.now})
    uow.session.add(row)
    uow.record(
        "explanation.stored",
        "version",
        version_id,
        {
            "method": computed.method.value,
            "question": computed.question.value,
            "unit": computed.unit.value,
            "rows": computed.rows,
            "max_error": f"{computed.max_error:.3g}",
            "values": computed.values_digest,
            "data": computed.data_digest,
        },
    )
    return row.id
