"""What stands in the index in place of words: who lacks the key of their author can neither read nor look for them.

A word is an HMAC under a key that is derived from its author's, so that erasing the author makes it nobody's word. What
everybody may know of an entry, its kind for one, is a mark in plain letters that no HMAC can be taken for.
"""

import base64
import hmac
import re
from collections.abc import Iterable
from datetime import datetime

_LETTERS = 10
"""50 bits: among a million words of all authors together, a wrong hit in five million questions."""
_BYTES = 7


def tokens(key: bytes, words: Iterable[str]) -> list[str]:
    """Return what stands for each word under `key`, in no order that would tell of theirs."""
    return sorted({token(key, word) for word in words})


def token(key: bytes, word: str) -> str:
    """Return ten letters and digits of base32 that stand for a word."""
    return base64.b32encode(hmac.digest(key, word.encode(), "sha256")[:_BYTES])[:_LETTERS].decode().lower()


def mark(name: str, value: str) -> str:
    """Return a plain mark; its 0 is no letter of base32."""
    return f"0{name}{re.sub('[^a-z0-9]', '', value.lower())}"


def month(moment: datetime) -> str:
    """Return the mark of a month, UTC."""
    return mark("month", f"{moment:%Y%m}")
