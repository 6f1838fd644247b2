"""A provision of a law or standard: dated, paraphrased, answered by named controls, or said not to be ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from core.errors import Invalid
from core.i18n import N_


class Force(StrEnum):
    """How binding a text is on a day."""

    IN_FORCE = "in_force"
    REPORTED = "reported"
    VOLUNTARY = "voluntary"
    BILL = "bill"


FORCE_NAMES: Mapping[Force, str] = {
    Force.IN_FORCE: N_("In force"),
    Force.REPORTED: N_("Reported"),
    Force.VOLUNTARY: N_("Voluntary"),
    Force.BILL: N_("Bill"),
}


class Applies(StrEnum):
    """To which use cases a provision speaks."""

    ALWAYS = "always"
    PERSONAL_DATA = "personal_data"
    AUTOMATED = "automated"
    HIGH_RISK = "high_risk"
    HIGH_RISK_PERSONAL_DATA = "high_risk_personal_data"


APPLIES_NAMES: Mapping[Applies, str] = {
    Applies.ALWAYS: N_("Every use case"),
    Applies.PERSONAL_DATA: N_("Where personal data is used"),
    Applies.AUTOMATED: N_("Where a result takes effect on people by itself"),
    Applies.HIGH_RISK: N_("High-risk use cases"),
    Applies.HIGH_RISK_PERSONAL_DATA: N_("High-risk use cases with personal data"),
}


@dataclass(frozen=True, slots=True)
class LaterDate:
    """A further date that a source gives for the same duty; shown, and never counted before it is confirmed."""

    valid_from: date
    status: Force
    source: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Provision:
    """One duty; texts by language (`en`, `pt_BR`). Either `controls` answer it, or `not_ours` says who does."""

    id: str
    law: str
    jurisdiction: str
    article: str
    version: str
    valid_from: date
    status: Force
    as_known_on: date
    applies: Applies
    says: Mapping[str, str]
    controls: tuple[str, ...]
    not_ours: Mapping[str, str]
    later: tuple[LaterDate, ...]

    def in_force(self, on: date) -> bool:
        """Whether the duty binds on a day: by its own date, never by a later one that is only reported."""
        return self.status in {Force.IN_FORCE, Force.REPORTED} and self.valid_from <= on


@dataclass(frozen=True, slots=True)
class Law:
    """One text with its provisions; `default` says whether it is followed unless somebody decides otherwise."""

    id: str
    title: Mapping[str, str]
    full: Mapping[str, str]
    jurisdiction: str
    default: bool
    provisions: tuple[Provision, ...]


def read_law(found: Mapping[str, Any], known_controls: Sequence[str]) -> Law:
    """Read a law from its TOML tables; raise `Invalid` naming the provision and the field that is wrong.

    A control is one of `known_controls`, or `document:<kind>`.
    """
    try:
        law = Law(
            id=str(found["law"]),
            title=_texts(found, "title"),
            full=_texts(found, "full"),
            jurisdiction=str(found["jurisdiction"]),
            default=bool(found.get("default", True)),
            provisions=tuple(_provision(found, each) for each in found["provision"]),
        )
    except KeyError as missing:
        raise _wrong(str(found.get("law", "")), f"{missing.args[0]} is missing") from missing
    ids = [p.id for p in law.provisions]
    for one in law.provisions:
        if ids.count(one.id) > 1:
            raise _wrong(one.id, "id stands twice")
        if bool(one.controls) == bool(one.not_ours):
            raise _wrong(one.id, "either controls or not_ours")
        for control in one.controls:
            if control not in known_controls:
                raise _wrong(one.id, f"controls: {control}")
    return law


def _provision(law: Mapping[str, Any], each: Mapping[str, Any]) -> Provision:
    name = str(each.get("id", "?"))
    try:
        return Provision(
            id=str(each["id"]),
            law=str(law["law"]),
            jurisdiction=str(law["jurisdiction"]),
            article=str(each["article"]),
            version=str(each["version"]),
            valid_from=_day(each["valid_from"]),
            status=Force(each["status"]),
            as_known_on=_day(each["as_known_on"]),
            applies=Applies(each.get("applies", "always")),
            says=_texts(each, "says"),
            controls=tuple(str(c) for c in each.get("controls", ())),
            not_ours=_texts(each, "not_ours") if "not_ours" in each else {},
            later=tuple(
                LaterDate(_day(one["valid_from"]), Force(one["status"]), _texts(one, "source"))
                for one in each.get("later", ())
            ),
        )
    except KeyError as missing:
        raise _wrong(name, f"{missing.args[0]} is missing") from missing
    except ValueError as problem:
        raise _wrong(name, str(problem)) from problem


def _texts(found: Mapping[str, Any], name: str) -> Mapping[str, str]:
    """Return a text by language; without a translation the English one stands."""
    english = str(found[name])
    return {"en": english, "pt_BR": str(found.get(f"{name}_pt") or english)}


def _day(value: object) -> date:
    if not isinstance(value, date):
        message = f"{value!r} is not a date"
        raise ValueError(message)  # noqa: TRY004 - one kind of error for whatever is wrong in the file
    return value


def _wrong(where: str, what: str) -> Invalid:
    return Invalid(
        "law.unreadable",
        N_("The law text {where} is not usable: {what}."),
        fix=N_("Mend the file in data/law; docs/laws.md shows its fields."),
        where=where,
        what=what,
    )
