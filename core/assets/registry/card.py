"""A model card: sections and fields as data, filled from artifact, data, evaluation and people."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.i18n import N_


class Audience(StrEnum):
    """Who reads a card. Everyone reads the same facts; each audience is spared what it has no use for."""

    TECHNICAL = "technical"
    COMPLIANCE = "compliance"
    BUSINESS = "business"
    PUBLIC = "public"


AUDIENCE_NAMES: Mapping[Audience, str] = {
    Audience.TECHNICAL: N_("Technical"),
    Audience.COMPLIANCE: N_("Compliance"),
    Audience.BUSINESS: N_("Business"),
    Audience.PUBLIC: N_("Public"),
}


class Source(StrEnum):
    """Where the value of a field comes from."""

    ARTIFACT = "artifact"
    DATA = "data"
    EVALUATION = "evaluation"
    REGISTRY = "registry"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `label` is a catalogue key; `source` says who fills it, a person may always correct it."""

    id: str
    label: str
    source: Source


@dataclass(frozen=True, slots=True)
class Section:
    """A group of fields; `title` is a catalogue key."""

    id: str
    title: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class CardRevision:
    """The typed fields as they stood at one moment."""

    number: int
    values: Mapping[str, str]
    author_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """A typed field before and after a revision; empty text where there was or is none."""

    field: Field
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Filled:
    """A field with its value; empty text means that nobody has filled it yet."""

    field: Field
    value: str
    source: Source


@dataclass(frozen=True, slots=True)
class FilledSection:
    """A section with its values."""

    section: Section
    fields: tuple[Filled, ...]

    @property
    def completeness(self) -> float:
        """Share of the fields that have a value, 0–1."""
        return sum(bool(f.value) for f in self.fields) / len(self.fields)


@dataclass(frozen=True, slots=True)
class Card:
    """A whole card at one revision; 0 when nobody has typed anything."""

    sections: tuple[FilledSection, ...]
    revision: int

    @property
    def completeness(self) -> float:
        """Share of all fields that have a value, 0–1."""
        fields = [f for s in self.sections for f in s.fields]
        return sum(bool(f.value) for f in fields) / len(fields)

    @property
    def without_typing(self) -> float:
        """Share of all fields that have a value which nobody typed, 0–1."""
        fields = [f for s in self.sections for f in s.fields]
        return sum(bool(f.value) and f.source is not Source.PERSON for f in fields) / len(fields)


TYPED = frozenset({"model.contact"})
"""Fields that the record fills and people are asked to better, beside those that only people fill."""


def _section(section_id: str, title: str, *fields: tuple[str, str, Source]) -> Section:
    return Section(
        section_id, title, tuple(Field(f"{section_id}.{name}", label, s) for name, label, s in fields)
    )


SECTIONS: tuple[Section, ...] = (
    _section(
        "model",
        N_("Model"),
        ("name", N_("Model"), Source.REGISTRY),
        ("version", N_("Version"), Source.REGISTRY),
        ("created", N_("Submitted on"), Source.REGISTRY),
        ("format", N_("File format"), Source.ARTIFACT),
        ("type", N_("Kind of model"), Source.ARTIFACT),
        ("digest", N_("Digest of the file"), Source.ARTIFACT),
        ("libraries", N_("Libraries it was made with"), Source.ARTIFACT),
        ("output", N_("Output"), Source.ARTIFACT),
        ("parts", N_("Released together with"), Source.REGISTRY),
        ("contact", N_("Contact"), Source.REGISTRY),
    ),
    _section(
        "use",
        N_("Intended use"),
        ("purpose", N_("Purpose"), Source.REGISTRY),
        ("risk", N_("Risk tier"), Source.REGISTRY),
        ("lawful_basis", N_("Lawful basis"), Source.REGISTRY),
        ("affected", N_("Affected people"), Source.REGISTRY),
        ("oversight", N_("Human oversight"), Source.REGISTRY),
        ("applications", N_("Consuming applications"), Source.REGISTRY),
        ("out_of_scope", N_("Uses to avoid"), Source.PERSON),
    ),
    _section(
        "data",
        N_("Evaluation data"),
        ("name", N_("Table"), Source.DATA),
        ("rows", N_("Rows"), Source.DATA),
        ("features", N_("Features"), Source.DATA),
        ("label", N_("Label"), Source.DATA),
        ("protected", N_("Protected attributes"), Source.DATA),
        ("personal", N_("Personal data"), Source.DATA),
        ("sensitive", N_("Sensitive data"), Source.DATA),
        ("purposes", N_("Purpose of each feature"), Source.DATA),
        ("missing", N_("Columns with empty cells"), Source.DATA),
        ("training", N_("Training data and period"), Source.PERSON),
    ),
    _section(
        "performance",
        N_("Performance"),
        ("metrics", N_("Metrics with 95 % intervals"), Source.EVALUATION),
        ("threshold", N_("Operating threshold"), Source.EVALUATION),
        ("latency", N_("Latency per row"), Source.EVALUATION),
        ("memory", N_("Memory"), Source.EVALUATION),
        ("reproducible", N_("Same predictions in two loads"), Source.EVALUATION),
    ),
    _section(
        "limits",
        N_("Limits and care"),
        ("limitations", N_("Known limitations"), Source.PERSON),
        ("ethics", N_("Ethical considerations"), Source.PERSON),
        ("maintenance", N_("Maintenance and retraining"), Source.PERSON),
    ),
)
"""After Mitchell et al., Model Cards for Model Reporting (2019), sections 4.1–4.9, condensed."""

_SPARED: Mapping[Audience, frozenset[str]] = {
    Audience.TECHNICAL: frozenset(),
    Audience.COMPLIANCE: frozenset({"model.libraries", "performance.latency", "performance.memory"}),
    Audience.BUSINESS: frozenset(
        {
            "model.format", "model.type", "model.digest", "model.libraries", "model.parts", "data.missing",
            "performance.latency", "performance.memory", "performance.reproducible",
        }
    ),
    Audience.PUBLIC: frozenset(
        {
            "model.format", "model.digest", "model.libraries", "model.parts", "use.applications", "data.name",
            "data.label", "data.missing", "performance.latency", "performance.memory", "performance.reproducible",
        }
    ),
}  # fmt: skip
"""What an audience is spared: machinery for business, what would help an attacker for the public."""

FIELD_IDS = frozenset(field.id for section in SECTIONS for field in section.fields)


def fill(facts: Mapping[str, str], typed: Mapping[str, str], revision: int) -> Card:
    """Return the card: what a person typed stands before what was found."""
    return Card(
        tuple(
            FilledSection(
                section,
                tuple(
                    Filled(f, typed[f.id], Source.PERSON)
                    if typed.get(f.id)
                    else Filled(f, facts.get(f.id, ""), f.source)
                    for f in section.fields
                ),
            )
            for section in SECTIONS
        ),
        revision,
    )


def for_audience(card: Card, audience: Audience) -> Card:
    """Return the card as an audience reads it; a section of which nothing is left falls away.

    The public sees a contact only where somebody typed one: the name of the owner is nobody's to publish.
    """

    def shown(filled: Filled) -> bool:
        if filled.field.id in _SPARED[audience]:
            return False
        by_hand = filled.source is Source.PERSON
        return audience is not Audience.PUBLIC or filled.field.id != "model.contact" or by_hand

    kept = (FilledSection(s.section, tuple(f for f in s.fields if shown(f))) for s in card.sections)
    return Card(tuple(s for s in kept if s.fields), card.revision)


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Change, ...]:
    """Return the typed fields that differ between two revisions, in the order of the card."""
    return tuple(
        Change(f, before.get(f.id, ""), after.get(f.id, ""))
        for section in SECTIONS
        for f in section.fields
        if before.get(f.id, "") != after.get(f.id, "")
    )
