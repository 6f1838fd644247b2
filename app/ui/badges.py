"""Badges: a word and an icon in a tone, never colour alone."""

from collections.abc import Mapping
from enum import StrEnum

from app.ui.text import md
from core.i18n import N_, _


class Tone(StrEnum):
    """What a badge says about the reader's next step. `BLOCK` is red: it is kept for what blocks somebody."""

    GOOD = "good"
    WAIT = "wait"
    WARN = "warn"
    BLOCK = "block"
    INFO = "info"
    PLAIN = "plain"


_COLOURS: Mapping[Tone, str] = {
    Tone.GOOD: "green",
    Tone.WAIT: "orange",
    Tone.WARN: "orange",
    Tone.BLOCK: "red",
    Tone.INFO: "blue",
    Tone.PLAIN: "gray",
}
_ICONS: Mapping[Tone, str] = {
    Tone.GOOD: "check",
    Tone.WAIT: "hourglass_top",
    Tone.WARN: "priority_high",
    Tone.BLOCK: "close",
    Tone.INFO: "info",
    Tone.PLAIN: "",
}

# Words of state that several nouns share; a noun with words of its own calls `badge` with them.
_STATES: Mapping[str, tuple[str, Tone, str]] = {
    "received": (N_("Received"), Tone.WAIT, "inbox"),
    "checking": (N_("Being checked"), Tone.WAIT, "hourglass_top"),
    "ready": (N_("Ready"), Tone.GOOD, "check"),
    "refused": (N_("Refused"), Tone.BLOCK, "block"),
    "queued": (N_("Queued"), Tone.WAIT, "schedule"),
    "running": (N_("Running"), Tone.INFO, "progress_activity"),
    "done": (N_("Done"), Tone.GOOD, "check"),
    "failed": (N_("Failed"), Tone.BLOCK, "error"),
    "pass": (N_("Pass"), Tone.GOOD, "check"),
    "passed": (N_("Pass"), Tone.GOOD, "check"),
    "fail": (N_("Fail"), Tone.BLOCK, "close"),
    "missing": (N_("Missing"), Tone.WARN, "help"),
    "waived": (N_("Waived"), Tone.WARN, "priority_high"),
    "open": (N_("Open"), Tone.WAIT, "hourglass_top"),
    "requested": (N_("Awaiting sign-off"), Tone.WAIT, "hourglass_top"),
    "in_review": (N_("Awaiting sign-off"), Tone.WAIT, "hourglass_top"),
    "pending": (N_("Pending"), Tone.WAIT, "hourglass_top"),
    "approved": (N_("Approved"), Tone.GOOD, "verified"),
    "rejected": (N_("Rejected"), Tone.BLOCK, "close"),
    "withdrawn": (N_("Withdrawn"), Tone.PLAIN, "undo"),
    "expired": (N_("Expired"), Tone.PLAIN, "timer_off"),
    "invalidated": (N_("Invalidated"), Tone.WARN, "history"),
    "live": (N_("Live"), Tone.GOOD, "rocket_launch"),
    "superseded": (N_("Superseded"), Tone.PLAIN, "history"),
    "rolled_back": (N_("Rolled back"), Tone.WARN, "undo"),
    "retired": (N_("Retired"), Tone.PLAIN, "inventory_2"),
    "on_target": (N_("On target"), Tone.GOOD, "check"),
    "warning": (N_("Warning"), Tone.WARN, "priority_high"),
    "off_target": (N_("Off target"), Tone.BLOCK, "close"),
    "no_data": (N_("Not enough data"), Tone.PLAIN, "hourglass_empty"),
    "stable": (N_("Stable"), Tone.GOOD, "check"),
    "moderate": (N_("Moderate drift"), Tone.WARN, "priority_high"),
    "drift": (N_("Drift"), Tone.BLOCK, "trending_up"),
    "acknowledged": (N_("Acknowledged"), Tone.INFO, "done"),
    "resolved": (N_("Resolved"), Tone.GOOD, "check"),
}
_TIERS: Mapping[str, tuple[str, Tone]] = {
    "low": (N_("Low risk"), Tone.PLAIN),
    "limited": (N_("Limited risk"), Tone.INFO),
    "high": (N_("High risk"), Tone.WARN),
}


def badge(word: str, tone: Tone = Tone.PLAIN, icon: str | None = None) -> str:
    """Write a badge as Markdown; `word` is escaped, `icon` is a Material symbol (`None`: the tone's own)."""
    symbol = _ICONS[tone] if icon is None else icon
    mark = f":material/{symbol}: " if symbol else ""
    return f":{_COLOURS[tone]}-badge[{mark}{md(word)}]"


def status(state: str) -> str:
    """Write the badge of a state that several nouns share; an unknown one is shown plainly as it stands."""
    word, tone, icon = _STATES.get(str(state), (str(state).replace("_", " ").capitalize(), Tone.PLAIN, ""))
    return badge(_(word), tone, icon)


def tier(value: str) -> str:
    """Write the badge of a risk tier: `low`, `limited` or `high`."""
    word, tone = _TIERS.get(str(value), (str(value), Tone.PLAIN))
    return badge(_(word), tone, "shield")


def row(*badges: str) -> str:
    """Set badges side by side; empty ones fall away."""
    return " ".join(b for b in badges if b)
