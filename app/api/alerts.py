"""Alerts over REST: who takes care of one, and the rules of a use case with their replay."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, status
from pydantic import BaseModel, Field

from app.api.identity import actor
from app.wiring import reading, store, unit_of_work
from core.assets.registry import queries as registry
from core.evidence.alerts import commands, queries
from core.evidence.alerts.alert import Alert
from core.evidence.alerts.queries import Published
from core.evidence.alerts.replay import replay
from core.evidence.alerts.rules import MOST_CHARACTERS, parse
from core.evidence.monitoring import queries as monitoring
from core.platform.access.permissions import Permission, require
from core.platform.store import Actor

router = APIRouter(tags=["monitoring"])
Caller = Annotated[Actor, Depends(actor)]


class CauseOut(BaseModel):
    """What brings an alert about: a segment, a changed mix, or a feature that moved the score."""

    kind: str
    column: str
    value: str
    share: float
    words: str


class CareOut(BaseModel):
    """How far people have come with an alert."""

    id: str
    care: str
    owner: str
    snoozed_until: datetime | None
    escalated_at: datetime | None
    acknowledged_at: datetime | None
    reason: str
    causes: list[CauseOut]


class OwnerIn(BaseModel):
    """The person it is given to, by id."""

    owner: str


class SnoozeIn(BaseModel):
    """Until when it is put off, and why."""

    until: datetime
    reason: str = Field(max_length=2000)


class EscalateIn(BaseModel):
    """Who must decide, and what."""

    to: str
    reason: str = Field(max_length=2000)


class RulesIn(BaseModel):
    """The rules' TOML text."""

    text: str = Field(max_length=MOST_CHARACTERS)


class RulesOut(BaseModel):
    """One version of a use case's rules; the shipped one has no date."""

    id: str
    name: str
    version: str
    published_by: str
    published_at: datetime | None
    in_force: bool
    text: str


class RaisedOut(BaseModel):
    """One alert that rules would have raised; `day` is when it could have been known."""

    rule: str
    subject: str
    first: date
    last: date
    day: date
    worst: float


class ReplayOut(BaseModel):
    """What rules would have raised over the last year of a version's log."""

    version: int
    first: date | None
    last: date | None
    windows: int
    alerts: list[RaisedOut]


@router.get("/alert/{alert_id}", summary="One alert with its causes and its care")
def get_alert(alert_id: str, caller: Caller) -> CareOut:
    """Answer an alert."""
    require(caller, Permission.VIEW)
    with reading() as view:
        return _care(queries.alert(view, alert_id))


@router.post("/alerts/{alert_id}/assign", summary="Give an alert to somebody")
def assign(alert_id: str, body: OwnerIn, caller: Caller) -> CareOut:
    """Make it theirs."""
    with unit_of_work(caller) as uow:
        commands.assign(uow, alert_id, body.owner)
        return _care(queries.alert(uow.session, alert_id))


@router.post("/alerts/{alert_id}/snooze", summary="Put an alert off")
def snooze(alert_id: str, body: SnoozeIn, caller: Caller) -> CareOut:
    """It comes back by itself, and still counts for the approval."""
    with unit_of_work(caller) as uow:
        commands.snooze(uow, alert_id, until=body.until, reason=body.reason)
        return _care(queries.alert(uow.session, alert_id))


@router.post("/alerts/{alert_id}/wake", summary="Take an alert up again")
def wake(alert_id: str, caller: Caller) -> CareOut:
    """End its being put off."""
    with unit_of_work(caller) as uow:
        commands.wake(uow, alert_id)
        return _care(queries.alert(uow.session, alert_id))


@router.post("/alerts/{alert_id}/escalate", summary="Escalate an alert")
def escalate(alert_id: str, body: EscalateIn, caller: Caller) -> CareOut:
    """Hand it to somebody who must decide."""
    with unit_of_work(caller) as uow:
        commands.escalate(uow, alert_id, to=body.to, reason=body.reason)
        return _care(queries.alert(uow.session, alert_id))


@router.get("/alert-rules/{use_case}", summary="Monitoring rules of a use case")
def get_rules(use_case: str, caller: Caller) -> list[RulesOut]:
    """Answer every version, the one in force first."""
    require(caller, Permission.VIEW)
    with reading() as view:
        book = queries.rule_book(view, registry.use_case(view, use_case).id)
    return [_rules(one, in_force=place == 0) for place, one in enumerate(book)]


@router.post(
    "/alert-rules/{use_case}", status_code=status.HTTP_201_CREATED, summary="Publish monitoring rules"
)
def publish(use_case: str, body: RulesIn, caller: Caller) -> RulesOut:
    """Publish a version; from then on it never changes. A service token is refused."""
    with unit_of_work(caller) as uow:
        found = registry.use_case(uow.session, use_case)
        commands.publish_rules(uow, found.id, body.text)
        return _rules(queries.rule_book(uow.session, found.id)[0], in_force=True)


@router.post("/alert-rules/{use_case}/replay", summary="What rules would have raised")
def try_rules(use_case: str, body: RulesIn, caller: Caller) -> list[ReplayOut]:
    """Try rules on the last year of every watched version; nothing is stored."""
    require(caller, Permission.VIEW)
    rules = parse(body.text)
    with reading() as view:
        watched = monitoring.health(view)
        versions = [
            v for v in registry.versions(view, registry.use_case(view, use_case).id) if v.id in watched
        ]
        answers = []
        for version in versions:
            found = replay(view, version.id, rules)
            raised = [
                RaisedOut(
                    rule=one.rule.id,
                    subject=one.subject,
                    first=one.first.start,
                    last=one.last.end,
                    day=day,
                    worst=one.worst,
                )
                for one, day in zip(found.episodes, found.days, strict=True)
            ]
            answers.append(
                ReplayOut(
                    version=version.number,
                    first=found.first,
                    last=found.last,
                    windows=found.windows,
                    alerts=raised,
                )
            )
    return answers


def _care(one: Alert) -> CareOut:
    return CareOut(
        id=one.id,
        care=one.care(store().clock()).value,
        owner=one.owner_id,
        snoozed_until=one.snoozed_until,
        escalated_at=one.escalated_at,
        acknowledged_at=one.acknowledged_at,
        reason=one.text(),
        causes=[
            CauseOut(kind=c.kind.value, column=c.column, value=c.value, share=c.share, words=c.text())
            for c in one.causes
        ],
    )


def _rules(one: Published, *, in_force: bool) -> RulesOut:
    return RulesOut(
        id=one.id,
        name=one.name,
        version=one.version,
        published_by=one.by,
        published_at=one.at,
        in_force=in_force,
        text=one.text,
    )
