"""The risk tier of a use case, from four questions that a product owner can answer."""

from collections.abc import Mapping
from enum import StrEnum

from core.assets.registry.usecase import RiskTier
from core.i18n import N_


class RiskQuestion(StrEnum):
    """What is asked; a yes never lowers the tier."""

    LISTED = "listed"
    RIGHTS = "rights"
    AUTOMATED = "automated"
    PEOPLE = "people"


RISK_QUESTIONS: Mapping[RiskQuestion, str] = {
    RiskQuestion.LISTED: N_(
        "Does it bear on a person's credit, insurance, work, education, health, housing or public services?"
    ),
    RiskQuestion.RIGHTS: N_("Could a wrong result cost a person money, rights or safety?"),
    RiskQuestion.AUTOMATED: N_("Does the result take effect without a person looking at it first?"),
    RiskQuestion.PEOPLE: N_("Does the data describe people?"),
}

ORDER = tuple(RiskTier)


def lower(one: RiskTier, other: RiskTier) -> bool:
    """Whether `one` is a lower tier than `other`."""
    return ORDER.index(one) < ORDER.index(other)


def tier(answers: Mapping[RiskQuestion, bool]) -> RiskTier:
    """Propose a tier: high for a listed field (EU AI Act, annex III) or an unattended result that can harm.

    Limited where people, harm or automation are involved alone; low otherwise. A missing answer is a no.
    """
    yes = {question for question, answer in answers.items() if answer}
    if RiskQuestion.LISTED in yes or {RiskQuestion.RIGHTS, RiskQuestion.AUTOMATED} <= yes:
        return RiskTier.HIGH
    return RiskTier.LIMITED if yes else RiskTier.LOW
