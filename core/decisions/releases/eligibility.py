"""Who may not decide on a version, and why, in words."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.errors import Refused
from core.i18n import N_, _, day


class Deed(StrEnum):
    """What somebody did to a version or to the measure it is judged by."""

    UPLOADED_VERSION = "uploaded_version"
    UPLOADED_DATA = "uploaded_data"
    EDITED_CARD = "edited_card"
    SET_KPI = "set_kpi"
    SET_THRESHOLDS = "set_thresholds"


_TEXTS: Mapping[Deed, str] = {
    Deed.UPLOADED_VERSION: N_("You may not approve: you uploaded this version."),
    Deed.UPLOADED_DATA: N_("You may not approve: you uploaded the data this version was judged on."),
    Deed.EDITED_CARD: N_("You may not approve: you edited this version's model card on {day}."),
    Deed.SET_KPI: N_(
        "You may not approve: you set KPI “{name}” on {day}, after this version was registered."
    ),
    Deed.SET_THRESHOLDS: N_(
        "You may not approve: you published policy {name} on {day}, after this version was registered."
    ),
}
_ONLY_AFTER_REGISTRATION = frozenset({Deed.SET_KPI, Deed.SET_THRESHOLDS})
"""Standing KPIs and thresholds bar nobody: operations define KPIs and approve releases."""


@dataclass(frozen=True, slots=True)
class Involvement:
    """One deed of one person."""

    person_id: str
    deed: Deed
    at: datetime
    name: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """Why a person may not sign: a catalogue key and what fills it."""

    code: str
    template: str
    at: datetime | None = None
    name: str = ""

    def text(self) -> str:
        """The reason, in the reader's language."""
        return _(self.template, name=self.name, day=day(self.at) if self.at else "")


def bars(person_id: str, involvements: Sequence[Involvement], registered_at: datetime) -> tuple[Bar, ...]:
    """Every reason that bars `person_id` from deciding on the version registered at `registered_at`.

    No role lifts a bar: an administrator who uploaded the version is an author like any other.
    """
    return tuple(
        Bar(f"release.{i.deed.value}", _TEXTS[i.deed], i.at, i.name)
        for i in involvements
        if i.person_id == person_id and (i.deed not in _ONLY_AFTER_REGISTRATION or i.at > registered_at)
    )


def signing_bars(
    *,
    person_id: str,
    areas: Collection[str],
    asked_areas: Collection[str],
    voted: Collection[str],
    involvements: Sequence[Involvement],
    registered_at: datetime,
) -> tuple[Bar, ...]:
    """Every reason why this person may not sign now; empty when they may.

    `areas` are those the person holds, `asked_areas` those of the policy, `voted` who signed in this round.
    """
    found = list(bars(person_id, involvements, registered_at))
    if not areas:
        found.append(
            Bar("release.no_area", N_("You may not sign: you belong to none of the deciding areas."))
        )
    elif not set(areas) & set(asked_areas):
        found.append(
            Bar("release.area_not_asked", N_("You need not sign: the policy does not ask your area."))
        )
    if person_id in voted:
        found.append(Bar("release.signed_already", N_("You have signed in this round.")))
    return tuple(found)


def refuse(found: Sequence[Bar], request_id: str) -> None:
    """Raise `Refused` with the first reason, if there is any."""
    if found:
        first = found[0]
        raise Refused(
            first.code,
            first.template,
            fix=N_("Another person of the area has to decide."),
            name=first.name,
            day=day(first.at) if first.at else "",
            subject_kind="release",
            subject_id=request_id,
        )
