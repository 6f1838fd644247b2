"""Read retraining policies, requests, and what a decision about one rests on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlmodel import Session, col, select

from core.assets.registry import queries as registry
from core.decisions.releases import queries as releases
from core.decisions.releases.states import PRODUCTION
from core.decisions.retraining.policy import Facts, Policy, Trigger
from core.decisions.retraining.request import Recipe, Result, Retraining, Snapshot, State, Vote
from core.decisions.retraining.tables import RetrainingPolicyRow, RetrainingRow, RetrainingVoteRow
from core.errors import NotFound
from core.evidence.alerts import queries as alerts
from core.evidence.alerts.rules import QUALITY
from core.evidence.kpis import queries as kpis
from core.evidence.kpis.definition import Status
from core.evidence.monitoring import queries as monitoring
from core.evidence.monitoring.column_names import named
from core.evidence.monitoring.performance import Metric
from core.evidence.monitoring.windows import Grain
from core.evidence.worth import queries as worth
from core.i18n import N_
from core.platform.access.permissions import Role
from core.platform.access.personal import open_texts
from core.platform.jobs import queries as jobs
from core.platform.jobs.queries import Job

RUN_JOB, COMPARE_JOB = "retraining.run", "retraining.compare"
SUBJECT_KIND = "retraining"
JUDGED_FROM = 0.5
"""Share of labels from which a month tells what waiting costs."""


@dataclass(frozen=True, slots=True)
class SetPolicy:
    """A use case's policy and who set it; empty where the one that Aval ships with holds."""

    policy: Policy
    set_by: str
    set_at: datetime | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waiting costs a week, by the last month that can be told: worth a case lost against the promise."""

    currency: str
    weekly: Decimal
    month: date


@dataclass(frozen=True, slots=True)
class Data:
    """What a run could use of one month: logged rows, and those with an outcome."""

    start: date
    rows: int
    labelled: int


def policy(session: Session, use_case_id: str) -> SetPolicy:
    """Return the policy in force for a use case."""
    row = session.get(RetrainingPolicyRow, use_case_id)
    return (
        SetPolicy(Policy(), "", None)
        if row is None
        else SetPolicy(Policy.from_json(row.body), row.set_by, row.set_at)
    )


def retraining(session: Session, retraining_id: str) -> Retraining:
    """Return one request; raise `NotFound`."""
    row = session.get(RetrainingRow, retraining_id)
    if row is None:
        raise NotFound("retraining.unknown", N_("There is no retraining {id}."), id=retraining_id)
    return _read(session, [row])[0]


def retrainings(session: Session, use_case_id: str | None = None) -> tuple[Retraining, ...]:
    """Return requests of a use case or of all, newest first."""
    query = select(RetrainingRow).order_by(col(RetrainingRow.proposed_at).desc(), col(RetrainingRow.id))
    if use_case_id is not None:
        query = query.where(RetrainingRow.use_case_id == use_case_id)
    return _read(session, session.exec(query).all())


def waiting(session: Session) -> tuple[Retraining, ...]:
    """Return the requests that wait for somebody's consent, oldest first."""
    query = select(RetrainingRow).where(RetrainingRow.state == State.PROPOSED.value)
    return _read(session, session.exec(query.order_by(col(RetrainingRow.proposed_at))).all())


def job(session: Session, retraining_id: str) -> Job | None:
    """Return the newest job of a request."""
    found = [jobs.latest(session, SUBJECT_KIND, retraining_id, kind) for kind in (RUN_JOB, COMPARE_JOB)]
    return max((one for one in found if one), key=lambda one: one.created_at, default=None)


def champion(session: Session, use_case_id: str) -> str | None:
    """Return the id of the version that is live in production, or none."""
    found = releases.live_deployment(session, use_case_id, PRODUCTION)
    return None if found is None else found.version_id


def chain(session: Session, version_id: str) -> tuple[str, ...]:
    """Return the versions that a version descends from by retraining, the first of them in front, itself last."""
    found = [version_id]
    while True:
        query = select(RetrainingRow.champion).where(RetrainingRow.challenger == found[0])
        before = session.exec(query).first()
        if before is None or before in found:
            return tuple(found)
        found.insert(0, before)


def made_by(session: Session, version_id: str) -> Retraining | None:
    """Return the retraining that a version came of, or none."""
    row = session.exec(select(RetrainingRow).where(RetrainingRow.challenger == version_id)).first()
    return None if row is None else _read(session, [row])[0]


def complete_before(policy: Policy, today: date) -> date | None:
    """Return the day from which on outcomes may still be missing; none where nobody said how long they take."""
    return today - timedelta(days=policy.outcome_days) if policy.outcome_days else None


def facts(session: Session, use_case_id: str, policy: Policy, today: date) -> Facts:
    """Gather what the triggers look at; while a retraining is open or nothing is live, nothing more is read."""
    live = champion(session, use_case_id)
    before = retrainings(session, use_case_id)
    if live is None or any(one.open for one in before):
        return Facts(open=live is not None)
    open_alerts = alerts.alerts(session, version_id=live, only_open=True)
    scores = kpis.scoreboard(session, use_case_id, versions={use_case_id: live})
    return Facts(
        alerts=[(a.id, named(a.subject) or a.rule) for a in open_alerts if a.kind not in QUALITY],
        kpis=[
            (s.kpi.id, s.kpi.definition.name)
            for s in scores
            if s.latest and s.latest.status is Status.CRITICAL
        ],
        trained=registry.version(session, live).created_at.date(),
        labels=sum(one.labelled for one in data(session, live)),
        complete=_complete(session, live, complete_before(policy, today)),
        proposed=(before[0].ended_at or before[0].proposed_at).date() if before else None,
        known=frozenset(ref for one in before for trigger in one.triggers for ref in trigger.refs),
    )


def _complete(session: Session, live: str, before: date | None) -> int | None:
    """Outcomes of days before `before`, over the log of every version in the chain."""
    if before is None:
        return None
    days = [day for one in chain(session, live) for day in data(session, one, Grain.DAY)]
    return sum(day.labelled for day in days if day.start < before)


def data(session: Session, version_id: str, grain: Grain = Grain.MONTH) -> tuple[Data, ...]:
    """Return what the log of a version holds, window by window, oldest first."""
    found = monitoring.measures(session, [version_id], grain, [Metric.ROWS, Metric.LABEL_COVERAGE])
    windows = found.get(version_id, {})
    told = []
    for window, measures in sorted(windows.items(), key=lambda item: item[0].start):
        coverage = measures.get(Metric.LABEL_COVERAGE)
        if coverage is not None:
            told.append(Data(window.start, coverage.n, round(coverage.value * coverage.n)))
    return tuple(told)


def cost_of_waiting(session: Session, use_case_id: str, version_id: str) -> Waiting | None:
    """Return what a case is worth less than promised, a week; none without a promise or a month that can be told.

    Of the gap to the promise only mix and quality count: volume and outcomes still waited for are no fault of a model.
    """
    promise = next((p for p in worth.promises(session, use_case_id) if p.version_id == version_id), None)
    if promise is None:
        return None
    told = [
        m
        for m in worth.months(session, [promise.request_id]).get(promise.request_id, ())
        if m.coverage >= JUDGED_FROM
    ]
    if not told:
        return None
    last = told[-1]
    lost = -(last.gap.mix + last.gap.quality) / Decimal(str(last.coverage))
    days = Decimal("30.4375")
    return Waiting(promise.currency, (lost * 7 / days).quantize(Decimal("0.01")), last.start)


def trained_on(session: Session, digest: str) -> tuple[Retraining, ...]:
    """Return the retrainings whose snapshot is this file."""
    held = col(RetrainingRow.snapshot)["digest"].as_string() == digest
    return _read(session, session.exec(select(RetrainingRow).where(held)).all())


def _read(session: Session, rows: Sequence[RetrainingRow]) -> tuple[Retraining, ...]:
    ids = [row.id for row in rows]
    votes = session.exec(
        select(RetrainingVoteRow)
        .where(col(RetrainingVoteRow.retraining_id).in_(ids))
        .order_by(col(RetrainingVoteRow.at))
    ).all()
    reasons = open_texts(session, [vote.reason for vote in votes])
    held: dict[str, list[Vote]] = {}
    for vote, reason in zip(votes, reasons, strict=True):
        held.setdefault(vote.retraining_id, []).append(
            Vote(Role(vote.area), vote.person_id, vote.consents, reason, vote.at)
        )
    return tuple(
        Retraining(
            id=row.id,
            use_case_id=row.use_case_id,
            champion=row.champion,
            state=State(row.state),
            recipe=Recipe(row.recipe),
            triggers=tuple(Trigger.from_json(one) for one in row.triggers),
            areas=tuple(Role(area) for area in row.areas),
            votes=tuple(held.get(row.id, ())),
            proposed_by=row.proposed_by,
            proposed_at=row.proposed_at,
            decided_at=row.decided_at,
            challenger=row.challenger,
            snapshot=None if row.snapshot is None else Snapshot.from_json(row.snapshot),
            result=None if row.result is None else Result.from_json(row.result),
            problem=row.problem,
            ended_at=row.ended_at,
        )
        for row in rows
    )
