"""Loop time: from alert to decision to upload to live, read off the log and what it stands for, for one use case or all.

Moments of versions and alerts are the log's own, found by action; those of requests, signatures and deployments stand in
rows that the same transactions wrote. Production alone counts as live. Every one of those transactions left an entry:
while there is no newer one, what was read of the whole house is still so, and is not read again.
"""

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from core.assets.registry.tables import UseCaseRow, VersionRow
from core.decisions.releases.release import EndReason
from core.decisions.releases.states import OPEN, PRODUCTION, ReleaseState
from core.decisions.releases.tables import DeploymentRow, RequestRow, RoundRow, VoteRow
from core.evidence.alerts.tables import AlertRow
from core.overview.loop import (
    SIGNING,
    Call,
    Case,
    Compared,
    GoneLive,
    Period,
    Renewal,
    Spans,
    Stage,
    Turnout,
    Wait,
    by_stage,
    compared,
    longest,
    renewals,
    slowest,
    turnout,
)  # fmt: skip
from core.platform.audit.tables import AuditEvent

PERIODS = (365, 90, 30)
"""Days that a period may have; the first unless asked otherwise."""
MOST = 10
"""Cases in the table of the slowest."""
_CHECKED = ("version.evaluated", "version.refused")
_SEEN = ("alert.acknowledged", "alert.snoozed", "alert.escalated")
_ASKING = (
    "release.requested",
    "release.resubmitted",
    "release.signed",
    "release.withdrawn",
    "release.expired",
    "release.emergency",
    "release.emergency_reviewed",
    "release.rolled_back",
    "release.retired",
    "alert.settled",
)
_NAMING = ("incident.opened", "incident.alert_added", "retraining.decided")
"""Decisions whose entry names what it is about: alerts, or the version that is trained anew."""
_BEARING = ("version.submitted", *_CHECKED, *_ASKING, *_SEEN, *_NAMING)
"""Every action whose transaction changes what is read here."""
_EVENT, _VERSION, _REQUEST, _ROUND, _VOTE, _DEPLOYED, _ALERT = (
    sa.inspect(one).columns
    for one in (AuditEvent, VersionRow, RequestRow, RoundRow, VoteRow, DeploymentRow, AlertRow)
)


@dataclass(frozen=True, slots=True)
class Named:
    """What a case's version is called."""

    title: str
    number: int


@dataclass(frozen=True, slots=True)
class LoopTime:
    """The loop over a period and the one before it; `undecided` alerts and `waiting` requests are those of now."""

    period: Period
    stages: Mapping[Stage, Compared]
    lead: Compared
    renewal: Compared
    turnout: Turnout
    turnout_before: Turnout
    undecided: int
    waiting: int
    slowest: tuple[Case, ...]
    names: Mapping[str, Named]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request to go live: `signed` is the first signature of each area in each round, from when it could."""

    id: str
    use_case_id: str
    version_id: str
    asked: datetime
    approved: datetime | None
    open: bool
    signed: Sequence[tuple[str, datetime, datetime]]
    live: datetime | None


@dataclass(frozen=True, slots=True)
class _Past:
    """All that has happened, whatever the period; `entry` is the last one of the log that bears on it."""

    entry: int | None
    stages: Mapping[Stage, Spans]
    lead: Spans
    renewal: Spans
    gone_live: Sequence[GoneLive]
    cases: Sequence[Case]
    undecided: int
    waiting: int


_house: WeakKeyDictionary[Engine, _Past] = WeakKeyDictionary()


def loop_time(session: Session, period: Period, use_case_id: str = "") -> LoopTime:
    """Read the loop of a use case, or of all."""
    past = _read(session, use_case_id, period.end) if use_case_id else _of_house(session, period.end)
    cases = slowest(past.cases, period, MOST)
    return LoopTime(
        period=period,
        stages={stage: compared(spans, period) for stage, spans in past.stages.items()},
        lead=compared(past.lead, period),
        renewal=compared(past.renewal, period),
        turnout=turnout(past.gone_live, period),
        turnout_before=turnout(past.gone_live, period.before),
        undecided=past.undecided,
        waiting=past.waiting,
        slowest=cases,
        names=_names(session, {case.version_id for case in cases}),
    )


def _of_house(session: Session, now: datetime) -> _Past:
    engine = session.connection().engine
    known = _house.get(engine)
    last = _last_entry(session)
    if known is None or known.entry != last:
        known = _house[engine] = replace(_read(session, "", now), entry=last)
    return known


def _last_entry(session: Session) -> int | None:
    """The newest entry that bears on the loop: one step into the index for each action."""
    newest = [
        sa.select(sa.func.max(_EVENT.idx).label("idx")).where(_EVENT.action == action) for action in _BEARING
    ]
    found: int | None = session.execute(
        sa.select(sa.func.max(sa.union_all(*newest).subquery().c.idx))
    ).scalar()
    return found


def _read(session: Session, use_case_id: str, now: datetime) -> _Past:
    submitted = _moments(session, ("version.submitted",), use_case_id)
    checked = _moments(session, _CHECKED, use_case_id)
    requests = _requests(session, use_case_id)
    gone_live = _gone_live(session, use_case_id, submitted)
    calls, undecided = _calls(session, use_case_id, requests)
    renewed = renewals(gone_live, calls)
    waits, by_version = _waits(submitted, checked, requests, renewed)
    waits += [Wait(Stage.DECISION, "", "", call.raised, call.decided) for call in calls]
    return _Past(
        entry=None,
        stages=by_stage(waits),
        lead=Spans.of((g.submitted, g.live) for g in gone_live if g.submitted),
        renewal=Spans.of((r.decided, r.live) for r in renewed),
        gone_live=gone_live,
        cases=tuple(_cases(gone_live, requests, submitted, by_version, now)),
        undecided=undecided,
        waiting=sum(request.open for request in requests),
    )


def _moments(session: Session, actions: Sequence[str], use_case_id: str) -> dict[str, datetime]:
    """When an action was first recorded about each version."""
    query = sa.select(_EVENT.subject_id, _EVENT.time).where(_EVENT.action.in_(actions))
    if use_case_id:
        query = query.join(VersionRow, _VERSION.id == _EVENT.subject_id).where(
            _VERSION.use_case_id == use_case_id
        )
    found: dict[str, datetime] = {}
    for version_id, time in session.execute(query.order_by(_EVENT.idx)).all():
        found.setdefault(version_id, datetime.fromisoformat(time))
    return found


def _requests(session: Session, use_case_id: str) -> list[_Asked]:
    """Every request for production, oldest first."""
    votes = (
        sa.select(_VOTE.request_id, _VOTE.area, _ROUND.opened_at, sa.func.min(_VOTE.signed_at))
        .join(RoundRow, _ROUND.id == _VOTE.round_id)
        .where(_VOTE.deciding)
        .group_by(_VOTE.round_id, _VOTE.area, _VOTE.request_id, _ROUND.opened_at)
    )
    started = sa.select(_DEPLOYED.request_id, sa.func.min(_DEPLOYED.started_at)).group_by(
        _DEPLOYED.request_id
    )
    query = sa.select(
        _REQUEST.id, _REQUEST.use_case_id, _REQUEST.version_id, _REQUEST.requested_at, _REQUEST.approved_at,
        _REQUEST.state,
    ).where(_REQUEST.environment == PRODUCTION)  # fmt: skip
    if use_case_id:
        query = query.where(_REQUEST.use_case_id == use_case_id)
        of_case = _REQUEST.use_case_id == use_case_id
        votes = votes.join(RequestRow, _REQUEST.id == _VOTE.request_id).where(of_case)
        started = started.where(_DEPLOYED.use_case_id == use_case_id)
    signed: dict[str, list[tuple[str, datetime, datetime]]] = defaultdict(list)
    for request_id, area, opened, at in session.execute(votes).all():
        signed[request_id].append((area, opened, at))
    live = {row[0]: row[1] for row in session.execute(started).all()}
    return [
        _Asked(
            id=request_id,
            use_case_id=case,
            version_id=version_id,
            asked=asked,
            approved=approved,
            open=ReleaseState(state) in OPEN,
            signed=signed.get(request_id, ()),
            live=live.get(request_id),
        )
        for request_id, case, version_id, asked, approved, state in session.execute(
            query.order_by(_REQUEST.requested_at, _REQUEST.id)
        ).all()
    ]


def _gone_live(session: Session, use_case_id: str, submitted: Mapping[str, datetime]) -> list[GoneLive]:
    """The first time of each version in production, oldest first; rolled back is what any of its times ended by."""
    query = sa.select(
        _DEPLOYED.use_case_id, _DEPLOYED.version_id, _DEPLOYED.request_id, _DEPLOYED.started_at, _DEPLOYED.end_reason,
    ).where(_DEPLOYED.environment == PRODUCTION)  # fmt: skip
    if use_case_id:
        query = query.where(_DEPLOYED.use_case_id == use_case_id)
    first: dict[str, sa.Row[Any]] = {}
    rolled_back = set()
    for row in session.execute(query.order_by(_DEPLOYED.started_at, _DEPLOYED.id)).all():
        first.setdefault(row.version_id, row)
        if row.end_reason == EndReason.ROLLED_BACK:
            rolled_back.add(row.version_id)
    return [
        GoneLive(
            row.use_case_id,
            version_id,
            row.request_id,
            submitted.get(version_id),
            row.started_at,
            version_id in rolled_back,
        )
        for version_id, row in first.items()
    ]


def _calls(session: Session, use_case_id: str, requests: Sequence[_Asked]) -> tuple[list[Call], int]:
    """Every alert with the first decision on it, of which a later request of its use case is one; and how many wait.

    An alert that came to rest by itself waits for nobody.
    """
    query = sa.select(
        _ALERT.id, _ALERT.version_id, _ALERT.raised_at, _ALERT.resolved_at, _VERSION.use_case_id
    ).join(VersionRow, _VERSION.id == _ALERT.version_id)
    if use_case_id:
        query = query.where(_VERSION.use_case_id == use_case_id)
    alerts = session.execute(query).all()
    if not alerts:
        return [], 0
    decided = _decided(session)
    asked: dict[str, list[datetime]] = defaultdict(list)
    for request in requests:
        asked[request.use_case_id].append(request.asked)
    found, waiting = [], 0
    for alert_id, version_id, raised, resolved, case in alerts:
        known = (decided.get(alert_id, ()), decided.get(version_id, ()), asked.get(case, ()))
        moments = [moment for some in known if (moment := _after(some, raised)) is not None]
        found.append(Call(case, raised, min(moments, default=None)))
        waiting += not moments and resolved is None
    return found, waiting


def _after(moments: Sequence[datetime], begin: datetime) -> datetime | None:
    """The first of moments in order that is later than another."""
    place = bisect_right(moments, begin)
    return moments[place] if place < len(moments) else None


def _decided(session: Session) -> dict[str, list[datetime]]:
    """When somebody decided, in order, by what the decision was about: an alert or a version."""
    found: dict[str, list[datetime]] = defaultdict(list)
    seen = sa.select(_EVENT.subject_id, _EVENT.time).where(_EVENT.action.in_(_SEEN))
    for alert_id, time in session.execute(seen).all():
        found[alert_id].append(datetime.fromisoformat(time))
    naming = sa.select(_EVENT.body, _EVENT.time).where(_EVENT.action.in_(_NAMING))
    for body, time in session.execute(naming).all():
        for name in _about(json.loads(body)["data"]):
            found[name].append(datetime.fromisoformat(time))
    for moments in found.values():
        moments.sort()
    return found


def _about(data: Mapping[str, Any]) -> Iterator[str]:
    """What an incident or a retraining is about: alerts where it names some, else its version."""
    if "alert" in data:
        yield data["alert"]
    elif "alerts" in data:
        yield from data["alerts"]
    else:
        yield data["version"]


def _waits(
    submitted: Mapping[str, datetime],
    checked: Mapping[str, datetime],
    requests: Sequence[_Asked],
    renewed: Iterable[Renewal],
) -> tuple[list[Wait], dict[str, list[Wait]]]:
    """Every wait, and those of each version that was requested."""
    found = [
        Wait(Stage.CHECKS, version_id, "", submitted[version_id], moment)
        for version_id, moment in checked.items()
        if version_id in submitted
    ]
    by_version: dict[str, list[Wait]] = {}
    for request in requests:
        version_id = request.version_id
        own = by_version.get(version_id)
        if own is None:
            own = by_version[version_id] = []
            done = checked.get(version_id)
            if done is not None and version_id in submitted:
                own.append(Wait(Stage.CHECKS, version_id, request.id, submitted[version_id], done))
            if done is not None and done <= request.asked:
                own.append(Wait(Stage.REQUEST, version_id, request.id, done, request.asked))
                found.append(own[-1])
        for area, opened, at in request.signed:
            own.append(Wait(SIGNING[area], version_id, request.id, opened, at))
            found.append(own[-1])
        if request.approved and request.live and request.approved <= request.live:
            own.append(Wait(Stage.LIVE, version_id, request.id, request.approved, request.live))
            found.append(own[-1])
    found += [
        Wait(Stage.RENEWAL, one.version_id, one.request_id, one.decided, one.submitted)
        for one in renewed
        if one.submitted is not None and one.decided <= one.submitted
    ]
    return found, by_version


def _cases(
    gone_live: Iterable[GoneLive],
    requests: Iterable[_Asked],
    submitted: Mapping[str, datetime],
    waits: Mapping[str, Sequence[Wait]],
    now: datetime,
) -> Iterator[Case]:
    """Versions that went live, and those whose request is open."""
    for one in gone_live:
        if one.submitted is not None:
            most = longest(waits.get(one.version_id, ()), now)
            yield Case(one.version_id, one.request_id, one.submitted, one.live, most)
    for request in requests:
        if request.open and request.version_id in submitted:
            most = longest(waits.get(request.version_id, ()), now)
            yield Case(request.version_id, request.id, submitted[request.version_id], None, most)


def _names(session: Session, version_ids: set[str]) -> dict[str, Named]:
    query = (
        select(VersionRow.id, UseCaseRow.title, VersionRow.number)
        .join(UseCaseRow, col(UseCaseRow.id) == VersionRow.use_case_id)
        .where(col(VersionRow.id).in_(version_ids))
    )
    return {version_id: Named(title, number) for version_id, title, number in session.exec(query)}
