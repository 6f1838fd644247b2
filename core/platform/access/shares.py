"""Links that show somebody without an account how a scope does: read-only, for a time, taken back at any moment."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select, update

from core.errors import Conflict, Invalid, NotFound
from core.i18n import LANGUAGES, N_
from core.ids import new_id
from core.platform.access import secrets
from core.platform.access.permissions import Permission, require
from core.platform.access.personal import open_text, seal_text
from core.platform.access.tables import ShareRow
from core.platform.store import UnitOfWork

MOST_DAYS = 365
MOST_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Share:
    """One link: `scope` is a use case's id, empty for the whole house. Its secret is kept nowhere."""

    id: str
    scope: str
    label: str
    language: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    opened: int
    opened_at: datetime | None

    def stands(self, now: datetime) -> bool:
        """Say whether the link shows anything."""
        return self.revoked_at is None and now < self.expires_at


def share(uow: UnitOfWork, *, scope: str, label: str, language: str, days: int) -> tuple[str, str]:
    """Make a link; return its id and the secret, for the one time that it is shown.

    Whether the scope exists is asked by the caller. Raise `Refused`, `Invalid`.
    """
    require(uow.actor, Permission.SHARE)
    label = " ".join(label.split())
    if not 1 <= len(label) <= MOST_CHARACTERS:
        raise Invalid(
            "share.label", N_("Say whom the link is for, in 1 to {n} characters."), field="label", n=MOST_CHARACTERS
        )  # fmt: skip
    if not 1 <= days <= MOST_DAYS:
        raise Invalid("share.days", N_("A link lasts between 1 and {n} days."), field="days", n=MOST_DAYS)
    if language not in LANGUAGES:
        raise Invalid(
            "share.language", N_("Aval does not speak {language}."), field="language", language=language
        )
    secret = secrets.fresh()
    row = ShareRow(
        id=new_id("shr"),
        digest=secrets.digest(secret),
        scope=scope,
        label=seal_text(uow, uow.actor.id, label),
        language=language,
        created_by=uow.actor.id,
        created_at=uow.now,
        expires_at=uow.now + timedelta(days=days),
    )
    uow.session.add(row)
    uow.session.flush()
    uow.record("share.created", "share", row.id, {"scope": scope, "expires_at": row.expires_at.isoformat()})
    return row.id, secret


def revoke_share(uow: UnitOfWork, share_id: str) -> None:
    """Take a link back; anybody who may share may."""
    require(uow.actor, Permission.SHARE)
    row = uow.session.exec(select(ShareRow).where(ShareRow.id == share_id).with_for_update()).first()
    if row is None:
        raise NotFound("share.unknown", N_("There is no link {id}."), id=share_id)
    if row.revoked_at is not None:
        raise Conflict("share.revoked", N_("This link is taken back already."))
    row.revoked_at = uow.now
    uow.session.add(row)
    uow.record("share.revoked", "share", share_id, {"scope": row.scope})


def note_opening(uow: UnitOfWork, share_id: str) -> None:
    """Count that a link was opened: bookkeeping, no event."""
    uow.session.execute(
        update(ShareRow)
        .where(col(ShareRow.id) == share_id)
        .values(opened=ShareRow.opened + 1, opened_at=uow.now)
    )


def shares(session: Session, now: datetime) -> tuple[Share, ...]:
    """Return the links that stand, the newest first."""
    rows = session.exec(
        select(ShareRow)
        .where(col(ShareRow.revoked_at).is_(None), col(ShareRow.expires_at) > now)
        .order_by(col(ShareRow.created_at).desc(), ShareRow.id)
    )
    return tuple(_share(session, row) for row in rows)


def find_share(session: Session, secret: str, now: datetime) -> Share | None:
    """Return the link behind a secret, where it stands."""
    row = session.exec(select(ShareRow).where(ShareRow.digest == secrets.digest(secret))).first()
    found = None if row is None else _share(session, row)
    return found if found is not None and found.stands(now) else None


def _share(session: Session, row: ShareRow) -> Share:
    return Share(
        id=row.id,
        scope=row.scope,
        label=open_text(session, row.label),
        language=row.language,
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        opened=row.opened,
        opened_at=row.opened_at,
    )
