"""Write what people do with what waits: hand it on, put it off, note it as read, and choose how to be told."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import col, select

from core.errors import Invalid, NotFound
from core.i18n import N_
from core.overview.inbox import mails
from core.overview.inbox.preferences import Preferences, checked
from core.overview.inbox.tables import HandoverRow, NoticeRow, PreferenceRow, SnoozeRow
from core.platform.access import queries as access
from core.platform.access.permissions import Permission, require
from core.platform.access.personal import digest_text, seal_text
from core.platform.notices import mail
from core.platform.store import Json, UnitOfWork

NOTE_CHARACTERS = 2_000
LONGEST_SNOOZE = timedelta(days=90)


def hand_over(
    uow: UnitOfWork,
    key: str,
    *,
    to: str,
    note: str = "",
    due_at: datetime | None = None,
    escalated: bool = False,
) -> None:
    """Hand an item to somebody, with a note; escalated, it waits above everything else and a reason is asked for.

    It stays theirs until it is settled where it lives, or until they hand it on. Whether the item exists is asked by
    the caller, who has just shown it.
    """
    require(uow.actor, Permission.COMMENT)
    said = note.strip()
    if len(said) > NOTE_CHARACTERS or (escalated and not said):
        raise Invalid(
            "inbox.note",
            N_("Say in 1 to {n} characters why."),
            field="note",
            n=NOTE_CHARACTERS,
        )
    person = access.find(uow.session, to)
    if person is None or person.disabled:
        raise Invalid(
            "inbox.person",
            N_("Only somebody who has access can be given something."),
            fix=N_("Choose another person."),
            field="to",
        )
    if escalated and to == uow.actor.id:
        raise Invalid(
            "inbox.to_oneself",
            N_("Something is escalated to somebody else."),
            fix=N_("Choose the person who must decide."),
            field="to",
        )
    uow.session.merge(
        HandoverRow(
            key=key,
            to_id=to,
            by_id=uow.actor.id,
            note=seal_text(uow, uow.actor.id, said),
            at=uow.now,
            due_at=due_at,
            escalated=escalated,
        )
    )
    mine = uow.session.get(SnoozeRow, (to, key))
    if mine is not None:
        uow.session.delete(mine)
    facts: dict[str, Json] = {"to": to}
    if said:
        facts["note_hmac"] = digest_text(uow, uow.actor.id, said)
    uow.record("inbox.escalated" if escalated else "inbox.handed_over", "item", key, facts)


def put_off(uow: UnitOfWork, key: str, until: datetime) -> None:
    """Keep an item out of one's own list until a moment; others see it as before. Bookkeeping: no audit event."""
    require(uow.actor, Permission.VIEW)
    if not uow.now < until <= uow.now + LONGEST_SNOOZE:
        raise Invalid(
            "inbox.until",
            N_("Something is put off for {n} days at most."),
            fix=N_("Choose an earlier day in the future."),
            field="until",
            n=LONGEST_SNOOZE.days,
        )
    uow.session.merge(SnoozeRow(person_id=uow.actor.id, key=key, until=until))


def take_up(uow: UnitOfWork, key: str) -> None:
    """Bring an item back that was put off. Bookkeeping: no audit event."""
    require(uow.actor, Permission.VIEW)
    row = uow.session.get(SnoozeRow, (uow.actor.id, key))
    if row is None:
        raise NotFound("inbox.not_put_off", N_("This was not put off."))
    uow.session.delete(row)


def note_read(uow: UnitOfWork, notice_ids: Collection[str] | None = None) -> None:
    """Mark notices as read, or all of one's own. Bookkeeping: no audit event."""
    require(uow.actor, Permission.VIEW)
    mine = update(NoticeRow).where(col(NoticeRow.person_id) == uow.actor.id, col(NoticeRow.read_at).is_(None))
    if notice_ids is not None:
        mine = mine.where(col(NoticeRow.id).in_(list(notice_ids)))
    uow.session.execute(mine.values(read_at=uow.now, mail=""))


def choose(uow: UnitOfWork, wanted: Preferences) -> None:
    """Keep how one wants to be told. One's own affair: no audit event."""
    require(uow.actor, Permission.VIEW)
    held = checked(wanted)
    row = uow.session.exec(
        select(PreferenceRow).where(PreferenceRow.person_id == uow.actor.id).with_for_update()
    ).first()
    row = row or PreferenceRow(person_id=uow.actor.id, ways={}, zone="", summary_at=0)
    row.ways = {kind.value: way.value for kind, way in held.ways.items()}
    row.quiet_from, row.quiet_to, row.zone, row.summary_at = (
        held.quiet_from, held.quiet_to, held.zone, held.summary_at
    )  # fmt: skip
    uow.session.add(row)


def write_trial(uow: UnitOfWork, root: str) -> str:
    """Write an e-mail to oneself, at once whatever was chosen; return the message's id. Bookkeeping: no audit event."""
    require(uow.actor, Permission.VIEW)
    subject, text = mails.trial(root)
    return mail.post(uow, uow.actor.id, subject, text, uow.now)
