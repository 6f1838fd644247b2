"""The grounds on which personal data may be processed, as the two laws name them."""

from collections.abc import Mapping
from enum import StrEnum

from core.i18n import N_


class LawfulBasis(StrEnum):
    """LGPD article 7 and GDPR article 6(1); credit protection exists in the LGPD only (7 X)."""

    NO_PERSONAL_DATA = "no_personal_data"
    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    PUBLIC_TASK = "public_task"
    VITAL_INTERESTS = "vital_interests"
    HEALTH = "health"
    RESEARCH = "research"
    LEGAL_CLAIMS = "legal_claims"
    LEGITIMATE_INTERESTS = "legitimate_interests"
    CREDIT_PROTECTION = "credit_protection"


LAWFUL_BASIS_NAMES: Mapping[LawfulBasis, str] = {
    LawfulBasis.NO_PERSONAL_DATA: N_("No personal data"),
    LawfulBasis.CONSENT: N_("Consent (LGPD 7 I · GDPR 6(1)(a))"),
    LawfulBasis.CONTRACT: N_("Contract (LGPD 7 V · GDPR 6(1)(b))"),
    LawfulBasis.LEGAL_OBLIGATION: N_("Legal obligation (LGPD 7 II · GDPR 6(1)(c))"),
    LawfulBasis.PUBLIC_TASK: N_("Public policy or task (LGPD 7 III · GDPR 6(1)(e))"),
    LawfulBasis.VITAL_INTERESTS: N_("Life and safety (LGPD 7 VII · GDPR 6(1)(d))"),
    LawfulBasis.HEALTH: N_("Protection of health (LGPD 7 VIII)"),
    LawfulBasis.RESEARCH: N_("Studies by a research body (LGPD 7 IV)"),
    LawfulBasis.LEGAL_CLAIMS: N_("Exercise of rights in proceedings (LGPD 7 VI)"),
    LawfulBasis.LEGITIMATE_INTERESTS: N_("Legitimate interests (LGPD 7 IX · GDPR 6(1)(f))"),
    LawfulBasis.CREDIT_PROTECTION: N_("Protection of credit (LGPD 7 X)"),
}


def basis_name(value: str) -> str:
    """Return the catalogue key of a stored lawful basis; a free text stands for itself."""
    return LAWFUL_BASIS_NAMES[LawfulBasis(value)] if value in set(LawfulBasis) else value
