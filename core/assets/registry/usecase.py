"""A use case: the decision that a model serves, and who answers for it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from core.i18n import N_

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


class Task(StrEnum):
    """What a model of the use case predicts."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"


TASK_NAMES: Mapping[Task, str] = {
    Task.BINARY: N_("Yes or no"),
    Task.MULTICLASS: N_("One of several classes"),
    Task.REGRESSION: N_("A quantity"),
}


class RiskTier(StrEnum):
    """How much harm a wrong decision can do."""

    LOW = "low"
    LIMITED = "limited"
    HIGH = "high"


RISK_NAMES: Mapping[RiskTier, str] = {
    RiskTier.LOW: N_("Low risk"),
    RiskTier.LIMITED: N_("Limited risk"),
    RiskTier.HIGH: N_("High risk"),
}


@dataclass(frozen=True, slots=True)
class UseCase:
    """A governed use case; `slug` is its stable name in addresses, `currency` an ISO 4217 code.

    `risk_answers` are the answers by which the tier was found; empty where it was set without the questionnaire.
    """

    id: str
    slug: str
    title: str
    purpose: str
    owner_id: str
    task: Task
    risk_tier: RiskTier
    lawful_basis: str
    affected_people: str
    human_oversight: str
    applications: tuple[str, ...]
    currency: str
    created_at: datetime
    risk_answers: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UseCaseEdit:
    """What may change in a use case; `None` leaves a field as it is."""

    title: str | None = None
    purpose: str | None = None
    owner_id: str | None = None
    risk_tier: RiskTier | None = None
    risk_answers: Mapping[str, bool] | None = None
    lawful_basis: str | None = None
    affected_people: str | None = None
    human_oversight: str | None = None
    applications: Sequence[str] | None = None


def is_slug(text: str) -> bool:
    """Whether `text` is 1–63 lower-case letters, digits and inner hyphens."""
    return SLUG.fullmatch(text) is not None
