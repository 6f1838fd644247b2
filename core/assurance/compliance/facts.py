"""What is known of one use case, as plain values that controls judge: gathered once, for one or for a thousand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class HouseFacts:
    """What holds for the whole installation.

    `sealed_size` entries are held by a checkpoint outside the store; `access_reviewed_at` is the last review of
    who may do what.
    """

    log_size: int = 0
    sealed_size: int = 0
    checkpoint_at: datetime | None = None
    access_reviewed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A document in force: which version, since when, kept until."""

    number: int
    approved_at: datetime
    review_by: datetime
    kept_until: datetime | None


@dataclass(frozen=True, slots=True)
class Clocks:
    """Requests or incidents of one kind: open ones, those past their deadline, those answered in time and late."""

    open: int = 0
    overdue: int = 0
    in_time: int = 0
    late: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """One use case today. Fields of the model speak of the live version, or of the newest where none is live."""

    use_case_id: str
    slug: str
    title: str
    tier: str
    tier_answered: bool = False
    owner_id: str = ""
    purpose: str = ""
    lawful_basis: str = ""
    affected_people: str = ""
    human_oversight: str = ""
    personal_data: bool | None = None
    automated: bool = False
    version_id: str = ""
    version_number: int | None = None
    live: bool = False
    evidence_only: bool = False
    features: int = 0
    features_with_purpose: int = 0
    data_flags_confirmed: bool = False
    data_basis: str = ""
    sensitive: int = 0
    data_sheet_share: float | None = None
    card_share: float | None = None
    sealed_first: bool | None = None
    metrics: int = 0
    metrics_with_interval: int = 0
    fairness_reported: bool = False
    robustness_at: datetime | None = None
    explanation_usable: bool | None = None
    policy_in_force: bool = False
    signatures: int = 0
    areas: frozenset[str] = frozenset()
    emergency_unpaid: bool = False
    looked_before_signing: int | None = None
    last_prediction_at: datetime | None = None
    profiled: bool = False
    retention_days: int | None = None
    realised_windows: int = 0
    findings_open: int = 0
    findings_overdue: int = 0
    incidents: Clocks = Clocks()
    requests: Clocks = Clocks()
    reviews: Clocks = Clocks()
    erasures: Clocks = Clocks()
    documents: Mapping[str, Held] = field(default_factory=dict)
    modification_answered: bool = False
    attested_until: datetime | None = None
