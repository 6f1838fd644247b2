"""Words as they are searched by: one form for capitals, accents and plurals, in English and in Portuguese."""

import re
import unicodedata
from functools import lru_cache

_MARKS = "\u0300-\u036f"
_WORD = re.compile(rf"(?<!\w)\d+(?:[.,]\d+)+(?!\w)|(?:[^\W_][{_MARKS}]*)+")
_SHORTEST = 2
_FROM = 4
"""Words of fewer letters have no plural that could be told from their stem."""
_ENDINGS = (("oe", "ao"), ("ae", "ao"), ("ai", "al"), ("ei", "el"))
"""Portuguese plurals after their s, and the singular: decisões, pães, canais, níveis."""


def words(text: str) -> frozenset[str]:
    """Return the words of a text in the form that is searched; single letters are none, numbers always are."""
    found = (normal(one) for one in _WORD.findall(text))
    return frozenset(word for word in found if len(word) >= _SHORTEST or word.isdigit())


@lru_cache(maxsize=4_096)
def normal(word: str) -> str:
    """Fold capitals and accents, then take the plural away; a decimal comma becomes a point."""
    plain = unicodedata.normalize("NFKD", word.casefold()).casefold().replace(",", ".")
    return _singular("".join(one for one in plain if one.isalnum() or one == "."))


def spans(text: str, wanted: frozenset[str]) -> tuple[tuple[int, int], ...]:
    """Return where words of `text` are among the `wanted`, as [start, end) of characters."""
    return tuple(one.span() for one in _WORD.finditer(text) if normal(one.group()) in wanted)


def excerpt(text: str, wanted: frozenset[str], most: int) -> str:
    """Return about `most` characters around the first wanted word, cut between words, with an ellipsis where cut."""
    if len(text) <= most:
        return text
    first = next(iter(spans(text, wanted)), (0, 0))[0]
    start = max(0, min(first - most // 3, len(text) - most))
    end = start + most
    if start:
        start = text.find(" ", start, first) + 1 or start
    if end < len(text):
        end = max(text.rfind(" ", first, end), first + 1)
    return f"{'… ' if start else ''}{text[start:end].strip()}{' …' if end < len(text) else ''}"


def _singular(word: str) -> str:
    """One rule for both languages, applied to singulars too: what counts is that both forms come to the same."""
    if len(word) < _FROM or not word.isalpha():
        return word
    if word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
        for plural, one in _ENDINGS:
            if len(word) >= _FROM and word.endswith(plural):
                return word[: -len(plural)] + one
    if len(word) > _FROM and word.endswith("e"):
        word = word[:-1]
    if word.endswith("y"):
        return word[:-1] + "i"
    return word[:-1] + "n" if word.endswith("m") else word
