"""What waits for somebody: one short list over all nouns, the reader's own first."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from core.i18n import _


class Urgency(IntEnum):
    """The order of the list; the first three block somebody."""

    MINE = 0
    FAILING = 1
    REFUSED = 2
    ALERT = 3
    WARNING = 4


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to open: `page` is a screen's name, `query` what it is opened with, `template` a catalogue key.

    `key` names it as `noun:id`, so that it can be handed on and put off.
    """

    urgency: Urgency
    template: str
    params: Mapping[str, object]
    page: str
    query: Mapping[str, str]
    icon: str
    since: datetime
    due: datetime | None = None
    detail: str = field(default="")
    key: str = ""

    def text(self) -> str:
        """What it is, in the reader's language."""
        return _(self.template, **self.params)


def in_order(items: list[Item]) -> tuple[Item, ...]:
    """The reader's own first, by due date; then by urgency, newest first."""
    return tuple(
        sorted(
            items,
            key=lambda i: (i.urgency, i.due.timestamp() if i.due else float("inf"), -i.since.timestamp()),
        )
    )
