"""A written document as PDF, DOCX or JSON: nobody's text becomes markup, and what is missing says so."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path

from core.assurance.compliance.document import FilledItem, Written
from core.i18n import N_, _, percent, speaking
from core.typesetting import pdf

TEMPLATE = Path(__file__).parents[3] / "data" / "documents" / "document.typ"


@dataclass(frozen=True, slots=True)
class Cover:
    """What stands above a document: its number, its digest, and who put it in force when."""

    number: int
    digest: str
    made: str
    approved: str


def as_json(one: Written, cover: Cover) -> bytes:
    """Return the document as indented JSON; each line names the log entry that holds its evidence."""
    return json.dumps(asdict(one) | asdict(cover), ensure_ascii=False, indent=2).encode()


def as_pdf(one: Written, cover: Cover) -> bytes:
    """Return the document as an accessible PDF (PDF/UA-1); raise `Unavailable` without the typesetter."""
    with speaking(one.language):
        body = {
            **_plain(one, cover),
            "filled": _("{share} of the document is filled", share=percent(one.completeness, 0)),
            "entry": _("log entry"),
            "lang": one.language[:2],
        }
    return pdf(
        TEMPLATE, "document", body, instead=N_("Install the package typst, or take the document as DOCX.")
    )


def as_docx(one: Written, cover: Cover) -> bytes:
    """Return the document as DOCX, for whoever edits it further."""
    from docx import Document  # noqa: PLC0415 - loaded where one is made

    paper = Document()
    paper.core_properties.title, paper.core_properties.author = one.title, "Aval"
    paper.core_properties.language = one.language.replace("_", "-")
    paper.add_heading(one.title, 0)
    plain = _plain(one, cover)
    paper.add_paragraph(str(plain["subtitle"]))
    for section in one.sections:
        paper.add_heading(section.title, 1)
        for item in section.items:
            head = paper.add_paragraph()
            head.add_run(item.label).bold = True
            for text in _lines(one, item):
                paper.add_paragraph(text)
    made = BytesIO()
    paper.save(made)
    return made.getvalue()


FORMS: Mapping[str, tuple[Callable[[Written, Cover], bytes], str]] = {
    "pdf": (as_pdf, "application/pdf"),
    "docx": (as_docx, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "json": (as_json, "application/json"),
}
"""The forms by the ending of the file's name, with their media type."""


def _plain(one: Written, cover: Cover) -> dict[str, object]:
    with speaking(one.language):
        subtitle = _(
            "{basis} · version {number} · {made} · {approved}",
            basis=one.basis,
            number=cover.number,
            made=cover.made,
            approved=cover.approved or _("not approved"),
        )
        missing = _("Missing: nobody has recorded this.")
        return {
            "title": one.title,
            "subtitle": subtitle,
            "digest": cover.digest,
            "missing": missing,
            "sections": [asdict(s) for s in one.sections],
        }


def _lines(one: Written, item: FilledItem) -> list[str]:
    with speaking(one.language):
        if item.missing:
            return [_("Missing: nobody has recorded this.")]
        return [f"{line.text} [{_('log entry')} {line.event}]" for line in item.lines]
