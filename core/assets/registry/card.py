"""A model card: sections and fields as data, filled from artifact, data, evaluation and people."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.i18n import N_


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
        ("output", N_("Output"), Source.ARTIFACT),
        ("contact", N_("Contact"), Source.PERSON),
    ),
    _section(
        "use",
        N_("Intended use"),
        ("purpose", N_("Purpose"), Source.REGISTRY),
        ("risk", N_("Risk tier"), Source.REGISTRY),
        ("lawful_basis", N_("Lawful basis"), Source.REGISTRY),
        ("affected", N_("Affected people"), Source.REGISTRY),
        ("oversight", N_("Human oversight"), Source.REGISTRY),
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
