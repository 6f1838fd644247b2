"""A letter in plain words: blocks of a dated template, filled, and left out where they do not hold."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

from core.assurance.reviews.readability import ease
from core.assurance.reviews.request import OF_A_DECISION, Kind, Outcome
from core.errors import Invalid
from core.i18n import N_, nearest

FOLDER = Path(__file__).parents[3] / "data" / "letters"


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph, with a list under it where `list_of` names one; `when` is empty for always."""

    id: str
    text: str
    when: str = ""
    list_of: str = ""


@dataclass(frozen=True, slots=True)
class LetterTemplate:
    """The blocks of a letter in one language; a text below `floor` is too hard to read."""

    language: str
    version: str
    floor: float
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class LetterFacts:
    """Everything a letter may say; `explained` is None where no explanation was asked for."""

    kind: Kind
    outcome: Outcome
    words: Mapping[str, str]
    reasons: tuple[str, ...] = ()
    recourse: tuple[str, ...] = ()
    explained: bool | None = None
    corrected: bool = False
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One block as it was written."""

    id: str
    text: str
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as it would be sent; `ease` is its reading ease, `hard` whether that is below the floor."""

    language: str
    template: str
    title: str
    paragraphs: tuple[Paragraph, ...]
    ease: float
    hard: bool

    @property
    def elements(self) -> tuple[str, ...]:
        """The blocks it holds, by id."""
        return tuple(p.id for p in self.paragraphs)

    @property
    def text(self) -> str:
        """The whole letter as plain text."""
        lines = [self.title]
        for p in self.paragraphs:
            lines += [p.text, *(f"- {item}" for item in p.items)]
        return "\n".join(lines)

    def to_json(self) -> dict[str, object]:
        """Return the letter as plain JSON values."""
        return {
            "language": self.language,
            "template": self.template,
            "title": self.title,
            "ease": self.ease,
            "hard": self.hard,
            "paragraphs": [{"id": p.id, "text": p.text, "items": list(p.items)} for p in self.paragraphs],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Letter":
        """Read what `to_json` wrote."""
        told = tuple(Paragraph(p["id"], p["text"], tuple(p["items"])) for p in value["paragraphs"])
        return cls(
            value["language"],
            value["template"],
            value["title"],
            told,
            float(value["ease"]),
            bool(value["hard"]),
        )


def read_template(language: str, found: Mapping[str, Any]) -> LetterTemplate:
    """Read a template from its TOML tables."""
    return LetterTemplate(
        language,
        str(found["version"]),
        float(found["floor"]),
        str(found["title"]),
        tuple(
            Block(str(b["id"]), str(b["text"]), str(b.get("when", "")), str(b.get("list", "")))
            for b in found["block"]
        ),
    )


@cache
def template(language: str) -> LetterTemplate:
    """Return the template of a language, from `data/letters`."""
    spoken = nearest(language)
    return read_template(spoken, tomllib.loads((FOLDER / f"{spoken}.toml").read_text("utf-8")))


def compose(form: LetterTemplate, facts: LetterFacts) -> Letter:
    """Write the letter; raise `Invalid` naming a word that the facts lack: nothing is left as a placeholder.

    Where the explanation failed its check, neither its reasons nor the way to another result are given.
    """
    lists: Mapping[str, Sequence[str]] = {"reasons": facts.reasons, "recourse": facts.recourse}
    holds = _conditions(facts)
    told = [
        Paragraph(block.id, _filled(block.text, facts.words), tuple(lists.get(block.list_of, ())))
        for block in form.blocks
        if not block.when or block.when in holds
    ]
    title = _filled(form.title, facts.words)
    body = "\n".join([p.text for p in told] + [f"{item}." for p in told for item in p.items])
    score = round(ease(body, form.language), 1)
    return Letter(form.language, form.version, title, tuple(told), score, score < form.floor)


def _conditions(facts: LetterFacts) -> frozenset[str]:
    decision = facts.kind in OF_A_DECISION
    found = {facts.outcome.value, "decision" if decision else "no_decision"}
    if decision:
        found.add("criteria" if facts.words.get("criteria", "").strip() else "no_criteria")
    if facts.explained and facts.reasons:
        found |= {"explained", "recourse" if facts.recourse else "no_recourse"}
    if facts.explained is False:
        found.add("not_explained")
    if facts.corrected:
        found.add("corrected")
    if facts.secret.strip():
        found.add("secret")
    return frozenset(found)


def _filled(text: str, words: Mapping[str, str]) -> str:
    asked = [name for _text, name, _spec, _conversion in Formatter().parse(text) if name]
    missing = [name for name in asked if not words.get(name, "").strip()]
    if missing:
        raise Invalid(
            "letter.missing",
            N_("The letter cannot be written: {name} is not known."),
            fix=N_("Fill it in on the use case or the request; a letter never holds a placeholder."),
            field=missing[0],
            name=missing[0],
        )
    # A reason or purpose that ends a sentence already needs no second point.
    return text.format(**{name: words[name].strip() for name in asked}).replace("..", ".").strip()
