"""What features and their values are called in a sentence, per language: data, else the feature's own name."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from core.i18n import _, language, number, percent

FILE = Path(__file__).resolve().parents[3] / "data" / "explain" / "features.toml"


@dataclass(frozen=True, slots=True)
class Label:
    """One feature in one language; `ratio_of` names the feature beside which it is told."""

    name: str
    own: str  # as it opens a sentence to the person
    unit: str = ""
    form: str = ""
    ratio_of: str = ""
    values: Mapping[str, str] | None = None


@cache
def _stored() -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = tomllib.loads(FILE.read_text(encoding="utf-8"))["features"]
    return found


def label(feature: str) -> Label:
    """Label of a feature in the reader's language."""
    found = _stored().get(feature)
    if found is None:
        return Label(feature, _own(feature))
    tongue = language()
    name = str(found.get(tongue, found.get("en", feature)))
    return Label(
        name,
        str(found.get(f"own_{tongue}") or _own(name)),
        str(found.get(f"unit_{tongue}", found.get("unit_en", ""))),
        str(found.get("form", "")),
        str(found.get("ratio_of", "")),
        found.get(f"values_{tongue}"),
    )


def told(feature: str, value: object) -> str:
    """A value as a sentence holds it: with unit, as percent, or by its word."""
    known = label(feature)
    if isinstance(value, str):
        return (known.values or {}).get(value, value)
    if value is None or isinstance(value, bool) or not isinstance(value, int | float):
        return plain(value)
    if known.form == "percent":
        return percent(value, 1)
    if known.form == "money":
        return number(value, 0 if abs(value) >= 100 else 2)
    return f"{plain(value)} {known.unit}".strip()


def plain(value: object) -> str:
    """A value as a reader writes it, without what its label says."""
    if value is None:
        return _("missing")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int):
        return number(value)
    if isinstance(value, float):
        return number(int(value)) if value.is_integer() else number(value, 2 if abs(value) >= 1 else 4)
    return str(value)


def sentence(feature: str, value: object, others: Mapping[str, object]) -> str:
    """Tell a fact: “Your requested amount is 3.2 times your monthly income”, or the plain value without a ratio."""
    known = label(feature)
    of = others.get(known.ratio_of)
    if known.ratio_of and _positive(value) and _positive(of):
        other = label(known.ratio_of).own
        return _(
            "{feature} is {ratio} times {other}",
            feature=known.own,
            ratio=number(float(str(value)) / float(str(of)), 1),
            other=other[:1].lower() + other[1:],
        )
    if value is None:
        return _("{feature} is not known", feature=known.own)
    return _("{feature} is {value}", feature=known.own, value=told(feature, value))


def _own(name: str) -> str:
    return _("Your {feature}", feature=name)


def _positive(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0
