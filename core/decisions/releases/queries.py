"""Reading of requests, signatures and deployments; policies and what is live are read beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from core.assets.registry import UseCase, Version
from core.assets.registry import queries as registry
from core.decisions.releases import quorum
from core.decisions.releases.gates import Comparison, GateKind, GateVerdict, Verdict
from core.decisions.releases.policies import Policy
from core.decisions.releases.published import (
    Sealed,
    environments,
    policies_of,
    policy,
    policy_published,
    sealed,
)
from core.decisions.releases.quorum import Meaning, Vote
from core.decisions.releases.release import Deployment, EndReason, GateResult, Release, Signed
from core.decisions.releases.snapshot import Snapshot, read
from core.decisions.releases.states import OPEN, ReleaseState
from core.decisions.releases.tables import DeploymentRow, GateRow, RequestRow, RoundRow, VoteRow
from core.errors import NotFound
from core.i18n import N_
from core.platform.access.personal import open_text, open_texts

__all__ = [
    "Round", "Sealed", "deployments", "environments", "gates", "live_deployment", "open_releases", "policies_of",
    "policy", "policy_published", "release", "release_of_round", "releases", "rounds", "sealed", "signatures",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Round:
    """One round of a request."""

    id: str
    number: int
    snapshot: Snapshot
    snapshot_digest: str
    opened_by: str
    opened_at: datetime
    judged_at: datetime | None


def release(session: Session, request_id: str) -> Release:
    """Return a request; raise `NotFound`."""
    row = session.get(RequestRow, request_id)
    if row is None:
        raise NotFound("release.unknown", N_("There is no release request {id}."), id=request_id)
    return _release(session, row)


def release_of_round(session: Session, round_id: str) -> Release:
    """Return the request that a round belongs to; raise `NotFound`."""
    row = session.get(RoundRow, round_id)
    return release(session, row.request_id if row else round_id)


def releases(
    session: Session,
    *,
    use_case_id: str | None = None,
    version_id: str | None = None,
    states: Sequence[ReleaseState] | None = None,
    limit: int = 200,
) -> tuple[Release, ...]:
    """Return requests, newest first."""
    query = select(RequestRow).order_by(col(RequestRow.requested_at).desc(), RequestRow.id).limit(limit)
    if use_case_id is not None:
        query = query.where(RequestRow.use_case_id == use_case_id)
    if version_id is not None:
        query = query.where(RequestRow.version_id == version_id)
    if states is not None:
        query = query.where(col(RequestRow.state).in_([s.value for s in states]))
    return tuple(_release(session, row) for row in session.exec(query))


def open_releases(session: Session) -> tuple[Release, ...]:
    """Return every request that waits for somebody, the most urgent first."""
    return tuple(sorted(releases(session, states=tuple(OPEN)), key=lambda r: (r.due_at, r.id)))


def rounds(session: Session, request_id: str) -> tuple[Round, ...]:
    """Return the rounds of a request, oldest first."""
    query = select(RoundRow).where(RoundRow.request_id == request_id).order_by(col(RoundRow.number))
    return tuple(
        Round(r.id, r.number, read(r.snapshot), r.snapshot_digest, r.opened_by, r.opened_at, r.judged_at)
        for r in session.exec(query)
    )


def signatures(session: Session, request_id: str, number: int | None = None) -> tuple[Signed, ...]:
    """Return the signatures of a request, oldest first; of one round where `number` names it."""
    query = (
        select(VoteRow, RoundRow.number)
        .join(RoundRow, col(RoundRow.id) == VoteRow.round_id)
        .where(VoteRow.request_id == request_id)
        .order_by(col(VoteRow.signed_at), VoteRow.id)
    )
    if number is not None:
        query = query.where(RoundRow.number == number)
    found = session.exec(query).all()
    said = open_texts(session, [v.rationale for v, _number in found])
    return tuple(signed_of(v, n, text) for (v, n), text in zip(found, said, strict=True))


def gates(session: Session, round_id: str, at: datetime | None = None) -> tuple[GateResult, ...]:
    """Return what the last run of the checks found in a round, in the order of the policy; the last by `at`."""
    runs = select(GateRow.run).where(GateRow.round_id == round_id)
    if at is not None:
        runs = runs.where(GateRow.judged_at <= at)
    last = session.exec(runs.order_by(col(GateRow.run).desc()).limit(1)).first()
    query = (
        select(GateRow)
        .where(GateRow.round_id == round_id, GateRow.run == (last or 0))
        .order_by(col(GateRow.position))
    )
    return tuple(_gate(row) for row in session.exec(query))


def live_deployment(session: Session, use_case_id: str, environment: str) -> Deployment | None:
    """Return the deployment that has not ended, or none."""
    row = session.exec(
        select(DeploymentRow).where(
            DeploymentRow.use_case_id == use_case_id,
            DeploymentRow.environment == environment,
            col(DeploymentRow.ended_at).is_(None),
        )
    ).first()
    return None if row is None else deployment_of(session, row)


def deployments(
    session: Session,
    use_case_id: str | None = None,
    environment: str | None = None,
    *,
    only_live: bool = False,
) -> tuple[Deployment, ...]:
    """Return deployments, newest first."""
    query = select(DeploymentRow).order_by(col(DeploymentRow.started_at).desc(), DeploymentRow.id)
    if use_case_id is not None:
        query = query.where(DeploymentRow.use_case_id == use_case_id)
    if environment is not None:
        query = query.where(DeploymentRow.environment == environment)
    if only_live:
        query = query.where(col(DeploymentRow.ended_at).is_(None))
    return tuple(deployment_of(session, row) for row in session.exec(query))


def succeeded(session: Session, version_id: str, environment: str) -> frozenset[str]:
    """Return the versions whose place a live version has taken; none where it is not live itself."""
    use_case_id = registry.version(session, version_id).use_case_id
    held = session.exec(
        select(DeploymentRow.version_id, DeploymentRow.ended_at).where(
            DeploymentRow.use_case_id == use_case_id, DeploymentRow.environment == environment
        )
    ).all()
    if not any(one == version_id and ended is None for one, ended in held):
        return frozenset()
    return frozenset(one for one, _ended in held) - {version_id}


def _release(session: Session, row: RequestRow) -> Release:
    votes = [
        Vote(v.person_id, v.area, Meaning(v.meaning))
        for v in session.exec(_votes_of_round(row.id, row.round))
    ]
    return release_of(
        row,
        registry.version(session, row.version_id),
        registry.use_case_by_id(session, row.use_case_id),
        policy(session, row.policy_digest),
        votes,
        note=open_text(session, row.note),
    )


def release_of(
    row: RequestRow,
    version: Version,
    use_case: UseCase,
    under: Policy,
    votes: Sequence[Vote],
    *,
    note: str,
) -> Release:
    """Put a request together from what was read of it; for the readers of this noun."""
    taken = quorum.seats(under.quorum, votes)
    return Release(
        id=row.id,
        version=version,
        title=use_case.title,
        tier=use_case.risk_tier.value,
        environment=row.environment,
        state=ReleaseState(row.state),
        round=row.round,
        policy_digest=row.policy_digest,
        note=note,
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        due_at=row.due_at,
        closed_at=row.closed_at,
        approved_at=row.approved_at,
        expires_at=row.expires_at,
        signed=sum(seat.person_id is not None for seat in taken),
        signatures=under.signatures,
        emergency=row.emergency,
        escalated_at=row.escalated_at,
    )


def _votes_of_round(request_id: str, number: int) -> SelectOfScalar[VoteRow]:
    return (
        select(VoteRow)
        .join(RoundRow, col(RoundRow.id) == VoteRow.round_id)
        .where(VoteRow.request_id == request_id, RoundRow.number == number)
    )


def signed_of(row: VoteRow, number: int, rationale: str) -> Signed:
    """Read a signature; for the readers of this noun."""
    return Signed(
        row.person_id,
        row.area,
        Meaning(row.meaning),
        rationale,
        row.signed_at,
        number,
        on_behalf_of=row.on_behalf_of,
        confirmed_by=row.confirmed_by,
        snapshot_digest=row.snapshot_digest,
        opened=None if row.opened is None else tuple(row.opened),
    )


def _gate(row: GateRow) -> GateResult:
    return GateResult(
        GateVerdict(
            kind=GateKind(row.kind), verdict=Verdict(row.verdict), blocks=row.blocks, metric=row.metric,
            measured=row.measured, low=row.low, high=row.high, n=row.n, limit=row.limit,
            comparison=Comparison(row.comparison), unit=row.unit, reason=row.reason, said=row.said,
        ),
        row.evidence_kind,
        row.evidence_id,
        row.judged_at,
    )  # fmt: skip


def deployment_of(session: Session, row: DeploymentRow) -> Deployment:
    """Read a deployment; for the readers of this noun."""
    return Deployment(
        id=row.id,
        use_case_id=row.use_case_id,
        environment=row.environment,
        version_id=row.version_id,
        request_id=row.request_id,
        artifact_digest=row.artifact_digest,
        started_by=row.started_by,
        started_at=row.started_at,
        ended_by=row.ended_by,
        ended_at=row.ended_at,
        end_reason=EndReason(row.end_reason) if row.end_reason else None,
        end_note=open_text(session, row.end_note) if row.end_note else "",
    )
