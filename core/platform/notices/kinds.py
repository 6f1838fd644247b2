"""What an endpoint may subscribe to, and what of an audit event leaves the house."""

import re
from collections.abc import Collection, Mapping, Sequence

from core.errors import Invalid
from core.i18n import N_
from core.platform.store import Json

FAMILIES: Mapping[str, str] = {
    "release.*": N_("Releases: every step of a decision and of what is live"),
    "gates.*": N_("Gates judged"),
    "checks.*": N_("Checks asked for"),
    "finding.*": N_("Findings and waivers"),
    "condition.*": N_("Conditions of approvals met"),
    "artifact.*": N_("Live files hashed again: as approved, or not"),
    "delegation.*": N_("Seats lent and given back"),
    "policy.*": N_("Policies published"),
    "alert.*": N_("Alerts of monitoring"),
    "incident.*": N_("Incidents"),
    "retraining.*": N_("Retraining: proposed, decided, and what came of it"),
    "kpi.*": N_("KPIs: proposed, in force, breached, recovered"),
}
"""Families of actions. A step that a command adds later belongs to its family without a word here."""

TEST = "webhook.test"
"""The kind of a message that an administrator asks for, sent whatever an endpoint subscribed to."""

_PATTERN = re.compile(r"(?P<family>[a-z][a-z_]{1,40})\.(\*|[a-z][a-z_]{1,60})")
_TOKEN = re.compile(r"[A-Za-z0-9_.:+/-]{1,96}")
_NEVER = ("rationale", "reason_characters", "name", "email", "text", "note", "comment")
_MOST = 64


def subscription(kinds: Collection[str]) -> tuple[str, ...]:
    """Check and order what an endpoint asks for: actions such as `release.signed`, or families such as `release.*`."""
    wanted = tuple(sorted({kind.strip() for kind in kinds}))
    for kind in wanted:
        found = _PATTERN.fullmatch(kind)
        if found is None or f"{found['family']}.*" not in FAMILIES:
            raise Invalid(
                "webhook.kind",
                N_("{kind} is nothing that a webhook can be sent for."),
                fix=N_("Allowed are {families}, or one action of these."),
                field="kinds",
                kind=kind or "–",
                families=", ".join(FAMILIES),
            )
    if not wanted:
        raise Invalid("webhook.no_kind", N_("Choose at least one kind of event."), field="kinds")
    return wanted


def family(action: str) -> str:
    """Return the family of an action: `release.signed` belongs to `release.*`."""
    return action.split(".", 1)[0] + ".*"


def asks_for(kinds: Collection[str], action: str) -> bool:
    """Say whether an endpoint with these kinds is told of `action`."""
    return action in kinds or family(action) in kinds


def leaving(data: Mapping[str, Json]) -> dict[str, Json]:
    """Return the part of an event's data that may leave: ids, digests, moments, counts and yes or no.

    Anything with a space in it could be a person's words and stays; so does what tells of a text, such as its digest.
    """
    return {key: value for key, value in data.items() if _may_leave(key) and _plain(value)}


def _may_leave(key: str) -> bool:
    return not any(word in key for word in _NEVER)


def _plain(value: Json) -> bool:
    if value is None or isinstance(value, bool | int):
        return True
    if isinstance(value, str):
        return _TOKEN.fullmatch(value) is not None
    if isinstance(value, Mapping):
        return len(value) <= _MOST and all(_TOKEN.fullmatch(k) and _plain(v) for k, v in value.items())
    return isinstance(value, Sequence) and len(value) <= _MOST and all(_plain(v) for v in value)
