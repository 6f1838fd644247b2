"""The access review: somebody looks at every account, role and token, and says so."""

from sqlmodel import col, func, select

from core.errors import Invalid
from core.i18n import N_
from core.ids import new_id
from core.platform.access.permissions import Permission, require
from core.platform.access.personal import digest_text, seal_text
from core.platform.access.tables import AccessReviewRow, PersonRow, TokenRow
from core.platform.store import UnitOfWork

SHORTEST = 20


def review_access(uow: UnitOfWork, *, note: str) -> str:
    """Record that every account, role and token was looked at, and what was changed; return the id."""
    require(uow.actor, Permission.MANAGE_PEOPLE)
    said = note.strip()
    if len(said) < SHORTEST:
        raise Invalid(
            "access.review_note",
            N_("Say in at least {n} characters what you looked at and what you changed."),
            field="note",
            n=SHORTEST,
        )
    here = col(PersonRow.disabled_at).is_(None)
    people = uow.session.exec(select(func.count()).select_from(PersonRow).where(here)).one()
    valid = col(TokenRow.revoked_at).is_(None)
    tokens = uow.session.exec(select(func.count()).select_from(TokenRow).where(valid)).one()
    row = AccessReviewRow(
        id=new_id("acr"),
        reviewed_by=uow.actor.id,
        reviewed_at=uow.now,
        people=people,
        tokens=tokens,
        note=seal_text(uow, uow.actor.id, said),
    )
    uow.session.add(row)
    uow.record(
        "access.reviewed",
        "house",
        "house",
        {"people": people, "tokens": tokens, "note_hmac": digest_text(uow, uow.actor.id, said)},
    )
    return row.id
