"""Sign a request: every condition is checked under the row's lock, and the last signature puts it live."""

from collections.abc import Sequence
from datetime import timedelta

from sqlmodel import select

from core.assets.registry import Version
from core.assets.registry import queries as registry
from core.decisions.findings import queries as findings
from core.decisions.releases import effective, facts, queries
from core.decisions.releases.deployments import go_live
from core.decisions.releases.eligibility import Involvement, bars, refuse
from core.decisions.releases.gates import GATES
from core.decisions.releases.opened import opened_by
from core.decisions.releases.policies import Policy
from core.decisions.releases.promises import Promise, keep_conditions
from core.decisions.releases.quorum import APPROVING, Meaning, Outcome, Vote, outcome
from core.decisions.releases.rows import locked, round_of
from core.decisions.releases.snapshot import FACT_NAMES, changed, subject
from core.decisions.releases.states import ReleaseState, Step, after
from core.decisions.releases.tables import RequestRow, RoundRow, VoteRow
from core.errors import Conflict, Invalid, Refused
from core.evidence.worth.commands import keep_promise
from core.i18n import N_, _
from core.ids import new_id
from core.platform.access.confirmation import redeem_confirmation
from core.platform.access.permissions import Permission, require
from core.platform.access.personal import digest_text, seal_text
from core.platform.store import Json, UnitOfWork

_STEPS = {
    Outcome.APPROVED: Step.APPROVE,
    Outcome.REJECTED: Step.REJECT,
    Outcome.CHANGES_REQUESTED: Step.REQUEST_CHANGES,
}
_ASKED = {
    Meaning.APPROVE: Step.APPROVE,
    Meaning.APPROVE_WITH_CONDITIONS: Step.APPROVE,
    Meaning.REVIEWED: Step.APPROVE,  # one reviews what could be approved
    Meaning.REQUEST_CHANGES: Step.REQUEST_CHANGES,
    Meaning.REJECT: Step.REJECT,
}


def sign(
    uow: UnitOfWork,
    request_id: str,
    *,
    area: str,
    meaning: Meaning,
    rationale: str,
    snapshot_digest: str,
    ticket: str,
    conditions: Sequence[Promise] = (),
    on_behalf_of: str = "",
) -> ReleaseState:
    """Sign a request for one area; `snapshot_digest` is what the person saw. Return the state that follows.

    `ticket` shows that the person has just confirmed who they are; it is bound to this request and snapshot.
    `on_behalf_of` names who lent the seat, where it is lent. The row of the request is locked before anything is
    decided, so that two signatures at once see each other. The last signature of the quorum puts the version
    live in the same transaction.
    """
    require(uow.actor, Permission.DECIDE_RELEASE)
    meaning = Meaning(meaning)
    row = locked(uow, request_id)
    state = ReleaseState(row.state)
    after(state, _ASKED[meaning])
    version = registry.version(uow.session, row.version_id)
    policy = queries.policy(uow.session, row.policy_digest)
    hands = facts.involvements(uow.session, version, row.policy_digest)
    refuse(bars(uow.actor.id, hands, version.created_at), request_id)
    said = _rationale(rationale, policy.rationale_characters)
    current = round_of(uow, row)
    votes = list(uow.session.exec(select(VoteRow).where(VoteRow.round_id == current.id)))
    deciding = meaning is not Meaning.REVIEWED
    _has_a_seat(uow, request_id, area, policy, on_behalf_of, hands, version, votes)
    if any(v.person_id == uow.actor.id and v.deciding == deciding for v in votes):
        raise Conflict("release.signed_already", N_("You have signed in this round."))
    if any(v.on_behalf_of == uow.actor.id for v in votes):
        raise Conflict("release.delegate_signed", N_("Whom you lent your seat to has signed in this round."))
    _unchanged(uow, row, version, current, snapshot_digest)
    if meaning in APPROVING:
        _nothing_blocks(uow, version, current, row.environment)
    confirmed = redeem_confirmation(uow, ticket, subject(request_id, snapshot_digest))
    seen = opened_by(uow.session, version.id, uow.actor.id)
    vote = VoteRow(
        id=new_id("vote"), round_id=current.id, request_id=row.id, person_id=uow.actor.id, area=area,
        meaning=meaning.value, rationale=seal_text(uow, uow.actor.id, said),
        snapshot_digest=snapshot_digest, signed_at=uow.now,
        deciding=deciding, on_behalf_of=on_behalf_of, confirmed_by=confirmed.value,
        opened=seen,
    )  # fmt: skip
    uow.session.add(vote)
    uow.session.flush()
    promised = keep_conditions(uow, row.id, vote.id, meaning, conditions)
    given = [Vote(v.person_id, v.area, Meaning(v.meaning)) for v in votes if v.deciding]
    if deciding:
        given.append(Vote(uow.actor.id, area, meaning))
    result = outcome(policy.quorum, given, policy.different_areas)
    event: dict[str, Json] = {
        "round": row.round,
        "area": area,
        "meaning": meaning.value,
        "snapshot": snapshot_digest,
        "policy": policy.digest,
        "confirmed_by": confirmed.value,
        "rationale_hmac": digest_text(uow, uow.actor.id, said),
        "rationale_characters": len(said),
        "opened": list(seen),
    }
    if on_behalf_of:
        event["on_behalf_of"] = on_behalf_of
    if promised:
        event["conditions"] = promised
    if policy.single_person:
        event["single_person"] = True
    if result is not Outcome.PENDING:
        row.state = after(state, _STEPS[result]).value
        row.closed_at = None if result is Outcome.CHANGES_REQUESTED else uow.now
    if result is Outcome.APPROVED:
        event |= _approved(uow, row, version, policy)
    uow.session.add(row)
    uow.session.flush()
    uow.record("release.signed", "release", row.id, {**event, "state": row.state})
    return ReleaseState(row.state)


def _approved(uow: UnitOfWork, row: RequestRow, version: Version, policy: Policy) -> dict[str, Json]:
    """Put the version live, and keep what it is approved to be worth; return what the event says of both."""
    row.approved_at = uow.now
    row.expires_at = uow.now + timedelta(days=policy.approval_days)
    said: dict[str, Json] = {}
    worth = keep_promise(uow, row.id, version.id)
    if worth is not None:
        said["promise"] = {
            "value": str(worth.value),
            "low": str(worth.low),
            "high": str(worth.high),
            "currency": worth.currency,
            "rows": worth.monthly_rows,
        }
    return said | go_live(uow, row, version)


def _has_a_seat(
    uow: UnitOfWork,
    request_id: str,
    area: str,
    policy: Policy,
    on_behalf_of: str,
    hands: Sequence[Involvement],
    version: Version,
    votes: Sequence[VoteRow],
) -> None:
    """The person's own area, or one that somebody lent who may sign here and has not."""
    if area in policy.areas:
        if not on_behalf_of and area in uow.actor.roles:
            return
        signed = {v.person_id for v in votes if v.deciding} | {v.on_behalf_of for v in votes}
        seats = facts.lent_to(
            uow.session,
            uow.actor.id,
            hands,
            registered_at=version.created_at,
            signed=signed,
            now=uow.now,
        )
        if any(d.person_id == on_behalf_of and d.area == area for d in seats):
            return
    raise Refused(
        "release.not_your_area",
        N_("You may not sign for this area."),
        fix=N_("Sign for an area that you belong to, or that was lent to you, and that the policy asks."),
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
            gates=", ".join(_(GATES[g.verdict.kind].name) for g in failed) or "–",
        )
    least = effective.blocking_severity(facts.thresholds_of(uow.session, version, environment).rules)
    if least is not None and findings.blocking(uow.session, version.id, least, uow.now):
        raise Conflict(
            "release.finding_blocks",
            N_("A finding opened since the checks ran blocks this release."),
            fix=N_("Resolve it, then run the checks again."),
        )
