"""The law texts that ship with Aval, or that a house adds: read from `data/law`, once."""

import tomllib
from functools import cache
from pathlib import Path

from core.assurance.compliance.controls import CONTROLS
from core.assurance.compliance.provision import Law, read_law
from core.errors import NotFound
from core.i18n import N_

FOLDER = Path(__file__).parents[3] / "data" / "law"


@cache
def laws() -> tuple[Law, ...]:
    """Return every law in `data/law`, by file name; raise `Invalid` for one that cannot be read."""
    return tuple(
        read_law(tomllib.loads(path.read_text("utf-8")), tuple(CONTROLS))
        for path in sorted(FOLDER.glob("*.toml"))
    )


def law(law_id: str) -> Law:
    """Return one law; raise `NotFound`."""
    found = next((one for one in laws() if one.id == law_id), None)
    if found is None:
        raise NotFound("law.unknown", N_("There is no law {id} in data/law."), id=law_id)
    return found
