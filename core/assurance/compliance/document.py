"""A document: a template of facts and questions, filled from evidence; what is missing says so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.errors import Invalid
from core.i18n import N_


class Source(StrEnum):
    """Where an item comes from."""

    EVIDENCE = "evidence"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Asked:
    """One item of a template: the id of a fact, or of a question."""

    id: str
    source: Source


@dataclass(frozen=True, slots=True)
class Part:
    """A section of a template."""

    id: str
    title: Mapping[str, str]
    items: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """What stands in a kind of document; `kept` says that an approved one is locked for years (AI Act 18)."""

    kind: str
    title: Mapping[str, str]
    basis: str
    version: str
    kept: bool
    sections: tuple[Part, ...]

    @property
    def questions(self) -> tuple[str, ...]:
        """The questions that people answer, in order, each once."""
        asked = [i.id for s in self.sections for i in s.items if i.source is Source.PERSON]
        return tuple(dict.fromkeys(asked))


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text and what it speaks of, by which its event in the log is found.

    `author` is the person whose name or words it holds: it is kept under that person's key and erased with it.
    """

    text: str
    subject_kind: str
    subject_id: str
    author: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact under its label, in the reader's language; without lines it is missing."""

    label: str
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class FilledLine:
    """A line with the index of the log entry that holds its evidence."""

    text: str
    event: int
    author: str = ""


@dataclass(frozen=True, slots=True)
class FilledItem:
    """One item as it stands in the document; without lines it is said to be missing."""

    id: str
    label: str
    source: Source
    lines: tuple[FilledLine, ...]

    @property
    def missing(self) -> bool:
        """Whether nothing is known."""
        return not self.lines


@dataclass(frozen=True, slots=True)
class FilledPart:
    """A section with its items."""

    id: str
    title: str
    items: tuple[FilledItem, ...]

    @property
    def completeness(self) -> float:
        """Share of its items that say something, 0–1."""
        return sum(not i.missing for i in self.items) / len(self.items)


@dataclass(frozen=True, slots=True)
class Written:
    """A document in one language."""

    kind: str
    language: str
    title: str
    basis: str
    template: str
    use_case: str
    sections: tuple[FilledPart, ...]

    @property
    def completeness(self) -> float:
        """Share of all items that say something, 0–1."""
        items = [i for s in self.sections for i in s.items]
        return sum(not i.missing for i in items) / len(items)


def read_template(found: Mapping[str, Any], facts: Sequence[str], questions: Sequence[str]) -> Template:
    """Read a template from its TOML tables; raise `Invalid` naming an item that nobody can fill."""
    kind = str(found["kind"])
    sections = tuple(
        Part(str(s["id"]), _texts(s, "title"), tuple(_asked(kind, i, facts, questions) for i in s["items"]))
        for s in found["section"]
    )
    return Template(
        kind,
        _texts(found, "title"),
        str(found["basis"]),
        str(found["version"]),
        bool(found["kept"]),
        sections,
    )


def _asked(kind: str, item: Mapping[str, str], facts: Sequence[str], questions: Sequence[str]) -> Asked:
    asked = Asked(item["ask"], Source.PERSON) if "ask" in item else Asked(item["fact"], Source.EVIDENCE)
    known = questions if asked.source is Source.PERSON else facts
    if asked.id not in known:
        raise Invalid(
            "document.template",
            N_("The template {kind} names {item}, which nothing can fill."),
            fix=N_("Mend the file in data/documents."),
            kind=kind,
            item=asked.id,
        )
    return asked


def _texts(found: Mapping[str, Any], name: str) -> Mapping[str, str]:
    return {"en": str(found[name]), "pt_BR": str(found.get(f"{name}_pt") or found[name])}
