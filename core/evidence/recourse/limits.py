"""What a person can change, as the data owner says it: per feature, and which columns move with another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self, cast

from core.errors import Invalid
from core.i18n import N_


class Way(StrEnum):
    """Which way a feature may be changed."""

    FREE = "free"
    FIXED = "fixed"
    UP = "up"
    DOWN = "down"


WAY_NAMES: Mapping[Way, str] = {
    Way.FREE: N_("Either way"),
    Way.FIXED: N_("Never"),
    Way.UP: N_("Only up"),
    Way.DOWN: N_("Only down"),
}


class Bond(StrEnum):
    """How a column follows another."""

    PROPORTIONAL = "proportional"
    INVERSE = "inverse"
    DIFFERENCE = "difference"


BOND_NAMES: Mapping[Bond, str] = {
    Bond.PROPORTIONAL: N_("in proportion"),
    Bond.INVERSE: N_("in inverse proportion"),
    Bond.DIFFERENCE: N_("by the same difference"),
}


@dataclass(frozen=True, slots=True)
class Link:
    """`follower` is never changed by itself: it moves when `leader` does."""

    leader: str
    follower: str
    bond: Bond


@dataclass(frozen=True, slots=True)
class FeatureLimit:
    """What may become of one feature; `low`, `high`, `step` for numbers, `categories` for texts (empty: any seen)."""

    way: Way = Way.FREE
    low: float | None = None
    high: float | None = None
    step: float | None = None
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """A use case's limits; a feature without an entry may take any value that was observed."""

    features: Mapping[str, FeatureLimit] = field(default_factory=dict)
    links: tuple[Link, ...] = ()

    def of(self, feature: str) -> FeatureLimit:
        """The limit of one feature."""
        return self.features.get(feature, FeatureLimit())

    def fixed(self, names: Sequence[str]) -> Self:
        """The same limits with more features that never change, such as protected attributes."""
        held = {name: FeatureLimit(Way.FIXED) for name in names}
        return type(self)({**self.features, **held}, self.links)

    def to_json(self) -> dict[str, object]:
        """Plain JSON values."""
        return {
            "features": {
                name: {
                    "way": f.way.value,
                    "low": f.low,
                    "high": f.high,
                    "step": f.step,
                    "categories": list(f.categories),
                }
                for name, f in sorted(self.features.items())
            },
            "links": [[k.leader, k.follower, k.bond.value] for k in self.links],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, object]) -> Self:
        """Read what `to_json` wrote."""
        features = cast("Mapping[str, Mapping[str, object]]", stored.get("features", {}))
        links = cast("Sequence[Sequence[str]]", stored.get("links", ()))
        return cls(
            {
                name: FeatureLimit(
                    Way(str(f["way"])),
                    _number(f.get("low")),
                    _number(f.get("high")),
                    _number(f.get("step")),
                    tuple(str(c) for c in cast("Sequence[object]", f.get("categories", ()))),
                )
                for name, f in features.items()
            },
            tuple(Link(a, b, Bond(kind)) for a, b, kind in links),
        )


def _number(value: object) -> float | None:
    return None if value is None else float(cast("float", value))


def check(limits: Limits, features: Sequence[str], numeric: Sequence[str]) -> None:
    """Raise `Invalid` naming the feature whose limit cannot be meant."""
    for name, limit in limits.features.items():
        if name not in features:
            raise _wrong(N_("The model has no feature {feature}."), name)
        ordered = limit.way in {Way.UP, Way.DOWN} or (limit.low, limit.high, limit.step) != (None, None, None)
        if ordered and name not in numeric:
            raise _wrong(N_("{feature} is no number, so it has no up, down, range or step."), name)
        if limit.low is not None and limit.high is not None and limit.low > limit.high:
            raise _wrong(N_("The range of {feature} ends before it begins."), name)
        if limit.step is not None and limit.step <= 0:
            raise _wrong(N_("The step of {feature} must be more than 0."), name)
    leaders = {link.leader for link in limits.links}
    for link in limits.links:
        for name in (link.leader, link.follower):
            if name not in numeric:
                raise _wrong(N_("{feature} cannot be linked: it is no number of this model."), name)
        if link.follower in leaders or link.leader == link.follower:
            raise _wrong(N_("{feature} follows another column, so nothing may follow it."), link.follower)


def _wrong(text: str, feature: str) -> Invalid:
    return Invalid(
        "recourse.limits",
        text,
        fix=N_("Correct the limits of this feature."),
        field="limits",
        feature=feature,
    )
