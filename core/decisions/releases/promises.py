"""Conditions of an approval: set with a signature, met on time or the approval lapses."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import select

from core.assets.registry import queries as registry
from core.decisions.findings.limits import limits
from core.decisions.releases import facts
from core.decisions.releases.eligibility import bars, refuse
from core.decisions.releases.quorum import Meaning
from core.decisions.releases.rows import locked
from core.decisions.releases.tables import ConditionRow
from core.errors import Conflict, Invalid, NotFound
from core.i18n import N_
from core.ids import new_id
from core.platform.access import queries as access
from core.platform.access.permissions import Permission, require
from core.platform.access.personal import digest_text, seal_text
from core.platform.store import Json, UnitOfWork

NOTE_CHARACTERS = 20
SHORTEST = 10


@dataclass(frozen=True, slots=True)
class Promise:
    """What is to be done, by whom, by when."""

    text: str
    owner_id: str
    due_at: datetime


def keep_conditions(
    uow: UnitOfWork, request_id: str, vote_id: str, meaning: Meaning, conditions: Sequence[Promise]
) -> list[Json]:
    """Store the conditions of a signature, as part of it; return what its event says of them."""
    if (meaning is Meaning.APPROVE_WITH_CONDITIONS) != bool(conditions):
        raise Invalid(
            "release.conditions",
            N_("An approval with conditions names at least one, and no other signature names any."),
            field="conditions",
        )
    longest = limits().condition
    said: list[Json] = []
    for promise in conditions:
        text = promise.text.strip()
        if len(text) < SHORTEST:
            raise Invalid(
                "release.condition_text",
                N_("Say in at least {n} characters what the condition asks."),
                field="conditions",
                n=SHORTEST,
            )
        if not uow.now < promise.due_at <= uow.now + longest:
            raise Invalid(
                "release.condition_due",
                N_("A condition is due within {n} days."),
                fix=N_("Choose an earlier day in the future."),
                field="conditions",
                n=longest.days,
            )
        if access.person(uow.session, promise.owner_id).disabled:
            raise Invalid("release.condition_owner", N_("The owner's account is closed."), field="conditions")
        row = ConditionRow(
            id=new_id("cond"), request_id=request_id, vote_id=vote_id,
            text=seal_text(uow, uow.actor.id, text), owner_id=promise.owner_id,
            due_at=promise.due_at, set_by=uow.actor.id, set_at=uow.now,
        )  # fmt: skip
        uow.session.add(row)
        said.append(
            {
                "id": row.id,
                "owner": row.owner_id,
                "due": row.due_at.isoformat(),
                "text_hmac": digest_text(uow, uow.actor.id, text),
            }
        )
    uow.session.flush()
    return said


def meet_condition(uow: UnitOfWork, condition_id: str, *, note: str) -> None:
    """Confirm that a condition is met; for whoever may decide on the version, so never its author."""
    require(uow.actor, Permission.DECIDE_RELEASE)
    found = uow.session.get(ConditionRow, condition_id)
    if found is None:
        raise NotFound("condition.unknown", N_("There is no condition {id}."), id=condition_id)
    request = locked(uow, found.request_id)
    query = select(ConditionRow).where(ConditionRow.id == condition_id)
    row = uow.session.exec(query.execution_options(populate_existing=True)).one()
    version = registry.version(uow.session, request.version_id)
    hands = facts.involvements(uow.session, version, request.policy_digest)
    refuse(bars(uow.actor.id, hands, version.created_at), request.id)
    if row.met_at is not None:
        raise Conflict("condition.met", N_("This condition is met already."))
    said = note.strip()
    if len(said) < NOTE_CHARACTERS:
        raise Invalid(
            "condition.note",
            N_("The note is too short."),
            fix=N_("Say in at least {n} characters how you know that it is met."),
            field="note",
            n=NOTE_CHARACTERS,
        )
    row.met_at, row.met_by, row.met_note = uow.now, uow.actor.id, seal_text(uow, uow.actor.id, said)
    uow.session.add(row)
    uow.record(
        "condition.met",
        "release",
        row.request_id,
        {
            "condition": row.id,
            "late": row.due_at <= uow.now,
            "note_hmac": digest_text(uow, uow.actor.id, said),
        },
    )
