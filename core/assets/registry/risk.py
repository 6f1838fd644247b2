"""The risk tier of a use case, from questions that a product owner can answer; questions and rules are `risk.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path

from core.assets.registry.usecase import RiskTier

FILE = Path(__file__).parents[3] / "data" / "registry" / "risk.toml"
ORDER = tuple(RiskTier)


class RiskQuestion(StrEnum):
    """What is asked; a yes never lowers the tier."""

    FORBIDDEN = "forbidden"
    LISTED = "listed"
    COMPONENT = "component"
    RIGHTS = "rights"
    AUTOMATED = "automated"
    PROFILING = "profiling"
    PEOPLE = "people"
    SENSITIVE = "sensitive"
    VULNERABLE = "vulnerable"
    SPEAKS = "speaks"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question by language, the tier that a yes comes to alone, the articles behind it, and what a yes warns of."""

    id: RiskQuestion
    text: Mapping[str, str]
    alone: RiskTier
    articles: tuple[tuple[str, str], ...]
    warning: Mapping[str, str]

    @property
    def source(self) -> str:
        """The articles, as one writes them: `GDPR 22 · LGPD 20`."""
        return " · ".join(f"{law} {article}" for law, article in self.articles)


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """The questions in order, sets of yeses that come to a tier together, and the day as of which all this is known."""

    version: str
    as_known_on: date
    questions: tuple[Asked, ...]
    together: tuple[tuple[frozenset[RiskQuestion], RiskTier], ...]

    def question(self, name: RiskQuestion) -> Asked:
        """Return one question."""
        return next(asked for asked in self.questions if asked.id is name)


@cache
def questionnaire() -> Questionnaire:
    """Return the questionnaire in force, read once."""
    found = tomllib.loads(FILE.read_text("utf-8"))
    return Questionnaire(
        version=str(found["version"]),
        as_known_on=found["as_known_on"],
        questions=tuple(
            Asked(
                id=RiskQuestion(one["id"]),
                text={"en": one["en"], "pt_BR": one["pt_BR"]},
                alone=RiskTier(one["alone"]),
                articles=tuple((a["law"], a["article"]) for a in one["articles"]),
                warning={"en": one["warning_en"], "pt_BR": one["warning_pt_BR"]}
                if "warning_en" in one
                else {},
            )
            for one in found["question"]
        ),
        together=tuple(
            (frozenset(RiskQuestion(name) for name in one["yes"]), RiskTier(one["tier"]))
            for one in found["together"]
        ),
    )


def lower(one: RiskTier, other: RiskTier) -> bool:
    """Whether `one` is a lower tier than `other`."""
    return ORDER.index(one) < ORDER.index(other)


def tier(answers: Mapping[RiskQuestion, bool]) -> RiskTier:
    """Propose the highest tier that any yes, or any set of yeses, comes to. A missing answer is a no."""
    yes = {question for question, answer in answers.items() if answer}
    asked = questionnaire()
    found = [one.alone for one in asked.questions if one.id in yes]
    found += [tier for together, tier in asked.together if together <= yes]
    return max(found, key=ORDER.index, default=RiskTier.LOW)
