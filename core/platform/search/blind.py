"""What stands in the index in place of words: who lacks the key of their author can neither read nor look for them.

A word is an HMAC under a key that is derived from its author's, so that erasing the author makes it nobody's word. What
everybody may know of an entry, its kind for one, is a mark in plain letters that no HMAC can be taken for.
"""

import hmac
import re
from collections.abc import Iterable
from datetime import datetime

_BYTES = 6
"""48 bits: among a million words of all authors together, one wrong hit in a million questions of one word."""


def tokens(key: bytes, words: Iterable[str]) -> list[str]:
    """Return what stands for each word under `key`, in no order that would tell of theirs."""
    return sorted({token(key, word) for word in words})


def token(key: bytes, word: str) -> str:
    """Return twelve hexadecimal digits that stand for a word."""
    return hmac.digest(key, word.encode(), "sha256")[:_BYTES].hex()


def mark(name: str, value: str) -> str:
    """Return a plain mark; its z is no hexadecimal digit."""
    return f"z{name}{re.sub('[^a-z0-9]', '', value.lower())}"


def month(moment: datetime) -> str:
    """Return the mark of a month, UTC."""
    return mark("month", f"{moment:%Y%m}")
