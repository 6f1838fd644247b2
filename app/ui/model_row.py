"""One line per use case: who answers for it, at what risk, where its model stands."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.ui import badges
from app.ui.list_row import list_row
from app.ui.text import md
from core.i18n import _, ngettext


@dataclass(frozen=True, slots=True)
class Summary:
    """What the list shows of a use case; `stages` are states that `badges.status` knows, the first one counts most.

    `open_alerts` is None where no prediction has been logged.
    """

    slug: str
    title: str
    owner: str
    tier: str
    stages: tuple[str, ...]
    latest: int | None
    model: str
    open_alerts: int | None = None


def matching(
    summaries: Sequence[Summary], words: str, tiers: Sequence[str], stages: Sequence[str]
) -> list[Summary]:
    """Return those that hold every word of `words` in title, name, model or owner, and pass the filters."""
    wanted = words.casefold().split()
    return [
        s
        for s in summaries
        if (not tiers or s.tier in tiers)
        and (not stages or set(s.stages) & set(stages))
        and all(w in f"{s.title} {s.slug} {s.model} {s.owner}".casefold() for w in wanted)
    ]


def row(summary: Summary) -> None:
    """Draw one use case with the link to its record."""
    latest = _("No version yet")
    if summary.latest is not None:
        latest = f"v{summary.latest} · {md(summary.model)}"
    list_row(
        "../pages/model.py",
        f"**{md(summary.title)}**",
        icon="deployed_code",
        query={"use_case": summary.slug},
        detail=" · ".join(part for part in (latest, md(summary.owner)) if part),
        marks=badges.row(
            badges.tier(summary.tier),
            *(badges.status(stage) for stage in summary.stages),
            _health(summary.open_alerts),
        ),
    )


def _health(open_alerts: int | None) -> str:
    if open_alerts is None:
        return badges.badge(_("Not watched yet"), icon="visibility_off")
    if not open_alerts:
        return badges.badge(_("No open alert"), badges.Tone.GOOD)
    return badges.badge(ngettext("{n} open alert", "{n} open alerts", open_alerts), badges.Tone.WARN)
