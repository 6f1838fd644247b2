"""Presets: what a jurisdiction's practice compares, from which gap on, and what it calls the groups; as data."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from core.assets.datasets.personal import words
from core.errors import Invalid
from core.evidence.fairness.parity import Figure, Gap, Parity
from core.evidence.fairness.tally import Metric
from core.i18n import N_, language

DEFAULT = "four_fifths"


@dataclass(frozen=True, slots=True)
class Limit:
    """One line that a gap may not cross: a ratio at least `limit`, or a difference at most `limit`."""

    metric: Metric
    statistic: str
    limit: float

    def figure(self, gap: Gap) -> Figure | None:
        """The figure of the gap that the line is about."""
        return gap.ratio if self.statistic == "ratio" else gap.difference

    def crossed(self, gap: Gap) -> bool:
        """Whether the value lies beyond the line."""
        found = self.figure(gap)
        if found is None:
            return False
        return found.value < self.limit if self.statistic == "ratio" else found.value > self.limit

    def surely(self, gap: Gap) -> bool:
        """Whether the whole interval lies beyond the line."""
        found = self.figure(gap)
        if found is None:
            return False
        return found.high < self.limit if self.statistic == "ratio" else found.low > self.limit


@dataclass(frozen=True, slots=True)
class Known:
    """How a preset names the values of attributes whose column's name holds one of `columns`."""

    columns: frozenset[str]
    values: Mapping[str, str]
    cuts: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Preset:
    """One way to judge; `basis` and `as_known_on` say whose practice it is, and as of when."""

    id: str
    names: Mapping[str, str]
    texts: Mapping[str, str]
    basis: str
    as_known_on: str
    limits: tuple[Limit, ...]
    attributes: tuple[Known, ...]

    @property
    def name(self) -> str:
        """Its name in the reader's language."""
        return self.names.get(language(), self.names["en"])

    @property
    def text(self) -> str:
        """What it asks, in the reader's language."""
        return self.texts.get(language(), self.texts["en"])

    def known(self, column: str) -> Known | None:
        """What the preset knows of an attribute, by its column's name."""
        parts = set(words(column))
        return next((k for k in self.attributes if k.columns & parts), None)

    def limit(self, metric: Metric) -> Limit | None:
        """The line for a metric, where the preset draws one."""
        return next((one for one in self.limits if one.metric is metric), None)

    def crossings(self, found: Sequence[Parity]) -> tuple[tuple[Parity, Gap, Limit], ...]:
        """Every gap that lies beyond its line, in order."""
        return tuple(
            (parity, gap, limit)
            for parity in found
            for gap in parity.gaps
            if (limit := self.limit(gap.metric)) is not None and limit.crossed(gap)
        )


@lru_cache
def presets() -> Mapping[str, Preset]:
    """Return the presets that Aval comes with, by their id, the default first."""
    folder = resources.files("data") / "fairness"
    return {
        file.name.removesuffix(".toml"): _read(
            file.name.removesuffix(".toml"), tomllib.loads(file.read_text(encoding="utf-8"))
        )
        for file in sorted(folder.iterdir(), key=lambda f: (f.name != f"{DEFAULT}.toml", f.name))
        if file.name.endswith(".toml")
    }


def preset(preset_id: str) -> Preset:
    """Return a preset; raise `Invalid` naming those there are."""
    found = presets().get(preset_id)
    if found is None:
        raise Invalid(
            "fairness.preset_unknown",
            N_("There is no preset {preset}."),
            fix=N_("Choose one of: {presets}."),
            field="preset",
            preset=preset_id,
            presets=", ".join(presets()),
        )
    return found


def _read(preset_id: str, raw: Mapping[str, Any]) -> Preset:
    return Preset(
        preset_id,
        dict(raw["name"]),
        dict(raw["text"]),
        str(raw["basis"]),
        str(raw["as_known_on"]),
        tuple(Limit(Metric(r["metric"]), str(r["statistic"]), float(r["limit"])) for r in raw["limit"]),
        tuple(
            Known(
                frozenset(a["columns"]),
                {str(k): str(v) for k, v in a.get("values", {}).items()},
                tuple(float(c) for c in a.get("cuts", ())),
            )
            for a in raw.get("attribute", ())
        ),
    )
