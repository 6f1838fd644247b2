"""A letter as an accessible PDF: what people wrote reaches the typesetter as data, never as markup."""

from pathlib import Path

from core.assurance.reviews.letter import Letter
from core.i18n import N_
from core.typesetting import pdf

TEMPLATE = Path(__file__).parents[3] / "data" / "letters" / "letter.typ"


def as_pdf(letter: Letter, *, place: str) -> bytes:
    """Return the letter as PDF/UA-1; `place` stands above it (the number and the day). Raise `Unavailable`."""
    body = {
        "title": letter.title,
        "lang": letter.language[:2],
        "place": place,
        "blocks": [{"text": p.text, "items": list(p.items)} for p in letter.paragraphs],
    }
    return pdf(TEMPLATE, "letter", body, instead=N_("Install the package typst."))
