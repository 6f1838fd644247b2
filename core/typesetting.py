"""PDF files from templates: values reach the typesetter as data, never as markup."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from core.errors import Unavailable
from core.i18n import N_


def pdf(template: Path, name: str, facts: Mapping[str, object], *, instead: str) -> bytes:
    """Return an accessible PDF (PDF/UA-1); the same facts give the same bytes.

    The template finds `facts` in `sys.inputs` under `name`. Raise `Unavailable`, with the fix `instead` (a catalogue
    key), where the typesetter is not installed.
    """
    try:
        import typst  # noqa: PLC0415 - 30 MB that a server without PDFs never loads
    except ImportError as error:
        raise Unavailable(
            "pdf.no_typesetter",
            N_("PDF files cannot be made here: the typesetter is not installed."),
            fix=instead,
        ) from error
    made = typst.compile(
        _read(template),
        sys_inputs={name: json.dumps(facts, ensure_ascii=False)},
        ignore_system_fonts=True,
        pdf_standards="ua-1",
    )
    if not isinstance(made, bytes):
        raise TypeError(type(made))
    return made


@cache
def _read(template: Path) -> bytes:
    return template.read_bytes()
