"""What a week brought: how each KPI stands and moved, what releases came to, what happened. For reading, on one page."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from core.assets.registry import queries as registry
from core.assets.registry.tables import VersionRow
from core.decisions.incidents import queries as incidents
from core.decisions.incidents.incident import Incident
from core.decisions.releases import queries as releases
from core.decisions.releases.release import Deployment
from core.decisions.releases.states import PRODUCTION
from core.evidence.alerts.tables import AlertRow
from core.evidence.kpis import queries as kpis
from core.evidence.kpis.definition import URGENCY, Status
from core.evidence.kpis.queries import Observation, Score
from core.evidence.worth import queries as worth
from core.evidence.worth.promise import Month, Promise

WEEK = timedelta(days=7)
JUDGED_FROM = 0.5
"""Share of labels from which a month's worth is told."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A KPI with the window before the latest judged one."""

    title: str
    score: Score
    before: Observation | None


@dataclass(frozen=True, slots=True)
class Kept:
    """A promise with the last month that can be told."""

    title: str
    number: int
    promise: Promise
    month: Month


@dataclass(frozen=True, slots=True)
class Digest:
    """One scope over the seven days before `until`; `scope` is a use case's title, empty for all of them."""

    scope: str
    since: datetime
    until: datetime
    standings: tuple[Standing, ...]
    kept: tuple[Kept, ...]
    went_live: tuple[tuple[str, int, Deployment], ...]
    incidents: tuple[Incident, ...]
    alerts: int

    def count(self, status: Status) -> int:
        """Count the KPIs that stand so."""
        return sum(one.score.status is status for one in self.standings)


def digest(session: Session, now: datetime, use_case_id: str = "") -> Digest:
    """Read the week before `now`, of one use case or of all."""
    since = now - WEEK
    cases = {one.id: one.title for one in registry.use_cases(session) if use_case_id in {"", one.id}}
    versions = {one.id: one for one in registry.versions(session, use_case_id or None)}
    deployed = releases.deployments(session, use_case_id or None, PRODUCTION)
    live = {d.use_case_id: d.version_id for d in deployed if d.ended_at is None}
    scores = kpis.scoreboard(session, use_case_id or None, versions=live)
    promises = {p.use_case_id: p for p in reversed(worth.promises(session, use_case_id or None))}
    months = worth.months(session, [one.request_id for one in promises.values()])
    raised = select(func.count()).select_from(AlertRow).where(col(AlertRow.raised_at) >= since)
    if use_case_id:
        raised = raised.join(VersionRow, col(VersionRow.id) == AlertRow.version_id).where(
            VersionRow.use_case_id == use_case_id
        )
    return Digest(
        scope=cases.get(use_case_id, ""),
        since=since,
        until=now,
        standings=tuple(
            sorted(
                (
                    Standing(cases[s.kpi.use_case_id], s, _before(s))
                    for s in scores
                    if s.kpi.use_case_id in cases
                ),
                key=lambda one: (one.title, URGENCY.index(one.score.status), one.score.kpi.definition.name),
            )
        ),
        kept=tuple(
            Kept(cases[case], versions[p.version_id].number, p, told)
            for case, p in promises.items()
            if case in cases and (told := _told(months.get(p.request_id, ()))) is not None
        ),
        went_live=tuple(
            (cases[d.use_case_id], versions[d.version_id].number, d)
            for d in deployed
            if d.started_at >= since
        ),
        incidents=tuple(
            one
            for one in incidents.incidents(session, use_case_id=use_case_id or None)
            if one.open or one.opened_at >= since or (one.closed_at is not None and one.closed_at >= since)
        ),
        alerts=session.exec(raised).one(),
    )


def _before(score: Score) -> Observation | None:
    judged = score.judged
    return judged[-2] if len(judged) > 1 else None


def _told(months: tuple[Month, ...]) -> Month | None:
    return next((one for one in reversed(months) if one.labelled and one.coverage >= JUDGED_FROM), None)
