"""Who acts: a pseudonym, never a name."""

from dataclasses import dataclass
from typing import Literal

Via = Literal["page", "api", "cli", "job"]


@dataclass(frozen=True, slots=True)
class Actor:
    """The person, service token or the system itself, as commands and the audit log know them."""

    id: str
    kind: Literal["person", "service", "system"]
    roles: frozenset[str] = frozenset()
    via: Via = "page"


SYSTEM = Actor(id="system", kind="system", via="job")
