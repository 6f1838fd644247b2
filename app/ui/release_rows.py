"""One line per release request: what, where to, where it stands, until when."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.ui import badges
from app.ui.list_row import list_row
from app.ui.release_words import environment_name, state_badge
from app.ui.text import md
from core.decisions.releases.release import Release
from core.decisions.releases.states import OPEN
from core.i18n import _, ago, day, ngettext

PAGE = "../pages/release_review.py"


def release_rows(found: Sequence[Release], names: Mapping[str, str], now: datetime) -> None:
    """Draw the requests, each with the link to its review."""
    for release in found:
        taken = _(
            "{taken} of {signatures}",
            taken=release.signed,
            signatures=ngettext("{n} signature", "{n} signatures", release.signatures),
        )
        list_row(
            PAGE,
            _title(release),
            icon="approval",
            query={"release": release.id},
            detail=f"{md(names.get(release.requested_by, '–'))} · {taken} · {_due(release, now)}",
            marks=badges.row(badges.tier(release.tier), state_badge(release.state)),
        )


def _title(release: Release) -> str:
    return f"**{md(release.title)} v{release.version.number}** → {md(environment_name(release.environment))}"


def _due(release: Release, now: datetime) -> str:
    if release.state not in OPEN:
        return _("Decided {when}", when=day(release.closed_at or release.requested_at))
    if release.due_at < now:
        return f":orange[{_('overdue since {when}', when=day(release.due_at))}]"
    return f"{_('Due {when}', when=day(release.due_at))} ({ago(release.due_at - now)})"
