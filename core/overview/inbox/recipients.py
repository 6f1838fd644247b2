"""Who is told of an entry of the log: by who owns, follows, reviews or may answer what it is about."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from core.assets.registry.tables import UseCaseRow, VersionRow
from core.assurance.reviews.tables import ReviewRow
from core.decisions.incidents.tables import IncidentRow
from core.decisions.releases import queries as releases
from core.decisions.releases.review import waits_for
from core.decisions.releases.tables import RequestRow
from core.decisions.retraining import queries as retraining
from core.decisions.retraining.request import seat
from core.evidence.kpis.tables import FollowRow
from core.overview.inbox.kinds import NoticeKind
from core.platform.access.permissions import AREAS, Permission, Role, allowed
from core.platform.access.queries import Person
from core.platform.audit.queries import RecordedEvent
from core.platform.discussion.tables import CommentRow
from core.platform.store import Actor

Told = Mapping[str, NoticeKind]


@dataclass(frozen=True, slots=True)
class House:
    """What recipients are found in: the rows, everybody who may be told, and the moment."""

    session: Session
    people: Sequence[Person]
    now: datetime

    def actors(self) -> list[Actor]:
        """Everybody, as commands know them."""
        return [Actor(p.id, "person", p.roles) for p in self.people]


def recipients(house: House, event: RecordedEvent) -> Told:
    """Return who is told of an entry and as what; nobody is told of what they did themselves."""
    find = _FINDERS.get(event.action)
    if find is None:
        return {}
    known = {p.id for p in house.people}
    found = find(house, event)
    return {who: kind for who, kind in found.items() if who in known and who != event.actor_id}


def _comment(house: House, event: RecordedEvent) -> Told:
    """Whoever is named; else whoever spoke in the same conversation."""
    row = house.session.get(CommentRow, event.subject_id)
    if row is None:
        return {}
    told: dict[str, NoticeKind] = {}
    if event.action == "comment.written":
        before = select(CommentRow.author_id).where(
            CommentRow.subject_kind == row.subject_kind, CommentRow.subject_id == row.subject_id
        )
        told = dict.fromkeys(house.session.exec(before), NoticeKind.TALK)
    return told | dict.fromkeys(_ids(event.data.get("mentions")), NoticeKind.MENTION)


def _to(kind: NoticeKind) -> Callable[[House, RecordedEvent], Told]:
    return lambda _house, event: {str(event.data.get("to", "")): kind}


def _alerts(house: House, event: RecordedEvent) -> Told:
    """New alerts go to the owner of the use case; those that merely ended go to nobody."""
    if not event.data.get("raised"):
        return {}
    return dict.fromkeys(_owners(house, version=event.subject_id), NoticeKind.ALERT)


def _kpi(house: House, event: RecordedEvent) -> Told:
    follow = select(FollowRow.person_id).where(FollowRow.kpi_id == event.subject_id)
    return dict.fromkeys([str(event.data.get("owner", "")), *house.session.exec(follow)], NoticeKind.KPI)


def _finding(_house: House, event: RecordedEvent) -> Told:
    return {str(event.data.get("owner", "")): NoticeKind.FINDING}


def _incident(house: House, event: RecordedEvent) -> Told:
    """Its owner, the owner of the use case, and everybody who looks after compliance: clocks run from now."""
    row = house.session.get(IncidentRow, event.subject_id)
    if row is None:
        return {}
    keepers = [p.id for p in house.people if Role.COMPLIANCE in p.roles]
    return dict.fromkeys(
        [row.owner_id, *_owners(house, use_case=row.use_case_id), *keepers], NoticeKind.INCIDENT
    )


def _to_sign(house: House, event: RecordedEvent) -> Told:
    """Whoever has a free seat in the round."""
    found = releases.release(house.session, event.subject_id)
    able = [a for a in house.actors() if a.roles & set(AREAS)]
    return {a.id: NoticeKind.SIGN for a in able if waits_for(house.session, found, a, house.now)}


def _release(house: House, event: RecordedEvent) -> Told:
    """Who asked for it, and the owner of the use case; changes that are asked for wait for the one who asked."""
    row = house.session.get(RequestRow, event.subject_id)
    if row is None:
        return {}
    told = dict.fromkeys(_owners(house, use_case=row.use_case_id), NoticeKind.RELEASE)
    asked = event.data.get("state") == "changes_requested"
    return told | {row.requested_by: NoticeKind.SIGN if asked else NoticeKind.RELEASE}


def _retraining(house: House, event: RecordedEvent) -> Told:
    found = retraining.retraining(house.session, event.subject_id)
    told = dict.fromkeys(
        [*_owners(house, use_case=found.use_case_id), *(v.person_id for v in found.votes)],
        NoticeKind.RETRAINING,
    )
    if event.action == "retraining.proposed":
        told |= {
            a.id: NoticeKind.RETRAINING
            for a in house.actors()
            if allowed(a, Permission.DECIDE_RETRAINING)
            and seat(found.areas, found.votes, a.roles, a.id) is not None
        }
    return told


def _review(house: House, event: RecordedEvent) -> Told:
    """Whoever may decide it, while nobody has it."""
    row = house.session.get(ReviewRow, event.subject_id)
    if row is None or row.assigned_to:
        return {}
    return {a.id: NoticeKind.REVIEW for a in house.actors() if allowed(a, Permission.DECIDE_REVIEW)}


_FINDERS: Mapping[str, Callable[[House, RecordedEvent], Told]] = {
    "comment.written": _comment,
    "comment.edited": _comment,
    "inbox.handed_over": _to(NoticeKind.HANDED),
    "inbox.escalated": _to(NoticeKind.HANDED),
    "alert.assigned": _to(NoticeKind.HANDED),
    "alert.escalated": _to(NoticeKind.HANDED),
    "alert.settled": _alerts,
    "kpi.breached": _kpi,
    "finding.opened": _finding,
    "incident.opened": _incident,
    "gates.judged": _to_sign,
    "release.reminded": _to_sign,
    "release.escalated": _to_sign,
    "release.signed": _release,
    "release.rolled_back": _release,
    "release.retired": _release,
    "release.expired": _release,
    "release.lapsed": _release,
    "release.emergency": _release,
    "retraining.proposed": _retraining,
    "retraining.decided": _retraining,
    "retraining.compared": _retraining,
    "retraining.failed": _retraining,
    "review.received": _review,
    "review.assigned": _to(NoticeKind.REVIEW),
}


def _owners(house: House, *, use_case: str = "", version: str = "") -> list[str]:
    query = select(UseCaseRow.owner_id)
    if version:
        query = query.join(VersionRow, col(VersionRow.use_case_id) == UseCaseRow.id).where(
            VersionRow.id == version
        )
    else:
        query = query.where(UseCaseRow.id == use_case)
    return list(house.session.exec(query))


def _ids(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []
