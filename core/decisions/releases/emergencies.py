"""Break the glass: put a version live without its signatures, and owe their review by a day, to a named person."""

from dataclasses import asdict
from datetime import timedelta

from sqlmodel import col, select

from core.assets.registry import Version, VersionState
from core.assets.registry import queries as registry
from core.decisions.releases import facts, pledges, queries
from core.decisions.releases.deployments import go_live, lock_environment, reason_of
from core.decisions.releases.eligibility import Involvement, bars, refuse
from core.decisions.releases.rows import locked
from core.decisions.releases.snapshot import digest, subject
from core.decisions.releases.states import OPEN, ReleaseState
from core.decisions.releases.tables import DebtRow, RequestRow, RoundRow
from core.errors import Conflict, Invalid, NotFound, Refused
from core.i18n import N_
from core.ids import new_id
from core.platform.access import queries as access
from core.platform.access.confirmation import redeem_confirmation
from core.platform.access.permissions import Permission, allowed, require
from core.platform.access.personal import digest_text, seal_text
from core.platform.jobs.commands import enqueue
from core.platform.store import Actor, UnitOfWork


def break_glass(
    uow: UnitOfWork, *, version_id: str, environment: str, reason: str, reviewer_id: str, ticket: str
) -> str:
    """Put an evaluated version live at once; return the id of the request that stands for it.

    The second of two steps: the first is the confirmation, whose ticket is bound to the version, the environment
    and the snapshot (`emergency_subject`). Whoever had a hand in the version is barred here too. The debt is
    dated, and paid by the named reviewer alone; until then every page says so.
    """
    require(uow.actor, Permission.DECIDE_RELEASE)
    said = reason_of(reason)
    version = registry.version(uow.session, version_id)
    if version.state is not VersionState.READY:
        raise Conflict(
            "emergency.not_ready",
            N_("Version {number} has not been checked and evaluated; not even an emergency changes that."),
            number=version.number,
        )
    sealed = facts.thresholds_of(uow.session, version, environment)
    policy = queries.policy(uow.session, sealed.policy_digest)
    lock_environment(uow, version.use_case_id, environment)
    now_live = queries.live_deployment(uow.session, version.use_case_id, environment)
    if now_live is not None and now_live.version_id == version_id:
        raise Conflict(
            "release.live_already",
            N_("Version {number} is live in {environment} already."),
            number=version.number,
            environment=environment,
        )
    hands = facts.involvements(uow.session, version, policy.digest)
    refuse(bars(uow.actor.id, hands, version.created_at), version_id)
    _can_review(uow, reviewer_id, hands, version)
    seen = facts.snapshot(uow.session, version, environment)
    wanted = subject(f"emergency:{version_id}:{environment}", digest(seen))
    confirmed = redeem_confirmation(uow, ticket, wanted)
    row = _request(uow, version, environment, policy.digest, said)
    row.emergency = True
    row.round += 1
    current = RoundRow(
        id=new_id("round"), request_id=row.id, number=row.round, snapshot=asdict(seen),
        snapshot_digest=digest(seen), opened_by=uow.actor.id, opened_at=uow.now,
    )  # fmt: skip
    uow.session.add_all([row, current])
    uow.session.flush()
    row.expires_at = uow.now + timedelta(days=policy.approval_days)
    row.closed_at = uow.now
    swapped = go_live(uow, row, version)
    debt = DebtRow(
        id=new_id("debt"), request_id=row.id, use_case_id=row.use_case_id, environment=environment,
        reason=seal_text(uow, uow.actor.id, said),
        reviewer_id=reviewer_id, opened_by=uow.actor.id, opened_at=uow.now, confirmed_by=confirmed.value,
        due_at=uow.now + timedelta(hours=policy.emergency_review_hours),
    )  # fmt: skip
    uow.session.add(debt)
    uow.session.flush()
    enqueue(uow, "releases.judge", "release", row.id, {"round_id": current.id})
    uow.record(
        "release.emergency",
        "release",
        row.id,
        {
            **swapped,
            "version": version_id,
            "use_case": version.use_case_slug,
            "environment": environment,
            "round": row.round,
            "snapshot": current.snapshot_digest,
            "policy": policy.digest,
            "confirmed_by": confirmed.value,
            "debt": debt.id,
            "reviewer": reviewer_id,
            "due": debt.due_at.isoformat(),
            "reason_hmac": digest_text(uow, uow.actor.id, said),
        },
    )
    return row.id


def emergency_subject(version_id: str, environment: str, snapshot_digest: str) -> str:
    """What the confirmation of an emergency release is bound to."""
    return subject(f"emergency:{version_id}:{environment}", snapshot_digest)


def review_emergency(uow: UnitOfWork, debt_id: str, *, upheld: bool, finding: str, ticket: str) -> None:
    """Pay a debt: the named reviewer says whether the emergency release is upheld.

    Upheld, it is approved from then on; not upheld, it is suspended and a roll-back is offered.
    """
    require(uow.actor, Permission.DECIDE_RELEASE)
    debt = pledges.debt(uow.session, debt_id)
    request = locked(uow, debt.request_id)
    row = uow.session.exec(
        select(DebtRow).where(DebtRow.id == debt_id).execution_options(populate_existing=True)
    ).one()
    if row.paid_at is not None:
        raise Conflict("debt.paid", N_("This review is done already."))
    if uow.actor.id != row.reviewer_id:
        raise Refused(
            "debt.not_yours",
            N_("Only the named reviewer reviews this emergency release."),
            fix=N_("An administrator can name another."),
            subject_kind="release",
            subject_id=request.id,
        )
    version = registry.version(uow.session, request.version_id)
    hands = facts.involvements(uow.session, version, request.policy_digest)
    refuse(bars(uow.actor.id, hands, version.created_at), request.id)
    said = reason_of(finding)
    last = queries.rounds(uow.session, request.id)[-1]
    confirmed = redeem_confirmation(uow, ticket, subject(debt_id, last.snapshot_digest))
    row.paid_at, row.paid_by, row.upheld, row.finding = (
        uow.now,
        uow.actor.id,
        upheld,
        seal_text(uow, uow.actor.id, said),
    )
    if upheld:
        policy = queries.policy(uow.session, request.policy_digest)
        request.approved_at = uow.now
        request.expires_at = uow.now + timedelta(days=policy.approval_days)
    uow.session.add_all([row, request])
    uow.session.flush()
    uow.record(
        "release.emergency_reviewed",
        "release",
        request.id,
        {
            "debt": row.id,
            "upheld": upheld,
            "late": row.due_at <= uow.now,
            "snapshot": last.snapshot_digest,
            "confirmed_by": confirmed.value,
            "finding_hmac": digest_text(uow, uow.actor.id, said),
        },
    )


def name_reviewer(uow: UnitOfWork, debt_id: str, reviewer_id: str) -> None:
    """Name another reviewer; for administrators, and for the reviewer named now. The due time stays."""
    debt = pledges.debt(uow.session, debt_id)
    if uow.actor.id != debt.reviewer_id:
        require(uow.actor, Permission.MANAGE_PEOPLE)
    request = locked(uow, debt.request_id)
    row = uow.session.exec(
        select(DebtRow).where(DebtRow.id == debt_id).execution_options(populate_existing=True)
    ).one()
    if row.paid_at is not None:
        raise Conflict("debt.paid", N_("This review is done already."))
    version = registry.version(uow.session, request.version_id)
    hands = facts.involvements(uow.session, version, request.policy_digest)
    _can_review(uow, reviewer_id, hands, version, opened_by=row.opened_by)
    before, row.reviewer_id = row.reviewer_id, reviewer_id
    uow.session.add(row)
    uow.record(
        "release.reviewer_named",
        "release",
        request.id,
        {"debt": row.id, "before": before, "after": reviewer_id},
    )


def _can_review(
    uow: UnitOfWork,
    reviewer_id: str,
    hands: tuple[Involvement, ...],
    version: Version,
    *,
    opened_by: str = "",
) -> None:
    holder = access.find(uow.session, reviewer_id)
    if holder is None:
        raise NotFound("person.unknown", N_("There is no person {id}."), id=reviewer_id)
    may = allowed(Actor(holder.id, "person", holder.roles), Permission.DECIDE_RELEASE)
    if (
        holder.disabled
        or not may
        or reviewer_id == (opened_by or uow.actor.id)
        or bars(reviewer_id, hands, version.created_at)
    ):
        raise Invalid(
            "emergency.reviewer",
            N_("This person cannot review the emergency release."),
            fix=N_("Name somebody else of a deciding area, who had no hand in the version."),
            field="reviewer",
        )


def _request(
    uow: UnitOfWork, version: Version, environment: str, policy_digest: str, said: str
) -> RequestRow:
    """The open request of this version and environment, or a new one."""
    query = select(RequestRow).where(
        RequestRow.version_id == version.id,
        RequestRow.environment == environment,
        col(RequestRow.state).in_([s.value for s in OPEN]),
    )
    found = uow.session.exec(query.with_for_update().execution_options(populate_existing=True)).first()
    if found is not None:
        return found
    row = RequestRow(
        id=new_id("rel"), use_case_id=version.use_case_id, version_id=version.id, environment=environment,
        state=ReleaseState.SUBMITTED.value, round=0, policy_digest=policy_digest, note=seal_text(uow, uow.actor.id, said),
        requested_by=uow.actor.id, requested_at=uow.now, due_at=uow.now,
    )  # fmt: skip
    uow.session.add(row)
    return row
