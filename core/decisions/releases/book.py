"""The book of policies: every version ever published, and which are in force."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from core.decisions.releases.tables import PolicyRow, RequestRow
from core.errors import NotFound
from core.i18n import N_


@dataclass(frozen=True, slots=True)
class Published:
    """A published policy as it was written. `decisions` counts the releases asked for under it."""

    digest: str
    name: str
    version: str
    tier: str
    environment: str
    text: str
    published_by: str
    published_at: datetime
    in_force: bool
    decisions: int


def book(session: Session) -> tuple[Published, ...]:
    """Return every published policy: by tier and environment, the newest first."""
    asked = dict(
        session.exec(select(RequestRow.policy_digest, func.count()).group_by(RequestRow.policy_digest)).all()
    )
    rows = session.exec(select(PolicyRow).order_by(col(PolicyRow.published_at), PolicyRow.digest)).all()
    newest = {(row.tier, row.environment): row.digest for row in rows}
    found = [
        Published(
            row.digest, row.name, row.version, row.tier, row.environment, row.text, row.published_by,
            row.published_at, newest[row.tier, row.environment] == row.digest, asked.get(row.digest, 0),
        )
        for row in reversed(rows)
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda p: (p.tier, p.environment)))


def published(session: Session, digest: str) -> Published:
    """Return one policy; raise `NotFound`."""
    for found in book(session):
        if found.digest == digest:
            return found
    raise NotFound("policy.unknown", N_("There is no policy {digest}."), digest=digest)


def before(pages: tuple[Published, ...], found: Published) -> Published | None:
    """Return the version that `found` replaced, or none."""
    line = [p for p in pages if (p.tier, p.environment) == (found.tier, found.environment)]
    following = line.index(found) + 1
    return line[following] if following < len(line) else None
