"""What is live where: the swap, the way back, and the end. One transaction each, never zero or two in between."""

from sqlalchemy import text
from sqlmodel import col, select

from core.assets.registry import Version
from core.assets.registry import queries as registry
from core.decisions.findings import queries as findings
from core.decisions.releases import effective, facts, queries
from core.decisions.releases.eligibility import bars, refuse
from core.decisions.releases.gates import GATES
from core.decisions.releases.release import EndReason
from core.decisions.releases.standing import REASONS, FactKind
from core.decisions.releases.states import ONCE_APPROVED, ReleaseState, Step, after
from core.decisions.releases.tables import DeploymentRow, RequestRow
from core.errors import Conflict, Invalid
from core.i18n import N_, _
from core.ids import new_id
from core.platform.access.permissions import Permission, require
from core.platform.access.personal import seal_text
from core.platform.store import Json, UnitOfWork

REASON_CHARACTERS = 20


def go_live(uow: UnitOfWork, row: RequestRow, version: Version) -> dict[str, Json]:
    """Swap the version in; part of the last signature, or of an emergency, whose event says what it replaced."""
    lock_environment(uow, row.use_case_id, row.environment)
    before = _end(uow, row.use_case_id, row.environment, EndReason.REPLACED)
    row.state = after(ReleaseState(row.state), Step.BREAK_GLASS if row.emergency else Step.GO_LIVE).value
    started = _start(uow, row, version)
    return {
        "deployment": started.id,
        "artifact": version.artifact_digest,
        "replaced": before.version_id if before else None,
    }


def roll_back(
    uow: UnitOfWork, *, slug: str, environment: str, reason: str, request_id: str | None = None
) -> str:
    """Bring back a version that was approved before, the last one unless `request_id` names it. Return its id.

    Refused with what is in the way: no such version, its approval expired, or something blocks it by now.
    """
    require(uow.actor, Permission.DECIDE_RELEASE)
    said = reason_of(reason)
    use_case = registry.use_case(uow.session, slug)
    lock_environment(uow, use_case.id, environment)
    target = _target(uow, use_case.id, environment, request_id)
    version = registry.version(uow.session, target.version_id)
    hands = facts.involvements(uow.session, version, target.policy_digest)
    refuse(bars(uow.actor.id, hands, version.created_at), target.id)
    _still_good(uow, target, version)
    before = _end(uow, use_case.id, environment, EndReason.ROLLED_BACK, said)
    target.state = after(ReleaseState(target.state), Step.RESTORE).value
    started = _start(uow, target, version)
    uow.record(
        "release.rolled_back",
        "release",
        target.id,
        {
            "use_case": slug,
            "environment": environment,
            "deployment": started.id,
            "version": version.id,
            "replaced": before.version_id if before else None,
            "reason_characters": len(said),
        },
    )
    return version.id


def retire(uow: UnitOfWork, *, slug: str, environment: str, reason: str) -> None:
    """Take the live version out without another in its place."""
    require(uow.actor, Permission.DECIDE_RELEASE)
    said = reason_of(reason)
    use_case = registry.use_case(uow.session, slug)
    lock_environment(uow, use_case.id, environment)
    ended = _end(uow, use_case.id, environment, EndReason.RETIRED, said)
    if ended is None:
        raise Conflict(
            "release.nothing_live", N_("Nothing is live in {environment}."), environment=environment
        )
    uow.record(
        "release.retired",
        "release",
        ended.request_id,
        {
            "use_case": slug,
            "environment": environment,
            "deployment": ended.id,
            "version": ended.version_id,
            "reason_characters": len(said),
        },
    )


def lock_environment(uow: UnitOfWork, use_case_id: str, environment: str) -> None:
    """Hold the environment of the use case until the commit, also where nothing is live yet to lock.

    SQLite's writing transaction is the lock already.
    """
    if uow.session.connection().dialect.name == "postgresql":
        statement = text("SELECT pg_advisory_xact_lock(hashtextextended(:place, 0))")
        uow.session.connection().execute(statement, {"place": f"{use_case_id}/{environment}"})


def _end(
    uow: UnitOfWork, use_case_id: str, environment: str, reason: EndReason, note: str = ""
) -> DeploymentRow | None:
    query = select(DeploymentRow).where(
        DeploymentRow.use_case_id == use_case_id,
        DeploymentRow.environment == environment,
        col(DeploymentRow.ended_at).is_(None),
    )
    row = uow.session.exec(query.with_for_update()).first()
    if row is None:
        return None
    row.ended_at, row.ended_by, row.end_reason = uow.now, uow.actor.id, reason.value
    row.end_note = seal_text(uow, uow.actor.id, note)
    request = uow.session.exec(
        select(RequestRow).where(RequestRow.id == row.request_id).with_for_update()
    ).one()
    step = Step.ROLL_BACK if reason is EndReason.ROLLED_BACK else Step.RETIRE
    request.state = after(ReleaseState(request.state), step).value
    uow.session.add_all([row, request])
    uow.session.flush()  # before the next row starts: the unique index holds at most one without an end
    return row


def _start(uow: UnitOfWork, request: RequestRow, version: Version) -> DeploymentRow:
    row = DeploymentRow(
        id=new_id("dep"),
        use_case_id=request.use_case_id,
        environment=request.environment,
        version_id=version.id,
        request_id=request.id,
        artifact_digest=version.artifact_digest,
        started_by=uow.actor.id,
        started_at=uow.now,
    )
    uow.session.add_all([row, request])
    uow.session.flush()
    return row


def _target(uow: UnitOfWork, use_case_id: str, environment: str, request_id: str | None) -> RequestRow:
    """The request that was live and approved before; what only an emergency put there was never approved."""
    live = queries.live_deployment(uow.session, use_case_id, environment)
    query = (
        select(RequestRow)
        .join(DeploymentRow, col(DeploymentRow.request_id) == RequestRow.id)
        .where(
            DeploymentRow.use_case_id == use_case_id,
            DeploymentRow.environment == environment,
            col(RequestRow.approved_at).is_not(None),
            col(RequestRow.state).in_([s.value for s in ONCE_APPROVED]),
        )
        .order_by(col(DeploymentRow.started_at).desc(), col(DeploymentRow.id).desc())
    )
    if request_id is not None:
        query = query.where(RequestRow.id == request_id)
    found = [row for row in uow.session.exec(query) if live is None or row.version_id != live.version_id]
    if not found:
        raise Conflict(
            "release.nothing_before",
            N_("There is no earlier version that was approved for {environment}."),
            fix=N_("Request a release instead, or use the emergency release."),
            environment=environment,
        )
    locked = select(RequestRow).where(RequestRow.id == found[0].id).with_for_update()
    return uow.session.exec(locked.execution_options(populate_existing=True)).one()


def _still_good(uow: UnitOfWork, target: RequestRow, version: Version) -> None:
    """The approval has not expired, the gates passed, and nothing known by now would suspend it."""
    if target.expires_at is not None and target.expires_at <= uow.now:
        raise Conflict(
            "release.approval_expired",
            N_("The approval of version {number} has expired."),
            fix=N_("Request its release anew, or use the emergency release."),
            number=version.number,
        )
    last = queries.rounds(uow.session, target.id)[-1]
    failed = [_(GATES[g.verdict.kind].name) for g in queries.gates(uow.session, last.id) if g.verdict.blocks]
    found = effective.once_live(uow.session, target.id)
    standing = found.standing(uow.now) if found else None
    if standing is not None and not standing.serves:
        failed += [_(REASONS[reason]) for reason in standing.reasons]
    least = effective.blocking_severity(facts.thresholds_of(uow.session, version, target.environment).rules)
    if least is not None and findings.blocking(uow.session, version.id, least, uow.now):
        failed.append(_(REASONS[FactKind.BLOCKING_FINDING]))
    if failed:
        raise Conflict(
            "release.target_blocked",
            N_("Version {number} no longer passes its gates: {reasons}"),
            fix=N_("Resolve what stands in the way, request a release anew, or use the emergency release."),
            number=version.number,
            reasons=" ".join(dict.fromkeys(failed)),
        )


def reason_of(reason: str) -> str:
    """Return the reason without the spaces around it; raise `Invalid` where it is too short."""
    said = reason.strip()
    if len(said) < REASON_CHARACTERS:
        raise Invalid(
            "release.reason",
            N_("The reason is too short."),
            fix=N_("Say in at least {n} characters why."),
            field="reason",
            n=REASON_CHARACTERS,
        )
    return said
