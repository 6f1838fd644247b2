"""A letter as an accessible PDF: what people wrote reaches the typesetter as data, never as markup."""

import json
from functools import cache
from pathlib import Path

from core.assurance.reviews.letter import Letter
from core.errors import Unavailable
from core.i18n import N_

TEMPLATE = Path(__file__).parents[3] / "data" / "letters" / "letter.typ"


def as_pdf(letter: Letter, *, place: str) -> bytes:
    """Return the letter as PDF/UA-1; `place` stands above it (the number and the day). Raise `Unavailable`."""
    try:
        import typst  # noqa: PLC0415 - 30 MB that a server without PDFs never loads
    except ImportError as error:
        raise Unavailable(
            "letter.no_typesetter",
            N_("PDF files cannot be made here: the typesetter is not installed."),
            fix=N_("Install the package typst."),
        ) from error
    body = {
        "title": letter.title,
        "lang": letter.language[:2],
        "place": place,
        "blocks": [{"text": p.text, "items": list(p.items)} for p in letter.paragraphs],
    }
    made = typst.compile(
        _template(),
        sys_inputs={"letter": json.dumps(body, ensure_ascii=False)},
        ignore_system_fonts=True,
        pdf_standards="ua-1",
    )
    if not isinstance(made, bytes):
        raise TypeError(type(made))
    return made


@cache
def _template() -> bytes:
    return TEMPLATE.read_bytes()
