"""How long an attestation and a document last, by policy: read from `data/compliance.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.assets.registry.usecase import RiskTier

FILE = Path(__file__).parents[3] / "data" / "compliance.toml"


@dataclass(frozen=True, slots=True)
class Terms:
    """Days by risk tier; a technical file is kept `keep_years` after it was approved."""

    attestation_days: Mapping[RiskTier, int]
    document_review_days: Mapping[RiskTier, int]
    keep_years: int


@cache
def terms() -> Terms:
    """Return the terms in force."""
    found = tomllib.loads(FILE.read_text("utf-8"))
    return Terms(
        {RiskTier(tier): int(days) for tier, days in found["attestation_days"].items()},
        {RiskTier(tier): int(days) for tier, days in found["document_review_days"].items()},
        int(found["keep_years"]),
    )
