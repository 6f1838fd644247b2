"""Reading of policies, sealed thresholds, requests, signatures and deployments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from core.assets.registry import RiskTier, Version
from core.assets.registry import queries as registry
from core.decisions.findings import queries as findings
from core.decisions.findings.severity import Severity
from core.decisions.releases import policies, quorum
from core.decisions.releases.gates import Comparison, GateKind, GateVerdict, Rule, Verdict
from core.decisions.releases.policies import Policy
from core.decisions.releases.quorum import Meaning, Vote
from core.decisions.releases.release import Deployment, EndReason, GateResult, Live, Release, Signed
from core.decisions.releases.snapshot import Snapshot, read
from core.decisions.releases.standing import Fact, FactKind
from core.decisions.releases.states import OPEN, ReleaseState
from core.decisions.releases.tables import (
    DeploymentRow,
    GateRow,
    PolicyRow,
    RequestRow,
    RoundRow,
    SealedRow,
    VoteRow,
)
from core.errors import Conflict, NotFound
from core.i18n import N_
from core.platform.access.personal import open_text, open_texts


@dataclass(frozen=True, slots=True)
class Sealed:
    """The thresholds of one version for one environment."""

    policy_digest: str
    digest: str
    rules: tuple[Rule, ...]
    sealed_at: datetime


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


_parsed = lru_cache(maxsize=256)(policies.read)


def policy(session: Session, digest: str) -> Policy:
    """Return a published policy; raise `NotFound`, and `Conflict` where its text is not the published one."""
    row = session.get(PolicyRow, digest)
    if row is None:
        raise NotFound("policy.unknown", N_("There is no policy {digest}."), digest=digest)
    found = _parsed(row.text)
    if found.digest != row.digest:
        raise Conflict(
            "policy.altered",
            N_(
                "The text of policy {name} is not the one that was published, so nothing is decided under it."
            ),
            fix=N_("Restore the store; the audit log holds the digest of the published text."),
            name=row.name,
        )
    return found


def policies_of(session: Session, tier: str | None = None) -> tuple[Policy, ...]:
    """Return the policies in force: the newest of each tier and environment."""
    query = select(PolicyRow).order_by(col(PolicyRow.published_at), PolicyRow.digest)
    if tier is not None:
        query = query.where(PolicyRow.tier == tier)
    newest = {(row.tier, row.environment): row.text for row in session.exec(query)}
    return tuple(_parsed(newest[key]) for key in sorted(newest))


def policy_published(session: Session, digest: str) -> tuple[str, datetime]:
    """Return who published a policy, and when."""
    row = session.get(PolicyRow, digest)
    if row is None:
        raise NotFound("policy.unknown", N_("There is no policy {digest}."), digest=digest)
    return row.published_by, row.published_at


def environments(session: Session, tier: RiskTier) -> tuple[str, ...]:
    """Return the environments that have a policy for this tier, staging before production."""
    found = {p.environment for p in policies_of(session, tier.value)}
    return tuple(sorted(found, key=lambda e: (e == "production", e)))


def sealed(session: Session, version_id: str, environment: str) -> Sealed | None:
    """Return the thresholds sealed last for a version and environment, or none.

    Raise `Conflict` where they are not what was sealed.
    """
    row = session.exec(
        select(SealedRow)
        .where(SealedRow.version_id == version_id, SealedRow.environment == environment)
        .order_by(col(SealedRow.sealed_at).desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    if policies.thresholds_digest(row.thresholds) != row.digest:
        raise Conflict(
            "release.seal_broken",
            N_("The sealed thresholds of this version are not the ones in the audit log."),
            fix=N_("Restore the store; nothing is decided on altered thresholds."),
        )
    return Sealed(row.policy_digest, row.digest, policies.rules(row.thresholds), row.sealed_at)


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
    return tuple(
        Signed(v.person_id, v.area, Meaning(v.meaning), text, v.signed_at, n)
        for (v, n), text in zip(found, said, strict=True)
    )


def gates(session: Session, round_id: str) -> tuple[GateResult, ...]:
    """Return what the last run of the checks found in a round, in the order of the policy."""
    last = session.exec(
        select(GateRow.run).where(GateRow.round_id == round_id).order_by(col(GateRow.run).desc()).limit(1)
    ).first()
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
    return None if row is None else _deployment(session, row)


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
    return tuple(_deployment(session, row) for row in session.exec(query))


def live(session: Session, slug: str, environment: str) -> Live | None:
    """Return what is live in an environment, with its decision and what its standing rests on; or none.

    Raise `NotFound` for a use case that does not exist.
    """
    use_case = registry.use_case(session, slug)
    found = live_deployment(session, use_case.id, environment)
    if found is None:
        return None
    request = release(session, found.request_id)
    last = rounds(session, request.id)[-1]
    under = policy(session, request.policy_digest)
    approvals = signatures(session, request.id, last.number)
    return Live(
        deployment=found,
        version=request.version,
        release=request,
        snapshot_digest=last.snapshot_digest,
        approvals=tuple(s for s in approvals if s.meaning is Meaning.APPROVE),
        facts=_standing_facts(session, request.version, found, last.snapshot, under),
        terms=under.terms,
    )


def blocking_severity(rules: Sequence[Rule]) -> Severity | None:
    """Return the least severity of a finding that blocks under these gates; none where no gate asks."""
    accepted = next((r.accepted for r in rules if r.kind is GateKind.FINDINGS), None)
    return None if accepted is None else Severity(accepted[0]) if accepted else Severity.LOW


def _standing_facts(
    session: Session, version: Version, found: Deployment, snapshot: Snapshot, under: Policy
) -> tuple[Fact, ...]:
    use_case = registry.use_case_by_id(session, version.use_case_id)
    least = blocking_severity(under.rules[use_case.task.value])
    known = [
        Fact(FactKind.BLOCKING_FINDING, f.opened_at, f.opened_at)
        for f in (findings.blocking(session, version.id, least) if least else ())
    ]
    if len({version.artifact_digest, found.artifact_digest, snapshot.artifact_digest}) > 1:
        known.append(Fact(FactKind.DIGEST_DIFFERS, found.started_at, found.started_at))
    return tuple(known)


def _release(session: Session, row: RequestRow) -> Release:
    version = registry.version(session, row.version_id)
    use_case = registry.use_case_by_id(session, row.use_case_id)
    under = policy(session, row.policy_digest)
    votes = [
        Vote(v.person_id, v.area, Meaning(v.meaning))
        for v in session.exec(_votes_of_round(row.id, row.round))
    ]
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
        note=open_text(session, row.note),
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        due_at=row.due_at,
        closed_at=row.closed_at,
        approved_at=row.approved_at,
        expires_at=row.expires_at,
        signed=sum(seat.person_id is not None for seat in taken),
        signatures=under.signatures,
    )


def _votes_of_round(request_id: str, number: int) -> SelectOfScalar[VoteRow]:
    return (
        select(VoteRow)
        .join(RoundRow, col(RoundRow.id) == VoteRow.round_id)
        .where(VoteRow.request_id == request_id, RoundRow.number == number)
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


def _deployment(session: Session, row: DeploymentRow) -> Deployment:
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
        end_note=open_text(session, row.end_note),
    )
