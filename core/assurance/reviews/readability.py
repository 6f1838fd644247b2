"""How easily a text is read: Flesch reading ease, for English and adapted to Portuguese.

English: Flesch (1948), 206.835 − 1.015 · words/sentence − 84.6 · syllables/word. Portuguese: Martins, Ghiraldelo, Nunes
and Oliveira Jr. (1996), which adds 42 because Portuguese words have more syllables. 0–100, higher is easier.
"""

import re

_SENTENCE = re.compile(r"[.!?…]+(?:\s|$)|\n+")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_ENGLISH = re.compile(r"[aeiouy]+")
_PORTUGUESE = re.compile(r"[aeiouáéíóúâêôàãõü]", re.IGNORECASE)
_GLIDES = re.compile(
    r"[aeoáéóâêô][iu](?![áéíóúâêô])|[ãõ][eo]|(?<=[gq])u[aeioáéíóâêôã]|[iu][aeo](?=s?$)", re.IGNORECASE
)


def ease(text: str, language: str) -> float:
    """Return the reading ease of a text, `language` being `en` or `pt_BR`; 100 for a text without words."""
    words = _WORD.findall(text)
    if not words:
        return 100.0
    sentences = max(1, sum(bool(_WORD.search(part)) for part in _SENTENCE.split(text)))
    count = syllables_pt if language.startswith("pt") else syllables_en
    beats = sum(count(word) for word in words)
    constant = 248.835 if language.startswith("pt") else 206.835
    return constant - 1.015 * len(words) / sentences - 84.6 * beats / len(words)


def syllables_en(word: str) -> int:
    """Count the syllables of an English word: groups of vowels, a silent final e left out."""
    plain = word.lower()
    found = len(_ENGLISH.findall(plain))
    if plain.endswith("e") and not plain.endswith(("le", "ee")) and found > 1:
        found -= 1
    return max(1, found)


def syllables_pt(word: str) -> int:
    """Count the syllables of a Portuguese word: vowels, less those that glide into their neighbour."""
    vowels = len(_PORTUGUESE.findall(word))
    return max(1, vowels - len(_GLIDES.findall(word)))
