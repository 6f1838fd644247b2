"""Where a use case's model stands and how well it does: pure rules over recorded facts."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from core.assets.registry.version import VersionState
from core.decisions.releases.states import OPEN, PRODUCTION, ReleaseState
from core.evidence.kpis.definition import Status
from core.i18n import N_


class Stage(StrEnum):
    """The furthest a use case has come, and what it waits for."""

    LIVE = "live"
    STAGING = "staging"
    WAITING = "waiting"
    READY = "ready"
    CHECKING = "checking"
    REFUSED = "refused"
    EMPTY = "empty"


STAGE_NAMES: Mapping[Stage, str] = {
    Stage.LIVE: N_("Live"),
    Stage.STAGING: N_("In staging"),
    Stage.WAITING: N_("Awaiting sign-off"),
    Stage.READY: N_("Ready"),
    Stage.CHECKING: N_("Being checked"),
    Stage.REFUSED: N_("Refused"),
    Stage.EMPTY: N_("No version yet"),
}


class Health(StrEnum):
    """How a live model does; unwatched is not healthy, it is unknown."""

    GOOD = "good"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


HEALTH_NAMES: Mapping[Health, str] = {
    Health.GOOD: N_("Healthy"),
    Health.WARNING: N_("Needs a look"),
    Health.CRITICAL: N_("Failing"),
    Health.UNKNOWN: N_("Not watched yet"),
}


def stage(
    newest: VersionState | None, requests: Iterable[ReleaseState], environments: Iterable[str]
) -> Stage:
    """Judge a use case by its newest version's state, its requests' states and where it is deployed."""
    deployed = set(environments)
    if PRODUCTION in deployed:
        return Stage.LIVE
    if deployed:
        return Stage.STAGING
    if any(state in OPEN or state is ReleaseState.APPROVED for state in requests):
        return Stage.WAITING
    if newest is None:
        return Stage.EMPTY
    return {
        VersionState.READY: Stage.READY,
        VersionState.REFUSED: Stage.REFUSED,
        VersionState.CHECKING: Stage.CHECKING,
        VersionState.RECEIVED: Stage.CHECKING,
    }[newest]


def health(statuses: Iterable[Status], alerts: int, *, watched: bool) -> Health:
    """Judge a model by its KPIs' last windows and its unacknowledged alerts."""
    known = set(statuses) - {Status.NOT_ENOUGH}
    if Status.CRITICAL in known:
        return Health.CRITICAL
    if alerts or known & {Status.WARNING, Status.SHORT}:
        return Health.WARNING
    return Health.GOOD if watched or known else Health.UNKNOWN
