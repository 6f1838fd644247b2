"""Plain pages rendered by the server: escaped by default, in the reader's language."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from core import i18n
from core.i18n import _


def render(template: str, **values: object) -> str:
    """Fill a template of this folder; a value that is missing is an error, not a gap."""
    return (
        _environment()
        .get_template(template)
        .render(_=_, language=i18n.language(), lang=i18n.language().replace("_", "-"), **values)
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
