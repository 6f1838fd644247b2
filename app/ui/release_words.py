"""The words of a release: its state as a badge, its environment, its areas."""

from collections.abc import Collection, Mapping

from app.ui.badges import Tone, badge
from core.decisions.releases.states import STATE_NAMES, ReleaseState
from core.i18n import N_, _
from core.platform.access.permissions import ROLE_NAMES, Role

ENVIRONMENTS: Mapping[str, str] = {"staging": N_("Staging"), "production": N_("Production")}
_TONES: Mapping[ReleaseState, tuple[Tone, str]] = {
    ReleaseState.SUBMITTED: (Tone.INFO, "progress_activity"),
    ReleaseState.IN_REVIEW: (Tone.WAIT, "hourglass_top"),
    ReleaseState.CHANGES_REQUESTED: (Tone.WARN, "edit_note"),
    ReleaseState.APPROVED: (Tone.GOOD, "verified"),
    ReleaseState.REJECTED: (Tone.BLOCK, "close"),
    ReleaseState.WITHDRAWN: (Tone.PLAIN, "undo"),
    ReleaseState.EXPIRED: (Tone.PLAIN, "timer_off"),
    ReleaseState.LIVE: (Tone.GOOD, "rocket_launch"),
    ReleaseState.SUSPENDED: (Tone.BLOCK, "pause_circle"),
    ReleaseState.ROLLED_BACK: (Tone.WARN, "undo"),
    ReleaseState.RETIRED: (Tone.PLAIN, "inventory_2"),
}


def state_badge(state: ReleaseState) -> str:
    """Write where a request stands as a badge."""
    tone, icon = _TONES[state]
    return badge(_(STATE_NAMES[state]), tone, icon)


def environment_name(environment: str) -> str:
    """Return the environment's name in the reader's language; one of an own policy as it is written."""
    return _(ENVIRONMENTS[environment]) if environment in ENVIRONMENTS else environment


def area_names(areas: Collection[str]) -> str:
    """Write one area, or several of which any will do."""
    names = [_(ROLE_NAMES[Role(area)]) for area in areas]
    return _(" or ").join(names)
