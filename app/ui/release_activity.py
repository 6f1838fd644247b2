"""The course of a release as happenings: audit events in words, with what people wrote."""

from collections.abc import Mapping, Sequence

from app.ui.release_words import area_names
from app.ui.text import code
from app.ui.timeline import Happening
from core.decisions.releases.quorum import MEANING_DONE, Meaning
from core.decisions.releases.release import Signed
from core.i18n import N_, _, ngettext
from core.platform.access.permissions import Role
from core.platform.audit.queries import RecordedEvent

_ACTIONS: Mapping[str, tuple[str, str]] = {
    "release.requested": (N_("Release requested"), "approval"),
    "checks.requested": (N_("Checks asked for again"), "rule"),
    "gates.judged": (N_("Gates judged"), "rule"),
    "release.signed": (N_("Signed"), "draw"),
    "release.resubmitted": (N_("New round opened"), "restart_alt"),
    "release.withdrawn": (N_("Request withdrawn"), "undo"),
    "release.rolled_back": (N_("Brought back by a roll-back"), "undo"),
    "release.retired": (N_("Taken out of service"), "inventory_2"),
    "release.reminded": (N_("Reminder: signatures are missing"), "notifications"),
    "release.escalated": (N_("Overdue: escalated"), "notification_important"),
    "release.expired": (N_("Expired without a decision"), "timer_off"),
    "release.lapsed": (N_("The approval lapsed"), "pause_circle"),
    "release.restored": (N_("The approval holds again"), "play_circle"),
    "release.standing_changed": (N_("The standing changed"), "priority_high"),
    "release.emergency": (N_("Emergency release"), "emergency_home"),
    "release.emergency_reviewed": (N_("Emergency release reviewed"), "fact_check"),
    "release.reviewer_named": (N_("Another reviewer named"), "person_edit"),
    "condition.met": (N_("Condition met"), "task_alt"),
    "artifact.verified": (N_("File hashed: it is the approved one"), "verified"),
    "artifact.differs": (N_("File hashed: it is not the approved one"), "gpp_bad"),
    "refused": (N_("Attempt refused"), "gpp_bad"),
}
_POLICY_CHECK = N_("Policy check")


def happenings(
    events: Sequence[RecordedEvent], signatures: Sequence[Signed], names: Mapping[str, str], note: str
) -> list[Happening]:
    """Return the events with the words of whoever signed; `note` came with the request."""
    said = {(s.person_id, s.round): s.rationale for s in signatures}
    found = []
    for event in events:
        words, icon = _ACTIONS.get(event.action, ("", "history"))
        what = f"**{_(words)}**" if words else code(event.action)
        detail = ""
        if event.action == "release.signed":
            what = _signed(event)
            detail = said.get((event.actor_id, _whole(event.data.get("round"))), "")
        elif event.action == "gates.judged":
            what += _judged(event)
        elif event.action == "release.requested":
            detail = note
        who = names.get(event.actor_id) or (_(_POLICY_CHECK) if event.actor_kind == "system" else "")
        found.append(Happening(event.time, icon, what, who, detail))
    return found


def _signed(event: RecordedEvent) -> str:
    meaning, area = str(event.data.get("meaning", "")), str(event.data.get("area", ""))
    words = _(MEANING_DONE[Meaning(meaning)]) if meaning in set(Meaning) else meaning
    text = f"**{words}**"
    if area in set(Role):
        text += " · " + area_names([area])
    if event.data.get("state") == "live":
        text += " · " + _("now live")
    return text


def _judged(event: RecordedEvent) -> str:
    gates = event.data.get("gates")
    if not isinstance(gates, Mapping):
        return ""
    passed = sum(verdict == "passed" for verdict in gates.values())
    return " · " + ngettext("{n} passed", "{n} passed", passed)


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
