"""Read the inbox: what waits for a person, what they were told, and how they want to be told."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session, col, func, select

from core.assurance.reviews import queries as reviews
from core.i18n import N_, _
from core.overview.attention import Item, Urgency, in_order
from core.overview.decision_log.places import Place, places
from core.overview.inbox.kinds import SAID, NoticeKind, Way
from core.overview.inbox.preferences import Preferences
from core.overview.inbox.tables import HandoverRow, NoticeRow, PreferenceRow, SnoozeRow
from core.overview.portfolio import portfolio
from core.platform.access import queries as access
from core.platform.access.permissions import Permission, allowed
from core.platform.access.personal import open_texts, owner
from core.platform.audit import queries as audit
from core.platform.audit.queries import RecordedEvent
from core.platform.discussion.mention import mentioned, spelled
from core.platform.discussion.tables import CommentRow
from core.platform.notices import mail
from core.platform.notices import queries as notices
from core.platform.notices.queries import Delivery
from core.platform.store import Actor

SHOWN_CHARACTERS = 240


@dataclass(frozen=True, slots=True)
class Handover:
    """Who handed an item to whom, and why."""

    to_id: str
    by_id: str
    note: str
    at: datetime
    due_at: datetime | None
    escalated: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that waits, with what people did with it."""

    item: Item
    handover: Handover | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Inbox:
    """What waits: for the reader, for anybody of the team, for whom the reader handed it to, and what was put off."""

    mine: tuple[Entry, ...]
    team: tuple[Entry, ...]
    handed_on: tuple[Entry, ...]
    put_off: tuple[Entry, ...]

    def find(self, key: str) -> Entry | None:
        """Return an item by its key, wherever it stands."""
        every = (*self.mine, *self.team, *self.handed_on, *self.put_off)
        return next((one for one in every if one.item.key == key), None)


@dataclass(frozen=True, slots=True)
class Notice:
    """What a person was told: `words` in the reader's language, `said` of a comment, and the page that shows it."""

    id: str
    kind: NoticeKind
    at: datetime
    read_at: datetime | None
    words: str
    said: str
    page: str
    query: Mapping[str, str]


def inbox(session: Session, actor: Actor, now: datetime) -> Inbox:
    """Return what waits, each list with the reader's most urgent first."""
    items = [*portfolio(session, actor, now).attention, *_reviews(session, actor)]
    handed = _handovers(session, {item.key for item in items})
    off = dict(
        session.exec(
            select(SnoozeRow.key, SnoozeRow.until).where(
                SnoozeRow.person_id == actor.id, SnoozeRow.until > now
            )
        ).all()
    )
    piles: dict[str, list[Entry]] = {"mine": [], "team": [], "handed_on": [], "put_off": []}
    for entry in (_entry(item, handed.get(item.key), off.get(item.key), actor) for item in items):
        piles[_pile(entry, actor)].append(entry)
    return Inbox(**{name: _sorted(entries) for name, entries in piles.items()})


def unread(session: Session, person_id: str) -> int:
    """Count what a person was told and has not read."""
    query = select(func.count()).where(NoticeRow.person_id == person_id, col(NoticeRow.read_at).is_(None))
    return session.exec(query).one()


def told(
    session: Session, person_id: str, *, only_unread: bool = False, limit: int = 50
) -> tuple[Notice, ...]:
    """Return what a person was told, newest first."""
    query = select(NoticeRow).where(NoticeRow.person_id == person_id)
    if only_unread:
        query = query.where(col(NoticeRow.read_at).is_(None))
    rows = session.exec(query.order_by(col(NoticeRow.log_index).desc()).limit(limit)).all()
    return written(session, rows)


def written(session: Session, rows: Sequence[NoticeRow], *, details: bool = True) -> tuple[Notice, ...]:
    """Put notices into words; without `details` they name no person, no model, and quote nobody."""
    events = {e.index: e for e in audit.events_at(session, [row.log_index for row in rows])}
    found = [events[row.log_index] for row in rows if row.log_index in events]
    where = places(session, found)
    names = access.names(session, {e.actor_id for e in found} - {"system"}) if details else {}
    abouts = _opened_abouts(session, where) if details else {}
    quotes = _quotes(session, found) if details else {}
    return tuple(
        _notice(row, events[row.log_index], where[row.log_index], names, abouts, quotes, details=details)
        for row in rows
        if row.log_index in events
    )


def preferences(session: Session, person_id: str, *, zone: str = "UTC") -> Preferences:
    """Return how a person wants to be told: the usual, in the time zone `zone`, until they have chosen.

    Kinds that were unknown when they chose are as usual.
    """
    row = session.get(PreferenceRow, person_id)
    if row is None:
        return Preferences(zone=zone)
    ways = {NoticeKind(kind): Way(way) for kind, way in row.ways.items() if kind in set(NoticeKind)}
    return Preferences(ways, row.quiet_from, row.quiet_to, row.zone, row.summary_at)


def sent(session: Session, person_id: str, *, limit: int = 20) -> tuple[Delivery, ...]:
    """Return the e-mails of a person and how each delivery went, newest first."""
    box = mail.mailbox(session, person_id)
    return notices.deliveries(session, box, limit=limit) if box else ()


def _reviews(session: Session, actor: Actor) -> list[Item]:
    """Requests of affected people that wait for whoever has them, or for anybody who may decide."""
    if not allowed(actor, Permission.DECIDE_REVIEW):
        return []
    return [
        Item(
            Urgency.MINE if one.assigned_to in {"", actor.id} else Urgency.WARNING,
            N_("A request of an affected person waits for an answer"),
            {},
            "reviews",
            {"review": one.id},
            "support_agent",
            since=one.received_at,
            due=one.due_at,
            key=f"review:{one.id}",
        )
        for one in reviews.reviews(session, waiting=True)
    ]


def _handovers(session: Session, keys: Collection[str]) -> dict[str, Handover]:
    """Who handed what to whom, of the items that still wait."""
    rows = [row for row in session.exec(select(HandoverRow)) if row.key in keys]
    notes = open_texts(session, [row.note for row in rows])
    return {
        row.key: Handover(row.to_id, row.by_id, note, row.at, row.due_at, row.escalated)
        for row, note in zip(rows, notes, strict=True)
    }


def _entry(item: Item, handed: Handover | None, until: datetime | None, actor: Actor) -> Entry:
    if handed is not None and handed.to_id == actor.id:
        item = replace(item, urgency=Urgency.MINE, due=handed.due_at or item.due)
    return Entry(item, handed, until)


def _pile(entry: Entry, actor: Actor) -> str:
    if entry.until is not None:
        return "put_off"
    handed = entry.handover
    if handed is not None and handed.to_id != actor.id and handed.by_id == actor.id:
        return "handed_on"
    return "mine" if entry.item.urgency is Urgency.MINE else "team"


def _sorted(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    by_item = {id(one.item): one for one in entries}
    ordered = [by_item[id(item)] for item in in_order([one.item for one in entries])]
    return tuple(sorted(ordered, key=lambda one: not (one.handover is not None and one.handover.escalated)))


def _notice(
    row: NoticeRow,
    event: RecordedEvent,
    place: Place,
    names: Mapping[str, str],
    abouts: Mapping[int, str],
    quotes: Mapping[int, str],
    *,
    details: bool,
) -> Notice:
    who = "Aval" if event.actor_kind == "system" else names.get(event.actor_id) or _("Somebody")
    page, query = _page(event, place)
    return Notice(
        row.id,
        NoticeKind(row.kind),
        row.at,
        row.read_at,
        _(SAID[event.action], who=who, what=_what(event, place, abouts) if details else event.subject_id),
        quotes.get(row.log_index, ""),
        page,
        query,
    )


def _what(event: RecordedEvent, place: Place, abouts: Mapping[int, str]) -> str:
    version = f"{place.title} v{place.number}" if place.title and place.number is not None else place.title
    about = abouts.get(event.index, place.about)
    return ": ".join(part for part in (version, about) if part) or event.subject_id


def _page(event: RecordedEvent, place: Place) -> tuple[str, Mapping[str, str]]:
    raised = event.data.get("raised")
    if event.action == "alert.settled" and isinstance(raised, list) and len(raised) == 1:
        return "alert", {"alert": str(raised[0])}
    if event.action == "alert.settled":
        return "alerts", {"use_case": place.slug}
    if event.subject_kind == "item":
        return "inbox", {}
    return place.page or "decisions", place.query


def _opened_abouts(session: Session, where: Mapping[int, Place]) -> dict[int, str]:
    sealed = {index: place.about for index, place in where.items() if owner(place.about)}
    return dict(zip(sealed, open_texts(session, list(sealed.values())), strict=True))


def _quotes(session: Session, events: Collection[RecordedEvent]) -> dict[int, str]:
    """What a comment says, shortened, with names in the place of ids."""
    ids = {e.index: e.subject_id for e in events if e.subject_kind == "comment"}
    if not ids:
        return {}
    rows = session.exec(
        select(CommentRow.id, CommentRow.text).where(col(CommentRow.id).in_(set(ids.values())))
    )
    sealed = dict(rows.all())
    texts = dict(zip(sealed, open_texts(session, list(sealed.values())), strict=True))
    names = access.names(session, {one for text in texts.values() for one in mentioned(text)})
    said = {index: " ".join(spelled(texts.get(one, ""), names).split()) for index, one in ids.items()}
    return {
        index: text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"
        for index, text in said.items()
    }
