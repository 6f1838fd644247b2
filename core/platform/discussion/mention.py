"""Whom a comment names: `@[per_…]` in its text, so that a name that changes or is erased changes everywhere."""

import re
from collections.abc import Mapping
from enum import StrEnum

from core.i18n import N_

_MENTION = re.compile(r"@\[(per_[0-9a-zA-Z]{1,64})\]")
_AT = re.compile(r"@(?!\[)")


class Reaction(StrEnum):
    """A word less than a comment; it is no decision and stays out of the log."""

    AGREE = "agree"
    SEEN = "seen"
    THANKS = "thanks"
    UNCLEAR = "unclear"


REACTIONS: Mapping[Reaction, tuple[str, str]] = {
    Reaction.AGREE: ("thumb_up", N_("Agreed")),
    Reaction.SEEN: ("visibility", N_("Seen")),
    Reaction.THANKS: ("favorite", N_("Thank you")),
    Reaction.UNCLEAR: ("help", N_("Unclear to me")),
}
"""The icon and the word of each."""


def mentioned(text: str) -> tuple[str, ...]:
    """Return the ids of the people that a text names, each once, in their order."""
    return tuple(dict.fromkeys(_MENTION.findall(text)))


def spelled(text: str, names: Mapping[str, str]) -> str:
    """Return a text with names in the place of ids, as people read it."""
    return _MENTION.sub(lambda found: f"@{names.get(found[1], found[1])}", text)


def marked(text: str, names: Mapping[str, str]) -> str:
    """Return a text with ids in the place of names that were typed after an @; the longest name that fits counts.

    A name that two people share names neither: whoever writes must choose.
    """
    by_name: dict[str, str] = {}
    for person_id, name in names.items():
        by_name[name.casefold()] = "" if name.casefold() in by_name else person_id
    longest_first = sorted((name for name, person in by_name.items() if person), key=len, reverse=True)

    def replace(rest: str) -> str:
        for name in longest_first:
            after = rest[len(name) : len(name) + 1]
            if rest[: len(name)].casefold() == name and not after.isalnum():
                return f"@[{by_name[name]}]{rest[len(name) :]}"
        return "@" + rest

    first, *others = _AT.split(text)
    return first + "".join(replace(rest) for rest in others)
