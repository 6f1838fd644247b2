"""Proposals, by a column's name, of what is personal data and what is a protected attribute."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

WORDS = Path(__file__).parents[3] / "data" / "intake" / "personal_words.toml"


def words(name: str) -> tuple[str, ...]:
    """Split a column's name into lower-case words without accents: `DataNascimento` → data, nascimento."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    plain = unicodedata.normalize("NFKD", spaced).encode("ascii", "ignore").decode().lower()
    return tuple(w for w in re.split(r"[^a-z0-9]+", plain) if w)


def personal(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names that look like data identifying a person (LGPD art. 5, I; GDPR art. 4(1))."""
    return tuple(n for n in names if _identifies(words(n)))


def protected(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names that look like protected or sensitive attributes (LGPD art. 5, II; GDPR art. 9)."""
    return tuple(n for n in names if _words()["protected"].intersection(words(n)))


def _identifies(parts: tuple[str, ...]) -> bool:
    known = _words()
    if known["personal"].intersection(parts):
        return True
    return "id" in parts and bool(known["personal_with_id"].intersection(parts))


@lru_cache
def _words() -> dict[str, frozenset[str]]:
    found = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    return {key: frozenset(found[key]) for key in ("personal", "personal_with_id", "protected")}
