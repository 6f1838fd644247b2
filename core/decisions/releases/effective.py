"""Reading of what is live, with every recorded fact that its standing rests on.

The live address asks here at every request, so that texts which people wrote stay sealed: `queries` opens them.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from core.assets.registry import UseCase, Version
from core.assets.registry import queries as registry
from core.decisions.findings import queries as findings
from core.decisions.findings.severity import Severity
from core.decisions.releases import pledges, queries
from core.decisions.releases.gates import GateKind, Rule
from core.decisions.releases.policies import Policy
from core.decisions.releases.quorum import APPROVING, Vote
from core.decisions.releases.release import ArtifactCheck, Condition, Debt, Live
from core.decisions.releases.snapshot import read
from core.decisions.releases.standing import Fact, FactKind, Worth
from core.decisions.releases.tables import DeploymentRow, RequestRow, RoundRow, VoteRow
from core.evidence.alerts import queries as alerts
from core.evidence.alerts.rules import RuleKind
from core.evidence.kpis import queries as kpis
from core.evidence.kpis.definition import Status

DRIFT = frozenset({RuleKind.PSI, RuleKind.MISSING, RuleKind.NEW_CATEGORY, RuleKind.OUT_OF_RANGE})
"""The alerts that count as drift; falling performance is what KPIs judge."""

_MOST_CANDIDATES = 5

OfUseCase = Callable[[Session, str], Sequence[Fact]]
"""Reads facts about a use case (by id) that every one of its live versions stands on."""


def provide(reader: OfUseCase) -> None:
    """Say who reads facts of a later wing; `app.wiring` calls this, and calling it again changes nothing."""
    if reader not in _PROVIDED:
        _PROVIDED.append(reader)


_PROVIDED: list[OfUseCase] = []


def live(session: Session, slug: str, environment: str) -> Live | None:
    """Return what is live in an environment, with its decision and what its standing rests on; or none.

    Raise `NotFound` for a use case that does not exist.
    """
    use_case = registry.use_case(session, slug)
    here = _DEPLOYED.where(
        DeploymentRow.use_case_id == use_case.id,
        DeploymentRow.environment == environment,
        col(DeploymentRow.ended_at).is_(None),
    )
    found = session.exec(here).first()
    return None if found is None else _live(session, use_case, *found)


def live_by_deployment(session: Session, deployment_id: str) -> Live | None:
    """Return a deployment that has not ended, as `live` does; or none."""
    here = _DEPLOYED.where(DeploymentRow.id == deployment_id, col(DeploymentRow.ended_at).is_(None))
    found = session.exec(here).first()
    if found is None:
        return None
    return _live(session, registry.use_case_by_id(session, found[0].use_case_id), *found)


def once_live(session: Session, request_id: str) -> Live | None:
    """Return the last deployment of a request, ended or not, with what its standing would rest on now; or none."""
    newest = _DEPLOYED.where(DeploymentRow.request_id == request_id).order_by(
        col(DeploymentRow.started_at).desc(), col(DeploymentRow.id).desc()
    )
    found = session.exec(newest).first()
    if found is None:
        return None
    return _live(session, registry.use_case_by_id(session, found[0].use_case_id), *found)


def fallback(session: Session, instead_of: Live, now: datetime) -> Live | None:
    """Return the last version before it that was approved and whose approval would still hold, or none."""
    use_case = registry.use_case_by_id(session, instead_of.deployment.use_case_id)
    before = (
        _DEPLOYED.where(
            DeploymentRow.use_case_id == use_case.id,
            DeploymentRow.environment == instead_of.deployment.environment,
            DeploymentRow.version_id != instead_of.version.id,
            col(RequestRow.approved_at).is_not(None),
            col(RequestRow.expires_at) > now,
        )
        .order_by(col(DeploymentRow.started_at).desc(), col(DeploymentRow.id).desc())
        .limit(_MOST_CANDIDATES)
    )
    for found in session.exec(before).all():
        candidate = _live(session, use_case, *found)
        if candidate.standing(now).serves:
            return candidate
    return None


def effective(
    session: Session, slug: str, environment: str, now: datetime
) -> tuple[Live, Live | None] | None:
    """Return what is deployed, and what answers for it now: itself, the version it falls back to, or nothing."""
    found = live(session, slug, environment)
    if found is None:
        return None
    worth = found.standing(now).worth
    if worth is Worth.SUSPENDED:
        return found, None
    return found, fallback(session, found, now) if worth is Worth.FALL_BACK else found


def blocking_severity(rules: Sequence[Rule]) -> Severity | None:
    """Return the least severity of a finding that blocks under these gates; none where no gate asks."""
    accepted = next((r.accepted for r in rules if r.kind is GateKind.FINDINGS), None)
    return None if accepted is None else Severity(accepted[0]) if accepted else Severity.LOW


_DEPLOYED = (
    select(DeploymentRow, RequestRow, RoundRow)
    .join(RequestRow, col(RequestRow.id) == DeploymentRow.request_id)
    .join(RoundRow, (col(RoundRow.request_id) == RequestRow.id) & (col(RoundRow.number) == RequestRow.round))
)


def _live(
    session: Session, use_case: UseCase, deployed: DeploymentRow, request: RequestRow, last: RoundRow
) -> Live:
    version = registry.version(session, deployed.version_id)
    under = queries.policy(session, request.policy_digest)
    votes = [
        queries.signed_of(v, last.number, "")
        for v in session.exec(
            select(VoteRow).where(VoteRow.round_id == last.id).order_by(col(VoteRow.signed_at), VoteRow.id)
        )
    ]
    checks = pledges.artifact_checks(session, deployed.id)
    debt = pledges.debt_of(session, request.id) if request.emergency else None
    facts = (
        *_of_findings(session, version, use_case, under),
        *_of_files(version, deployed, read(last.snapshot).artifact_digest, checks),
        *_of_promises(pledges.conditions(session, request.id), debt),
        *_of_monitoring(session, version),
        *(fact for read_facts in _PROVIDED for fact in read_facts(session, use_case.id)),
    )
    given = [Vote(s.person_id, s.area, s.meaning) for s in votes]
    return Live(
        deployment=queries.deployment_of(session, deployed),
        version=version,
        release=queries.release_of(request, version, use_case, under, given, note=""),
        snapshot_digest=last.snapshot_digest,
        approvals=tuple(s for s in votes if s.meaning in APPROVING),
        facts=facts,
        terms=under.terms,
        verified=checks[0] if checks else None,
    )


def _of_findings(session: Session, version: Version, use_case: UseCase, under: Policy) -> tuple[Fact, ...]:
    least = blocking_severity(under.rules[use_case.task.value])
    if least is None:
        return ()
    spans = findings.blocking_ever(session, version.id, least)
    return tuple(Fact(FactKind.BLOCKING_FINDING, s.since, s.recorded_at, s.until) for s in spans)


def _of_files(
    version: Version, deployed: DeploymentRow, approved: str, checks: Sequence[ArtifactCheck]
) -> tuple[Fact, ...]:
    if len({version.artifact_digest, deployed.artifact_digest, approved}) > 1:
        return (Fact(FactKind.DIGEST_DIFFERS, deployed.started_at, deployed.started_at),)
    after: datetime | None = None
    found = []
    for check in checks:  # the newest first
        if not check.ok:
            found.append(Fact(FactKind.DIGEST_DIFFERS, check.first_at, check.first_at, after))
        after = check.first_at
    return tuple(found)


def _of_promises(conditions: Sequence[Condition], debt: Debt | None) -> tuple[Fact, ...]:
    found = [Fact(FactKind.CONDITION_OVERDUE, c.due_at, c.set_at, c.met_at) for c in conditions]
    if debt is not None:
        found.append(Fact(FactKind.REVIEW_OVERDUE, debt.due_at, debt.opened_at, debt.paid_at))
        if debt.paid_at is not None and debt.upheld is False:
            found.append(Fact(FactKind.NOT_UPHELD, debt.paid_at, debt.paid_at))
    return tuple(found)


def _of_monitoring(session: Session, version: Version) -> tuple[Fact, ...]:
    drifting = [
        Fact(FactKind.DRIFT_BREACH, a.raised_at, a.raised_at, a.resolved_at)
        for a in alerts.alerts(session, version_id=version.id, only_open=True)
        if a.kind in DRIFT
    ]
    latest = kpis.latest_statuses(session, version.use_case_id, version.id)
    critical = [at for status, at in latest if status is Status.CRITICAL]
    return (*drifting, *(Fact(FactKind.KPI_BREACH, at, at) for at in critical))
