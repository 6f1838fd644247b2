"""What an incident obliges to: whom to tell by when, from dated data of the laws that a house follows."""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path

from core.assurance.reviews.clock import business_days_later
from core.i18n import N_

FILE = Path(__file__).parents[3] / "data" / "incidents" / "duties.toml"


class Trait(StrEnum):
    """What an incident is; several may hold."""

    PERSONAL_DATA = "personal_data"
    HIGH_RISK = "high_risk_to_people"
    SERIOUS = "serious"
    DEATH = "death"
    WIDESPREAD = "widespread"


TRAIT_NAMES: Mapping[Trait, str] = {
    Trait.PERSONAL_DATA: N_("Personal data was disclosed, lost or altered"),
    Trait.HIGH_RISK: N_("It is likely to harm people gravely"),
    Trait.SERIOUS: N_("A high-risk system harmed health, property or fundamental rights"),
    Trait.DEATH: N_("A person died"),
    Trait.WIDESPREAD: N_("Critical infrastructure or rights of many are harmed"),
}


class Told(StrEnum):
    """Who has to be told."""

    AUTHORITY = "authority"
    PEOPLE = "people"


TOLD_NAMES: Mapping[Told, str] = {
    Told.AUTHORITY: N_("the authority"),
    Told.PEOPLE: N_("the people concerned"),
}


@dataclass(frozen=True, slots=True)
class Duty:
    """One duty to tell: so many hours, days or business days after the incident was noticed."""

    id: str
    law: str
    article: str
    when: Trait
    to: Told
    hours: int = 0
    days: int = 0
    business_days: int = 0

    def due(self, noticed: datetime) -> datetime:
        """Return the last moment; business days end with the day, and holidays are the reader's to know."""
        if self.business_days:
            end = business_days_later(noticed.date(), self.business_days)
            return datetime.combine(end, time.max, UTC)
        return noticed + timedelta(hours=self.hours, days=self.days)


@cache
def duties() -> tuple[Duty, ...]:
    """Return every duty, from `data/incidents/duties.toml`."""
    return tuple(
        Duty(
            id=str(one["id"]),
            law=str(one["law"]),
            article=str(one["article"]),
            when=Trait(one["when"]),
            to=Told(one["to"]),
            hours=int(one.get("hours", 0)),
            days=int(one.get("days", 0)),
            business_days=int(one.get("business_days", 0)),
        )
        for one in tomllib.loads(FILE.read_text("utf-8"))["duty"]
    )


def owed(traits: Collection[Trait], laws: Collection[str]) -> tuple[Duty, ...]:
    """Return the duties that an incident of these traits brings under the laws that are followed."""
    return tuple(d for d in duties() if d.when in traits and d.law in laws)
