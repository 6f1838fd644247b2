"""The document templates and questions that ship with Aval, read from `data/documents` once."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from core.assurance.compliance.document import Template, read_template
from core.assurance.compliance.known_facts import FACTS
from core.errors import NotFound
from core.i18n import N_

FOLDER = Path(__file__).parents[3] / "data" / "documents"


@cache
def questions() -> Mapping[str, Mapping[str, str]]:
    """Return every question by id, with its words by language."""
    found = tomllib.loads((FOLDER / "questions.toml").read_text("utf-8"))
    return {name: {"en": q["ask"], "pt_BR": q["ask_pt"]} for name, q in found.items()}


@cache
def templates() -> Mapping[str, Template]:
    """Return every template by kind."""
    read = [
        read_template(tomllib.loads(path.read_text("utf-8")), tuple(FACTS), tuple(questions()))
        for path in sorted(FOLDER.glob("*.toml"))
        if path.stem != "questions"
    ]
    return {template.kind: template for template in read}


def template(kind: str) -> Template:
    """Return one template; raise `NotFound`."""
    found = templates().get(kind)
    if found is None:
        raise NotFound("document.unknown_kind", N_("There is no kind of document {kind}."), kind=kind)
    return found
