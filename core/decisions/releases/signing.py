"""Sign a request: every condition is checked under the row's lock, and the last signature puts it live."""

from datetime import timedelta

from sqlmodel import select

from core.assets.registry import Version
from core.assets.registry import queries as registry
from core.decisions.findings import queries as findings
from core.decisions.releases import facts, queries
from core.decisions.releases.deployments import go_live
from core.decisions.releases.eligibility import bars, refuse
from core.decisions.releases.gates import GATE_NAMES
from core.decisions.releases.policies import Policy
from core.decisions.releases.quorum import Meaning, Outcome, Vote, outcome
from core.decisions.releases.rows import locked, round_of
from core.decisions.releases.snapshot import FACT_NAMES, changed
from core.decisions.releases.states import ReleaseState, Step, after
from core.decisions.releases.tables import RequestRow, RoundRow, VoteRow
from core.errors import Conflict, Invalid, Refused
from core.i18n import N_, _
from core.ids import new_id
from core.platform.access.permissions import Permission, require
from core.platform.access.personal import digest_text, seal_text
from core.platform.store import Json, UnitOfWork

_STEPS = {
    Outcome.APPROVED: Step.APPROVE,
    Outcome.REJECTED: Step.REJECT,
    Outcome.CHANGES_REQUESTED: Step.REQUEST_CHANGES,
}


def sign(
    uow: UnitOfWork,
    request_id: str,
    *,
    area: str,
    meaning: Meaning,
    rationale: str,
    snapshot_digest: str,
) -> ReleaseState:
    """Sign a request for one area; `snapshot_digest` is what the person saw. Return the state that follows.

    The row of the request is locked before anything is decided, so that two signatures at once see each other.
    The last signature of the quorum puts the version live in the same transaction.
    """
    require(uow.actor, Permission.DECIDE_RELEASE)
    meaning = Meaning(meaning)
    row = locked(uow, request_id)
    state = ReleaseState(row.state)
    after(state, Step(meaning.value))
    version = registry.version(uow.session, row.version_id)
    policy = queries.policy(uow.session, row.policy_digest)
    hands = facts.involvements(uow.session, version, row.policy_digest)
    refuse(bars(uow.actor.id, hands, version.created_at), request_id)
    _area_held(uow, request_id, area, policy)
    said = _rationale(rationale, policy.rationale_characters)
    current = round_of(uow, row)
    votes = list(uow.session.exec(select(VoteRow).where(VoteRow.round_id == current.id)))
    if any(v.person_id == uow.actor.id for v in votes):
        raise Conflict("release.signed_already", N_("You have signed in this round."))
    _unchanged(uow, row, version, current, snapshot_digest)
    if meaning is Meaning.APPROVE:
        _nothing_blocks(uow, version, current, row.environment)
    uow.session.add(
        VoteRow(
            id=new_id("vote"), round_id=current.id, request_id=row.id, person_id=uow.actor.id, area=area,
            meaning=meaning.value, rationale=seal_text(uow, uow.actor.id, said),
            snapshot_digest=snapshot_digest, signed_at=uow.now,
        )
    )  # fmt: skip
    uow.session.flush()
    given = [Vote(v.person_id, v.area, Meaning(v.meaning)) for v in votes]
    result = outcome(policy.quorum, [*given, Vote(uow.actor.id, area, meaning)], policy.different_areas)
    event: dict[str, Json] = {
        "round": row.round,
        "area": area,
        "meaning": meaning.value,
        "snapshot": snapshot_digest,
        "policy": policy.digest,
        "rationale_hmac": digest_text(uow, uow.actor.id, said),
        "rationale_characters": len(said),
    }
    if result is not Outcome.PENDING:
        row.state = after(state, _STEPS[result]).value
        row.closed_at = None if result is Outcome.CHANGES_REQUESTED else uow.now
    if result is Outcome.APPROVED:
        row.approved_at = uow.now
        row.expires_at = uow.now + timedelta(days=policy.approval_days)
        event |= go_live(uow, row, version)
    uow.session.add(row)
    uow.session.flush()
    uow.record("release.signed", "release", row.id, {**event, "state": row.state})
    return ReleaseState(row.state)


def _area_held(uow: UnitOfWork, request_id: str, area: str, policy: Policy) -> None:
    if area not in uow.actor.roles or area not in policy.areas:
        raise Refused(
            "release.not_your_area",
            N_("You may not sign for this area."),
            fix=N_("Sign for an area that you belong to and that the policy asks."),
            subject_kind="release",
            subject_id=request_id,
            area=area,
        )


def _rationale(text: str, characters: int) -> str:
    said = text.strip()
    if len(said) < characters:
        raise Invalid(
            "release.rationale",
            N_("The rationale is too short."),
            fix=N_("Add a rationale of at least {n} characters: what did you check, and why is it enough?"),
            field="rationale",
            n=characters,
        )
    return said


def _unchanged(uow: UnitOfWork, row: RequestRow, version: Version, current: RoundRow, given: str) -> None:
    """The person signs what they saw, and what they saw is still so."""
    if given != current.snapshot_digest:
        raise Conflict(
            "release.stale",
            N_("A new round has begun since you opened this page."),
            fix=N_("Load the page again and look at what has changed."),
        )
    before = queries.rounds(uow.session, row.id)[-1].snapshot
    moved = changed(before, facts.snapshot(uow.session, version, row.environment))
    if moved:
        raise Conflict(
            "release.round_void",
            N_("This round is void: {facts} changed after it was submitted."),
            fix=N_("Open a new round; its signatures start anew."),
            facts=", ".join(_(FACT_NAMES[name]) for name in moved),
        )


def _nothing_blocks(uow: UnitOfWork, version: Version, current: RoundRow, environment: str) -> None:
    failed = [g for g in queries.gates(uow.session, current.id) if g.verdict.blocks]
    if failed or current.judged_at is None:
        raise Conflict(
            "release.gates_block",
            N_("It cannot be approved while gates block it: {gates}."),
            fix=N_("Request changes or reject it; after the mend, run the checks again."),
            gates=", ".join(_(GATE_NAMES[g.verdict.kind]) for g in failed) or "–",
        )
    least = queries.blocking_severity(facts.thresholds_of(uow.session, version, environment).rules)
    if least is not None and findings.blocking(uow.session, version.id, least):
        raise Conflict(
            "release.finding_blocks",
            N_("A finding opened since the checks ran blocks this release."),
            fix=N_("Resolve it, then run the checks again."),
        )
