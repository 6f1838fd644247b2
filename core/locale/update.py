"""Bring the catalogue up to date with the code: `make messages`.

Texts are found by the words that mark them; the file is sorted and carries no line numbers, paths or dates, so that
a change to the code changes only the entries it changed.
"""

import ast
import sys
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "core" / "locale" / "pt_BR.po"
SOURCES = ("core", "app", "pages")
KEYWORDS = {"_": 1, "N_": 1, "ngettext": 2}
"""What marks a text, and how many of its arguments are texts."""

_HEADER = """\
msgid ""
msgstr ""
"Language: pt_BR\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n > 1);\\n"

"""


def extracted() -> Catalog:
    """Return a catalogue of every text marked in the code, without translations."""
    template = Catalog(locale="pt_BR")
    for source in SOURCES:
        for path in sorted((ROOT / source).rglob("*.py")):
            for message in marked(path.read_text(encoding="utf-8")):
                template.add(message)
    for path in sorted((ROOT / "app" / "templates").glob("*.html")):
        with path.open("rb") as file:
            for _, _, texts, _ in babel_extract(file, list(KEYWORDS), [], {}):
                forms = [texts] if isinstance(texts, str) else [text for text in texts or () if text]
                if forms:
                    template.add(forms[0] if len(forms) == 1 else tuple(forms))
    return template


def marked(source: str) -> Iterator[str | tuple[str, ...]]:
    """Give the texts that Python code marks, in f-strings too: a tokenizer before Python 3.12 sees none of those."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        texts = [
            given.value
            for given in node.args[: KEYWORDS.get(name, 0)]
            if isinstance(given, ast.Constant) and isinstance(given.value, str)
        ]
        if texts and len(texts) == KEYWORDS[name]:
            yield texts[0] if len(texts) == 1 else tuple(texts)


def stored() -> Catalog:
    """Return the catalogue as it stands; an empty one where there is none."""
    if not CATALOGUE.exists():
        return Catalog(locale="pt_BR")
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="pt_BR")


def updated() -> bytes:
    """Return the bytes of the catalogue after an update: translations kept, new texts empty, old ones dropped."""
    catalogue = stored()
    catalogue.update(extracted(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    for message in catalogue:
        message.locations, message.auto_comments, message.flags = [], [], set()
    body = BytesIO()
    write_po(
        body, catalogue, no_location=True, omit_header=True, sort_output=True, ignore_obsolete=True, width=100
    )
    return _HEADER.encode() + body.getvalue().strip() + b"\n"


def missing() -> list[str]:
    """Return the texts that have no translation yet, sorted."""
    return sorted(
        message.id if isinstance(message.id, str) else message.id[0]
        for message in stored()
        if message.id and not _translated(message.string)
    )


def _translated(string: str | Sequence[str] | None) -> bool:
    return bool(string) if isinstance(string, str) else all(string or ("",))


def main() -> int:
    """Write the catalogue and say how many texts wait for a translation."""
    CATALOGUE.write_bytes(updated())
    sys.stdout.write(f"{CATALOGUE.name}: {len(stored())} texts, {len(missing())} without translation\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
