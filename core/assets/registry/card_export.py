"""A model card as a document: Markdown for a repository, JSON for a program, PDF for whoever signs."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.assets.registry.card import AUDIENCE_NAMES, Audience, Card, Source, for_audience
from core.i18n import N_, _, language, percent
from core.typesetting import pdf

TEMPLATE = Path(__file__).parents[3] / "data" / "registry" / "card.typ"
SCHEMA = "aval.model-card/1"

SOURCE_NAMES = {
    Source.ARTIFACT: N_("from the model file"),
    Source.DATA: N_("from the data"),
    Source.EVALUATION: N_("from the evaluation"),
    Source.REGISTRY: N_("from the record"),
    Source.PERSON: N_("by a person"),
}
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~$])")
_BLOCK = re.compile(r"^([-+=]|\d+[.)])(?=\s)")


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above a card: which use case and version it describes, by the digest of the model's file."""

    use_case: str
    title: str
    model: str
    version: int
    digest: str


def as_json(card: Card, head: Head, audience: Audience) -> bytes:
    """Return the card as indented JSON; values are in the reader's language, ids are stable."""
    return json.dumps(_document(card, head, audience), ensure_ascii=False, indent=2).encode()


def as_markdown(card: Card, head: Head, audience: Audience) -> bytes:
    """Return the card as CommonMark with one table-free list per section; nobody's text becomes markup."""
    shown = for_audience(card, audience)
    lines = [f"# {_plain(head.title)}", "", _plain(_subtitle(card, head, audience)), ""]
    for section in shown.sections:
        lines += [f"## {_plain(_(section.section.title))}", ""]
        for field in section.fields:
            value = [_plain(line) for line in field.value.splitlines() if line.strip()] or [f"*{_('empty')}*"]
            lines.append(f"- **{_plain(_(field.field.label))}**: " + "\\\n  ".join(value))
        lines.append("")
    lines.append(f"`sha256 {head.digest}`")
    return ("\n".join(lines) + "\n").encode()


def as_pdf(card: Card, head: Head, audience: Audience) -> bytes:
    """Return the card as an accessible PDF; the same card gives the same bytes. Raise `Unavailable`."""
    document = {
        **_document(card, head, audience),
        "subtitle": _subtitle(card, head, audience),
        "empty": _("empty"),
        "lang": language()[:2],
        "filled": _(
            "{share} of the card is filled", share=percent(for_audience(card, audience).completeness, 0)
        ),
    }
    return pdf(
        TEMPLATE, "card", document, instead=N_("Install the package typst, or take the card as Markdown.")
    )


FORMS: Mapping[str, Callable[[Card, Head, Audience], bytes]] = {
    "md": as_markdown,
    "json": as_json,
    "pdf": as_pdf,
}
"""The forms by the ending of the file's name."""


def _document(card: Card, head: Head, audience: Audience) -> dict[str, object]:
    shown = for_audience(card, audience)
    return {
        "schema": SCHEMA,
        "use_case": head.use_case,
        "title": head.title,
        "model": head.model,
        "version": head.version,
        "artifact_sha256": head.digest,
        "audience": audience.value,
        "language": language(),
        "revision": card.revision,
        "completeness": round(shown.completeness, 4),
        "sections": [
            {
                "id": section.section.id,
                "title": _(section.section.title),
                "completeness": round(section.completeness, 4),
                "fields": [
                    {
                        "id": field.field.id,
                        "label": _(field.field.label),
                        "value": field.value,
                        "source": field.source.value,
                    }
                    for field in section.fields
                ],
            }
            for section in shown.sections
        ],
    }


def _subtitle(card: Card, head: Head, audience: Audience) -> str:
    return _(
        "Model card of {model} v{version} · revision {revision} · {audience}",
        model=head.model,
        version=head.version,
        revision=card.revision,
        audience=_(AUDIENCE_NAMES[audience]),
    )


def _plain(text: str) -> str:
    """Escape CommonMark on one line."""
    return _BLOCK.sub(r"\\\1", _MARKUP.sub(r"\\\1", text.strip()))
