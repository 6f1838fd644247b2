"""Request a release, sign it, send it back, withdraw it."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta

from sqlmodel import col, func, select

from core.assets.intake import queries as intake
from core.assets.registry import Version, VersionState
from core.assets.registry import queries as registry
from core.decisions.releases import facts, queries
from core.decisions.releases.checking import check_gates
from core.decisions.releases.deployments import retire, roll_back
from core.decisions.releases.emergencies import break_glass, name_reviewer, review_emergency
from core.decisions.releases.gates import GateVerdict
from core.decisions.releases.lending import delegate, end_delegation
from core.decisions.releases.promises import Promise, meet_condition
from core.decisions.releases.publishing import publish_policy, publish_shipped, seal_thresholds
from core.decisions.releases.rows import locked, round_of
from core.decisions.releases.signing import sign
from core.decisions.releases.snapshot import changed, digest
from core.decisions.releases.states import OPEN, ReleaseState, Step, after
from core.decisions.releases.tables import GateRow, RequestRow, RoundRow
from core.errors import Conflict, NotFound, Refused
from core.i18n import N_
from core.ids import new_id
from core.platform.access.permissions import Permission, allowed, require
from core.platform.access.personal import seal_text
from core.platform.jobs.commands import enqueue
from core.platform.store import Json, UnitOfWork

__all__ = [
    "Promise", "break_glass", "check_gates", "delegate", "end_delegation", "keep_judgement", "meet_condition",
    "name_reviewer", "publish_policy", "publish_shipped", "request_release", "resubmit", "retire",
    "review_emergency", "roll_back", "run_checks", "seal_thresholds", "sign", "withdraw",
]  # fmt: skip


def request_release(uow: UnitOfWork, *, version_id: str, environment: str, note: str = "") -> str:
    """Ask for a version to go live; its gates are judged next. Return the request's id."""
    require(uow.actor, Permission.REQUEST_RELEASE)
    version = registry.version(uow.session, version_id)
    _ready(uow, version)
    sealed = facts.thresholds_of(uow.session, version, environment)
    open_states = [s.value for s in OPEN]
    asked = select(RequestRow.id).where(
        RequestRow.version_id == version_id,
        RequestRow.environment == environment,
        col(RequestRow.state).in_(open_states),
    )
    if uow.session.exec(asked).first():
        raise Conflict(
            "release.open_already",
            N_("A release of version {number} to {environment} is requested already."),
            fix=N_("Open that request, or withdraw it first."),
            number=version.number,
            environment=environment,
        )
    now_live = queries.live_deployment(uow.session, version.use_case_id, environment)
    if now_live is not None and now_live.version_id == version_id:
        raise Conflict(
            "release.live_already",
            N_("Version {number} is live in {environment} already."),
            number=version.number,
            environment=environment,
        )
    policy = queries.policy(uow.session, sealed.policy_digest)
    row = RequestRow(
        id=new_id("rel"),
        use_case_id=version.use_case_id,
        version_id=version_id,
        environment=environment,
        state=ReleaseState.SUBMITTED.value,
        round=1,
        policy_digest=policy.digest,
        note=seal_text(uow, uow.actor.id, note.strip()),
        requested_by=uow.actor.id,
        requested_at=uow.now,
        due_at=uow.now + timedelta(days=policy.due_days),
    )
    uow.session.add(row)
    uow.session.flush()
    seen = _open_round(uow, row, version)
    uow.record(
        "release.requested",
        "release",
        row.id,
        {
            "version": version_id,
            "use_case": version.use_case_slug,
            "environment": environment,
            "round": 1,
            "snapshot": seen,
            "policy": policy.digest,
        },
    )
    return row.id


def run_checks(uow: UnitOfWork, request_id: str) -> str:
    """Judge the gates again; return the job's id."""
    if not allowed(uow.actor, Permission.DECIDE_RELEASE):
        require(uow.actor, Permission.REQUEST_RELEASE)
    row = locked(uow, request_id)
    if not (row.emergency and row.state == ReleaseState.LIVE):
        after(ReleaseState(row.state), Step.JUDGE)
    current = round_of(uow, row)
    uow.record("checks.requested", "release", request_id, {"round": row.round})
    return enqueue(uow, "releases.judge", "release", request_id, {"round_id": current.id})


def keep_judgement(
    uow: UnitOfWork, round_id: str, verdicts: Sequence[GateVerdict], evidence: Sequence[tuple[str, str]]
) -> None:
    """Store one run of the gates; `evidence` names the kind and id of what each was judged on."""
    require(uow.actor, Permission.REQUEST_RELEASE)
    current = uow.session.get(RoundRow, round_id)
    if current is None:
        raise NotFound("release.no_round", N_("There is no round {id}."), id=round_id)
    row = locked(uow, current.request_id)
    if row.round != current.number:
        raise Conflict("release.other_round", N_("A newer round has begun; these checks are void."))
    if not (row.emergency and row.state == ReleaseState.LIVE):  # whose review is owed looks at the gates too
        row.state = after(ReleaseState(row.state), Step.JUDGE).value
    last = uow.session.exec(select(func.max(GateRow.run)).where(GateRow.round_id == round_id)).one()
    for position, (verdict, (kind, subject)) in enumerate(zip(verdicts, evidence, strict=True)):
        uow.session.add(
            GateRow(
                id=new_id("gate"), round_id=round_id, run=(last or 0) + 1, position=position,
                kind=verdict.kind.value, verdict=verdict.verdict.value, blocks=verdict.blocks,
                metric=verdict.metric, measured=verdict.measured, low=verdict.low, high=verdict.high,
                n=verdict.n, limit=verdict.limit, comparison=verdict.comparison.value, unit=verdict.unit,
                reason=verdict.reason, said=verdict.said, evidence_kind=kind, evidence_id=subject,
                judged_at=uow.now,
            )
        )  # fmt: skip
    current.judged_at = uow.now
    uow.session.add_all([current, row])
    found: dict[str, Json] = {v.kind.value: v.verdict.value for v in verdicts}
    uow.record(
        "gates.judged",
        "release",
        row.id,
        {
            "round": row.round,
            "run": (last or 0) + 1,
            "gates": found,
            "blocks": any(v.blocks for v in verdicts),
        },
    )


def resubmit(uow: UnitOfWork, request_id: str, *, note: str = "", adopt_kpis: bool = False) -> int:
    """Open a new round: after requested changes, or when a fact of this round has changed. Old votes stay behind.

    A newer KPI version voids nothing by itself: with `adopt_kpis` the new round pins it.
    """
    require(uow.actor, Permission.REQUEST_RELEASE)
    row = locked(uow, request_id)
    version = registry.version(uow.session, row.version_id)
    state = ReleaseState(row.state)
    following = after(state, Step.RESUBMIT)
    before = queries.rounds(uow.session, request_id)[-1]
    seen_now = facts.snapshot(uow.session, version, row.environment)
    moved = changed(before.snapshot, seen_now)
    if adopt_kpis and before.snapshot.kpi_versions != seen_now.kpi_versions:
        moved = (*moved, "kpi_versions")
    if state is ReleaseState.IN_REVIEW and not moved:
        raise Conflict(
            "release.round_stands", N_("Nothing has changed since this round began, so its signatures stand.")
        )
    policy = queries.policy(uow.session, row.policy_digest)
    row.state, row.round, row.closed_at = following.value, row.round + 1, None
    row.note = seal_text(uow, uow.actor.id, note.strip()) or row.note
    row.reminded_at = row.escalated_at = None
    row.due_at = uow.now + timedelta(days=policy.due_days)
    seen = _open_round(uow, row, version)
    uow.session.add(row)
    uow.record(
        "release.resubmitted",
        "release",
        row.id,
        {"round": row.round, "snapshot": seen, "changed": list(moved)},
    )
    return row.round


def withdraw(uow: UnitOfWork, request_id: str) -> None:
    """Take a request back; open to whoever asked for it and to the author of the version."""
    require(uow.actor, Permission.REQUEST_RELEASE)
    row = locked(uow, request_id)
    author = registry.version(uow.session, row.version_id).author_id
    if uow.actor.id not in {row.requested_by, author}:
        raise Refused(
            "release.not_yours",
            N_("Only who asked for the release, or uploaded the version, may withdraw it."),
            fix=N_("If you do not want it live, reject it with your reason."),
            subject_kind="release",
            subject_id=request_id,
        )
    row.state = after(ReleaseState(row.state), Step.WITHDRAW).value
    row.closed_at = uow.now
    uow.session.add(row)
    uow.record("release.withdrawn", "release", row.id, {"round": row.round})


def _open_round(uow: UnitOfWork, row: RequestRow, version: Version) -> str:
    seen = facts.snapshot(uow.session, version, row.environment)
    current = RoundRow(
        id=new_id("round"), request_id=row.id, number=row.round, snapshot=asdict(seen),
        snapshot_digest=digest(seen), opened_by=uow.actor.id, opened_at=uow.now,
    )  # fmt: skip
    uow.session.add(current)
    uow.session.flush()
    enqueue(uow, "releases.judge", "release", row.id, {"round_id": current.id})
    return current.snapshot_digest


def _ready(uow: UnitOfWork, version: Version) -> None:
    if version.state is not VersionState.READY or intake.evaluation(uow.session, version.id) is None:
        raise Conflict(
            "release.not_ready",
            N_("Version {number} has not been checked and evaluated."),
            fix=N_("Wait until its evaluation is done; a refused version cannot be released."),
            number=version.number,
        )
