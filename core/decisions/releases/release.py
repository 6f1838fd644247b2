"""What the readers of this noun return: requests, rounds, signatures, deployments."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.assets.registry import Version
from core.decisions.releases.gates import GateVerdict
from core.decisions.releases.quorum import Meaning
from core.decisions.releases.standing import Fact, Standing, Terms, standing
from core.decisions.releases.states import ReleaseState
from core.i18n import N_


class EndReason(StrEnum):
    """Why a deployment ended."""

    REPLACED = "replaced"
    ROLLED_BACK = "rolled_back"
    RETIRED = "retired"


END_REASONS: Mapping[EndReason, str] = {
    EndReason.REPLACED: N_("Replaced by a newer version"),
    EndReason.ROLLED_BACK: N_("Rolled back"),
    EndReason.RETIRED: N_("Retired"),
}


@dataclass(frozen=True, slots=True)
class Release:
    """A request, with what a list shows of it. `signed` of `signatures` seats of the quorum are taken."""

    id: str
    version: Version
    title: str
    tier: str
    environment: str
    state: ReleaseState
    round: int
    policy_digest: str
    note: str
    requested_by: str
    requested_at: datetime
    due_at: datetime
    closed_at: datetime | None
    approved_at: datetime | None
    expires_at: datetime | None
    signed: int
    signatures: int
    emergency: bool = False
    escalated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Signed:
    """One signature: who, for which area, when, meaning what; `on_behalf_of` names who lent the seat.

    `opened` are the parts of the evidence that the signer had opened; none where that was not recorded yet.
    """

    person_id: str
    area: str
    meaning: Meaning
    rationale: str
    signed_at: datetime
    round: int
    on_behalf_of: str = ""
    confirmed_by: str = ""
    snapshot_digest: str = ""
    opened: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """What an approval asks to be done by a day."""

    id: str
    request_id: str
    text: str
    owner_id: str
    due_at: datetime
    set_by: str
    set_at: datetime
    met_by: str
    met_at: datetime | None
    met_note: str

    def overdue(self, now: datetime) -> bool:
        """Whether it was due and is not met."""
        return self.met_at is None and self.due_at <= now


@dataclass(frozen=True, slots=True)
class Debt:
    """The review that an emergency release owes, by a named person, until a moment."""

    id: str
    request_id: str
    use_case_id: str
    environment: str
    reason: str
    reviewer_id: str
    opened_by: str
    opened_at: datetime
    due_at: datetime
    paid_by: str
    paid_at: datetime | None
    upheld: bool | None
    finding: str

    def overdue(self, now: datetime) -> bool:
        """Whether it was due and is not paid."""
        return self.paid_at is None and self.due_at <= now


@dataclass(frozen=True, slots=True)
class ArtifactCheck:
    """What re-hashing a live file found, from `first_at` to `last_at`."""

    found_digest: str
    ok: bool
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class GateResult:
    """A verdict with the place of its evidence and the moment it was reached."""

    verdict: GateVerdict
    evidence_kind: str
    evidence_id: str
    judged_at: datetime


@dataclass(frozen=True, slots=True)
class Deployment:
    """A version's time in an environment; live while `ended_at` is empty."""

    id: str
    use_case_id: str
    environment: str
    version_id: str
    request_id: str
    artifact_digest: str
    started_by: str
    started_at: datetime
    ended_by: str
    ended_at: datetime | None
    end_reason: EndReason | None
    end_note: str


@dataclass(frozen=True, slots=True)
class Live:
    """What is live in an environment, and the decision it stands on."""

    deployment: Deployment
    version: Version
    release: Release
    snapshot_digest: str
    approvals: tuple[Signed, ...]
    facts: tuple[Fact, ...]
    terms: Terms
    verified: ArtifactCheck | None = None

    def standing(self, now: datetime) -> Standing:
        """What the approval is worth at `now`."""
        expires = self.release.expires_at or now
        return standing(self.facts, self.terms, expires_at=expires, now=now)
