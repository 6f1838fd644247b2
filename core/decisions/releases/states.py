"""The life of a release request: which step may follow which."""

from collections.abc import Mapping
from enum import StrEnum

from core.errors import Conflict
from core.i18n import N_, _

PRODUCTION = "production"
"""The environment whose decisions touch people; a policy may name others before it."""


class ReleaseState(StrEnum):
    """Where a request stands. Submitted means that its gates are not judged yet."""

    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    CHANGES_REQUESTED = "changes_requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    LIVE = "live"
    SUSPENDED = "suspended"
    ROLLED_BACK = "rolled_back"
    RETIRED = "retired"


STATE_NAMES: Mapping[ReleaseState, str] = {
    ReleaseState.SUBMITTED: N_("Checks running"),
    ReleaseState.IN_REVIEW: N_("Awaiting sign-off"),
    ReleaseState.CHANGES_REQUESTED: N_("Changes requested"),
    ReleaseState.APPROVED: N_("Approved"),
    ReleaseState.REJECTED: N_("Rejected"),
    ReleaseState.WITHDRAWN: N_("Withdrawn"),
    ReleaseState.EXPIRED: N_("Expired"),
    ReleaseState.LIVE: N_("Live"),
    ReleaseState.SUSPENDED: N_("Suspended"),
    ReleaseState.ROLLED_BACK: N_("Rolled back"),
    ReleaseState.RETIRED: N_("Retired"),
}


class Step(StrEnum):
    """What moves a request on."""

    JUDGE = "judge"
    APPROVE = "approve"
    REQUEST_CHANGES = "request_changes"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    RESUBMIT = "resubmit"
    GO_LIVE = "go_live"
    SUSPEND = "suspend"
    RESUME = "resume"
    ROLL_BACK = "roll_back"
    RETIRE = "retire"
    RESTORE = "restore"
    BREAK_GLASS = "break_glass"


_S = ReleaseState
TRANSITIONS: Mapping[tuple[ReleaseState, Step], ReleaseState] = {
    (_S.SUBMITTED, Step.JUDGE): _S.IN_REVIEW,
    (_S.SUBMITTED, Step.WITHDRAW): _S.WITHDRAWN,
    (_S.SUBMITTED, Step.EXPIRE): _S.EXPIRED,
    (_S.IN_REVIEW, Step.JUDGE): _S.IN_REVIEW,
    (_S.IN_REVIEW, Step.APPROVE): _S.APPROVED,
    (_S.IN_REVIEW, Step.REQUEST_CHANGES): _S.CHANGES_REQUESTED,
    (_S.IN_REVIEW, Step.REJECT): _S.REJECTED,
    (_S.IN_REVIEW, Step.WITHDRAW): _S.WITHDRAWN,
    (_S.IN_REVIEW, Step.EXPIRE): _S.EXPIRED,
    (_S.IN_REVIEW, Step.RESUBMIT): _S.SUBMITTED,  # a snapshotted fact changed: the round is void
    (_S.CHANGES_REQUESTED, Step.RESUBMIT): _S.SUBMITTED,
    (_S.CHANGES_REQUESTED, Step.WITHDRAW): _S.WITHDRAWN,
    (_S.CHANGES_REQUESTED, Step.EXPIRE): _S.EXPIRED,
    (_S.SUBMITTED, Step.BREAK_GLASS): _S.LIVE,
    (_S.IN_REVIEW, Step.BREAK_GLASS): _S.LIVE,
    (_S.CHANGES_REQUESTED, Step.BREAK_GLASS): _S.LIVE,
    (_S.APPROVED, Step.GO_LIVE): _S.LIVE,
    (_S.APPROVED, Step.EXPIRE): _S.EXPIRED,
    (_S.LIVE, Step.SUSPEND): _S.SUSPENDED,
    (_S.LIVE, Step.ROLL_BACK): _S.ROLLED_BACK,
    (_S.LIVE, Step.RETIRE): _S.RETIRED,
    (_S.SUSPENDED, Step.RESUME): _S.LIVE,
    (_S.SUSPENDED, Step.ROLL_BACK): _S.ROLLED_BACK,
    (_S.SUSPENDED, Step.RETIRE): _S.RETIRED,
    (_S.RETIRED, Step.RESTORE): _S.LIVE,
    (_S.ROLLED_BACK, Step.RESTORE): _S.LIVE,
}

OPEN: frozenset[ReleaseState] = frozenset({_S.SUBMITTED, _S.IN_REVIEW, _S.CHANGES_REQUESTED})
"""States that wait for somebody; one open request per version and environment."""

ONCE_APPROVED: frozenset[ReleaseState] = frozenset({_S.ROLLED_BACK, _S.RETIRED})
"""States from which a version may come back by a roll-back."""


def after(state: ReleaseState, step: Step) -> ReleaseState:
    """Return the state that follows; raise `Conflict` when the step is not open from here."""
    try:
        return TRANSITIONS[state, step]
    except KeyError:
        raise Conflict(
            "release.wrong_state",
            N_("This request is “{state}”; the step is not open from there."),
            fix=N_("Load the page again to see where it stands."),
            state=_(STATE_NAMES[state]),
            step=step.value,
        ) from None
