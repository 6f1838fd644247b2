"""Proposals, by a column's name and its values, of what is personal or sensitive data; a person decides."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import pandas as pd

INSPECTED = 500
"""Values of a text column that are looked at."""
MOST = 0.5
"""From this share of them on, a column holds what they look like."""
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
CPF = re.compile(r"\d{3}\.?\d{3}\.?\d{3}-?\d{2}")
PHONE = re.compile(r"\+\d[\d ().-]{7,18}")
WORDS = Path(__file__).parents[3] / "data" / "intake" / "personal_words.toml"


def words(name: str) -> tuple[str, ...]:
    """Split a column's name into lower-case words without accents: `DataNascimento` → data, nascimento."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    plain = unicodedata.normalize("NFKD", spaced).encode("ascii", "ignore").decode().lower()
    return tuple(w for w in re.split(r"[^a-z0-9]+", plain) if w)


def personal(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names that look like data identifying a person (LGPD art. 5, I; GDPR art. 4(1))."""
    return tuple(n for n in names if _identifies(words(n)))


def identifying(table: pd.DataFrame) -> tuple[str, ...]:
    """Return the columns that look like data identifying a person, by their name or by what they hold.

    Values are held against e-mail addresses, phone numbers with a country, and CPF numbers with right check digits.
    """
    named = set(personal(str(c) for c in table.columns))
    return tuple(str(c) for c in table.columns if str(c) in named or _holds_people(table[c]))


def sensitive(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names that look like sensitive data: belief, origin, health, sex life, genes, body (LGPD art. 5, II)."""
    return tuple(n for n in names if _words()["sensitive"].intersection(words(n)))


def is_cpf(text: str) -> bool:
    """Whether `text` is a CPF number: eleven digits, not all the same, of which the last two check the others."""
    if not CPF.fullmatch(text):
        return False
    digits = [int(c) for c in text if c.isdigit()]
    if len(set(digits)) == 1:
        return False
    for end in (9, 10):
        total = sum(digit * (end + 1 - at) for at, digit in enumerate(digits[:end]))
        if (total * 10 % 11) % 10 != digits[end]:
            return False
    return True


def protected(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names that look like protected or sensitive attributes (LGPD art. 5, II; GDPR art. 9)."""
    return tuple(n for n in names if _words()["protected"].intersection(words(n)))


def _identifies(parts: tuple[str, ...]) -> bool:
    known = _words()
    if known["personal"].intersection(parts):
        return True
    return "id" in parts and bool(known["personal_with_id"].intersection(parts))


def _holds_people(values: pd.Series) -> bool:
    if pd.api.types.is_float_dtype(values) or pd.api.types.is_datetime64_any_dtype(values):
        return False
    seen = [str(v).strip() for v in values.dropna().head(INSPECTED)]
    if pd.api.types.is_integer_dtype(values):
        seen = [
            text.zfill(11) for text in seen if 10 <= len(text) <= 11
        ]  # a CPF read as a number loses its zero
    if len(seen) < 3:
        return False
    like = sum(bool(EMAIL.fullmatch(t) or PHONE.fullmatch(t)) or is_cpf(t) for t in seen)
    return like / min(len(values.dropna()), INSPECTED) >= MOST


@lru_cache
def _words() -> dict[str, frozenset[str]]:
    found = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    return {key: frozenset(found[key]) for key in ("personal", "personal_with_id", "protected", "sensitive")}
