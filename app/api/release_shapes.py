"""What releases look like over REST: people are pseudonyms, digests are SHA-256 in hexadecimal."""

from datetime import datetime

from pydantic import BaseModel
from sqlmodel import Session

from core.decisions.releases import pledges, queries
from core.decisions.releases.gates import GateVerdict
from core.decisions.releases.release import Condition, Debt, GateResult, Release, Signed
from core.decisions.releases.snapshot import changed
from core.decisions.releases.states import ReleaseState
from core.i18n import _


class GateOut(BaseModel):
    """One gate: `blocks` says whether it stands in the way; a limit is read with `comparison`."""

    kind: str
    verdict: str
    blocks: bool
    metric: str
    measured: float | None
    low: float | None
    high: float | None
    n: int
    limit: float | None
    comparison: str
    unit: str
    reason: str
    judged_at: datetime | None


class VoteOut(BaseModel):
    """One signature; `on_behalf_of` names who lent the seat, `confirmed_by` how the person showed who they are."""

    person: str
    area: str
    meaning: str
    round: int
    signed_at: datetime
    snapshot: str
    on_behalf_of: str
    confirmed_by: str


class ConditionOut(BaseModel):
    """What an approval asks; an overdue one suspends the version."""

    id: str
    text: str
    owner: str
    due_at: datetime
    set_by: str
    met_at: datetime | None
    met_by: str


class DebtOut(BaseModel):
    """The review that an emergency release owes."""

    id: str
    release: str
    environment: str
    reviewer: str
    opened_by: str
    opened_at: datetime
    due_at: datetime
    paid_at: datetime | None
    upheld: bool | None


class RoundOut(BaseModel):
    """One round; `changed` names the facts that differ from the round before."""

    number: int
    snapshot: str
    opened_by: str
    opened_at: datetime
    changed: list[str]


class ReleaseOut(BaseModel):
    """A request as it stands; `page` is the path of its page."""

    id: str
    use_case: str
    version: int
    model: str
    artifact_digest: str
    environment: str
    state: ReleaseState
    emergency: bool
    round: int
    snapshot: str
    policy_digest: str
    requested_by: str
    requested_at: datetime
    due_at: datetime
    escalated_at: datetime | None
    closed_at: datetime | None
    approved_at: datetime | None
    expires_at: datetime | None
    signed: int
    signatures: int
    note: str
    page: str
    gates: list[GateOut] = []
    votes: list[VoteOut] = []
    conditions: list[ConditionOut] = []
    rounds: list[RoundOut] = []
    debt: DebtOut | None = None


def whole(view: Session, request_id: str) -> ReleaseOut:
    """A request with everything that belongs to it."""
    answer = brief(view, queries.release(view, request_id))
    rounds = queries.rounds(view, request_id)
    answer.gates = [gate(g.verdict, g) for g in queries.gates(view, rounds[-1].id)]
    answer.votes = [_vote(signed) for signed in queries.signatures(view, request_id)]
    answer.conditions = [_condition(c) for c in pledges.conditions(view, request_id)]
    answer.rounds = [
        RoundOut(
            number=r.number,
            snapshot=r.snapshot_digest,
            opened_by=r.opened_by,
            opened_at=r.opened_at,
            changed=list(changed(rounds[n - 1].snapshot, r.snapshot)) if n else [],
        )
        for n, r in enumerate(rounds)
    ]
    owed = pledges.debt_of(view, request_id) if answer.emergency else None
    answer.debt = debt(owed) if owed else None
    return answer


def brief(view: Session, found: Release) -> ReleaseOut:
    """A request as a list shows it."""
    return ReleaseOut(
        id=found.id,
        use_case=found.version.use_case_slug,
        version=found.version.number,
        model=found.version.model_name,
        artifact_digest=found.version.artifact_digest,
        environment=found.environment,
        state=found.state,
        emergency=found.emergency,
        round=found.round,
        snapshot=queries.rounds(view, found.id)[-1].snapshot_digest,
        policy_digest=found.policy_digest,
        requested_by=found.requested_by,
        requested_at=found.requested_at,
        due_at=found.due_at,
        escalated_at=found.escalated_at,
        closed_at=found.closed_at,
        approved_at=found.approved_at,
        expires_at=found.expires_at,
        signed=found.signed,
        signatures=found.signatures,
        note=found.note,
        page=f"/release_review?release={found.id}",
    )


def gate(found: GateVerdict, stored: GateResult | None = None) -> GateOut:
    """One gate's verdict."""
    return GateOut(
        kind=found.kind.value,
        verdict=found.verdict.value,
        blocks=found.blocks,
        metric=found.metric,
        measured=found.measured,
        low=found.low,
        high=found.high,
        n=found.n,
        limit=found.limit,
        comparison=found.comparison.value,
        unit=found.unit,
        reason=_(found.reason) if found.reason else found.said,
        judged_at=stored.judged_at if stored else None,
    )


def debt(owed: Debt) -> DebtOut:
    """A review that is or was owed."""
    return DebtOut(
        id=owed.id,
        release=owed.request_id,
        environment=owed.environment,
        reviewer=owed.reviewer_id,
        opened_by=owed.opened_by,
        opened_at=owed.opened_at,
        due_at=owed.due_at,
        paid_at=owed.paid_at,
        upheld=owed.upheld,
    )


def _vote(signed: Signed) -> VoteOut:
    return VoteOut(
        person=signed.person_id,
        area=signed.area,
        meaning=signed.meaning.value,
        round=signed.round,
        signed_at=signed.signed_at,
        snapshot=signed.snapshot_digest,
        on_behalf_of=signed.on_behalf_of,
        confirmed_by=signed.confirmed_by,
    )


def _condition(found: Condition) -> ConditionOut:
    return ConditionOut(
        id=found.id,
        text=found.text,
        owner=found.owner_id,
        due_at=found.due_at,
        set_by=found.set_by,
        met_at=found.met_at,
        met_by=found.met_by,
    )
