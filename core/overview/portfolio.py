"""The portfolio: every use case with its stage and health, what needs attention, and the KPIs that tell most.

Reads across nouns, each in one statement, so that the first page costs the same for ten models as for a hundred.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from core.assets.registry.tables import ModelRow, UseCaseRow, VersionRow
from core.assets.registry.usecase import RiskTier
from core.assets.registry.version import VersionState
from core.decisions.findings import queries as found
from core.decisions.findings.queries import Outline
from core.decisions.findings.severity import Severity
from core.decisions.releases.release import Release
from core.decisions.releases.review import Scope, queue
from core.decisions.releases.states import OPEN, PRODUCTION, ReleaseState
from core.decisions.releases.tables import DeploymentRow, RequestRow
from core.evidence.alerts import queries as alerting
from core.evidence.alerts.alert import Alert
from core.evidence.kpis import following
from core.evidence.kpis import queries as kpis
from core.evidence.kpis.definition import URGENCY, Status
from core.evidence.kpis.queries import Score
from core.evidence.monitoring import queries as monitoring
from core.i18n import N_
from core.overview.attention import Item, Urgency, in_order
from core.overview.handed import handed
from core.overview.stage import Health, Stage, health, stage
from core.platform.access.permissions import Permission, allowed
from core.platform.store import Actor

_BROKEN = frozenset({Status.CRITICAL, Status.WARNING})


@dataclass(frozen=True, slots=True)
class Line:
    """One use case: `live` is the number of the version in production, `latest` of the newest one."""

    use_case_id: str
    slug: str
    title: str
    owner_id: str
    tier: RiskTier
    stage: Stage
    health: Health
    model: str
    latest: int | None
    live: int | None
    open_alerts: int
    open_findings: int


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Everything that the first page shows; scores are gravest first."""

    lines: tuple[Line, ...]
    attention: tuple[Item, ...]
    scores: tuple[Score, ...]
    versions: int
    waiting: int

    @property
    def mine(self) -> tuple[Item, ...]:
        """What waits for the reader and nobody else."""
        return tuple(i for i in self.attention if i.urgency is Urgency.MINE)

    @property
    def matrix(self) -> dict[tuple[RiskTier, Stage], int]:
        """How many use cases stand at each tier and stage."""
        return dict(Counter((line.tier, line.stage) for line in self.lines))

    def count(self, *stages: Stage) -> int:
        """How many use cases stand at one of these stages."""
        return sum(line.stage in stages for line in self.lines)

    def healthy(self) -> int:
        """How many live models are healthy."""
        return sum(line.stage is Stage.LIVE and line.health is Health.GOOD for line in self.lines)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the statements found, by use case; alerts by version."""

    cases: Sequence[UseCaseRow]
    newest: Mapping[str, tuple[VersionRow, str]]
    deployed: Mapping[str, dict[str, str]]  # environment → version id
    numbers: Mapping[str, int]  # of deployed versions
    requests: Mapping[str, list[ReleaseState]]
    findings: Mapping[str, list[Outline]]
    alerts: Sequence[Alert]
    case_of: Mapping[str, str]  # version id → use case id, for alerts
    watched: Mapping[str, object]
    scores: Sequence[Score]
    versions: int


def portfolio(session: Session, actor: Actor, now: datetime | None = None) -> Portfolio:
    """Return the portfolio as `actor` sees it."""
    facts = _facts(session)
    scores: dict[str, list[Score]] = defaultdict(list)
    for score in facts.scores:
        scores[score.kpi.use_case_id].append(score)
    raised: dict[str, list[Alert]] = defaultdict(list)
    for alert in facts.alerts:
        if alert.acknowledged_at is None:
            raised[facts.case_of[alert.version_id]].append(alert)
    lines = tuple(_line(case, facts, scores[case.id], raised[case.id]) for case in facts.cases)
    waiting = queue(session, Scope.ALL, actor, now)
    mine = queue(session, Scope.MINE, actor, now) if waiting else ()
    items = [_to_sign(release) for release in mine] + handed(session, actor)
    followed = following.followed(session, actor.id)
    for case in facts.cases:
        items += _of_case(case, facts, raised[case.id], actor)
        items += [_kpi(case, score, actor, followed) for score in scores[case.id] if score.status in _BROKEN]
    return Portfolio(
        lines=lines,
        attention=in_order(items),
        scores=tuple(sorted(facts.scores, key=lambda s: (URGENCY.index(s.status), s.kpi.definition.name))),
        versions=facts.versions,
        waiting=len(waiting),
    )


def _facts(session: Session) -> _Facts:
    place = func.row_number().over(
        partition_by=VersionRow.use_case_id, order_by=col(VersionRow.number).desc()
    )
    ranked = select(VersionRow.id, place.label("place")).subquery()
    newest = session.exec(
        select(VersionRow, ModelRow.name)
        .join(ModelRow, col(ModelRow.id) == VersionRow.model_id)
        .join(ranked, ranked.c.id == VersionRow.id)
        .where(ranked.c.place == 1)
    )
    deployed: dict[str, dict[str, str]] = defaultdict(dict)
    numbers: dict[str, int] = {}
    for row, number in session.exec(
        select(DeploymentRow, VersionRow.number)
        .join(VersionRow, col(VersionRow.id) == DeploymentRow.version_id)
        .where(col(DeploymentRow.ended_at).is_(None))
    ):
        deployed[row.use_case_id][row.environment] = row.version_id
        numbers[row.version_id] = number
    requests: dict[str, list[ReleaseState]] = defaultdict(list)
    open_states = [s.value for s in (*OPEN, ReleaseState.APPROVED)]
    for use_case_id, state in session.exec(
        select(RequestRow.use_case_id, RequestRow.state).where(col(RequestRow.state).in_(open_states))
    ):
        requests[use_case_id].append(ReleaseState(state))
    findings: dict[str, list[Outline]] = defaultdict(list)
    for finding in found.outlines(session):
        findings[finding.use_case_id].append(finding)
    alerts = alerting.alerts(session, only_open=True)
    touched = {alert.version_id for alert in alerts}
    case_of: dict[str, str] = {}
    if touched:
        query = select(VersionRow.id, VersionRow.use_case_id).where(col(VersionRow.id).in_(touched))
        case_of = dict(session.exec(query).all())
    live = {case: where[PRODUCTION] for case, where in deployed.items() if PRODUCTION in where}
    return _Facts(
        cases=session.exec(select(UseCaseRow).order_by(col(UseCaseRow.title), col(UseCaseRow.id))).all(),
        newest={row.use_case_id: (row, name) for row, name in newest},
        deployed=deployed,
        numbers=numbers,
        requests=requests,
        findings=findings,
        alerts=alerts,
        case_of=case_of,
        watched=monitoring.health(session),
        scores=kpis.scoreboard(session, versions=live),
        versions=session.exec(select(func.count()).select_from(VersionRow)).one(),
    )


def _line(case: UseCaseRow, facts: _Facts, scores: Sequence[Score], alerts: Sequence[Alert]) -> Line:
    version, model = facts.newest.get(case.id, (None, ""))
    deployed = facts.deployed.get(case.id, {})
    live = deployed.get(PRODUCTION)
    return Line(
        use_case_id=case.id,
        slug=case.slug,
        title=case.title,
        owner_id=case.owner_id,
        tier=RiskTier(case.risk_tier),
        stage=stage(
            VersionState(version.state) if version else None, facts.requests.get(case.id, ()), deployed
        ),
        health=health([s.status for s in scores], len(alerts), watched=live in facts.watched),
        model=model,
        latest=version.number if version else None,
        live=facts.numbers.get(live) if live else None,
        open_alerts=len(alerts),
        open_findings=len(facts.findings.get(case.id, ())),
    )


def _to_sign(release: Release) -> Item:
    asked = release.state is ReleaseState.CHANGES_REQUESTED
    return Item(
        Urgency.MINE,
        N_("{title} v{number}: changes are asked of you")
        if asked
        else N_("{title} v{number} waits for your signature"),
        {"title": release.title, "number": release.version.number},
        "release_review",
        {"release": release.id},
        "edit" if asked else "draw",
        since=release.requested_at,
        due=release.due_at,
        key=f"release:{release.id}",
    )


def _of_case(case: UseCaseRow, facts: _Facts, alerts: Sequence[Alert], actor: Actor) -> list[Item]:
    items = [_finding(case, finding, actor) for finding in facts.findings.get(case.id, ())]
    version, _model = facts.newest.get(case.id, (None, ""))
    if version is not None and version.state == VersionState.REFUSED.value:
        items.append(
            Item(
                Urgency.REFUSED,
                N_("{title} v{number} was refused by the checks"),
                {"title": case.title, "number": version.number},
                "model",
                {"use_case": case.slug, "version": str(version.number)},
                "block",
                since=version.created_at,
                key=f"version:{version.id}",
            )
        )
    if version is not None and version.state == VersionState.RECEIVED.value:
        mine = allowed(actor, Permission.REVIEW_NAMES) and actor.id != version.author_id
        items.append(
            Item(
                Urgency.MINE if mine else Urgency.WARNING,
                N_("{title} v{number} holds names that a person must review"),
                {"title": case.title, "number": version.number},
                "model",
                {"use_case": case.slug, "version": str(version.number)},
                "policy",
                since=version.created_at,
                key=f"version:{version.id}",
            )
        )
    if alerts:
        latest = max(alerts, key=lambda a: a.raised_at)
        items.append(
            Item(
                Urgency.ALERT,
                N_("{title}: {count} alerts are not acknowledged")
                if len(alerts) > 1
                else N_("{title}: an alert is not acknowledged"),
                {"title": case.title, "count": len(alerts)},
                "monitoring",
                {"use_case": case.slug},
                "notification_important",
                since=latest.raised_at,
                detail=latest.text(),
                key=f"alerts:{case.id}",
            )
        )
    return items


def _finding(case: UseCaseRow, finding: Outline, actor: Actor) -> Item:
    grave = finding.severity in {Severity.HIGH.value, Severity.CRITICAL.value}
    others = Urgency.FAILING if grave else Urgency.WARNING
    return Item(
        Urgency.MINE if finding.owner_id == actor.id else others,
        N_("{title}: an open finding, {finding}"),
        {"title": case.title, "finding": finding.title},
        "model",
        {"use_case": case.slug},
        "report",
        since=finding.opened_at,
        due=finding.due_at,
        key=f"finding:{finding.id}",
    )


def _kpi(case: UseCaseRow, score: Score, actor: Actor, followed: frozenset[str]) -> Item:
    """A KPI beyond a limit is its owner's own, and theirs who follow it."""
    mine = score.kpi.definition.owner_id == actor.id or score.kpi.id in followed
    critical = score.status is Status.CRITICAL
    latest = score.latest
    others = Urgency.FAILING if critical else Urgency.WARNING
    return Item(
        Urgency.MINE if mine else others,
        N_("{title}: {kpi} is beyond its critical limit")
        if critical
        else N_("{title}: {kpi} is beyond its warning limit"),
        {"title": case.title, "kpi": score.kpi.definition.name},
        "kpis",
        {"use_case": case.slug, "kpi": score.kpi.id},
        "target",
        since=latest.observed_at if latest else score.kpi.created_at,
        key=f"kpi:{score.kpi.id}",
    )
