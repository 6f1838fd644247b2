"""What a signer had opened before signing, so that oversight is more than a signature (EU AI Act, article 14)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum

from core.i18n import N_


class Part(StrEnum):
    """A part of the evidence that has a page of its own; the gates are on the page that is signed."""

    EXPLANATION = "explanation"
    FAIRNESS = "fairness"
    CARD = "card"
    WEAK = "weak"


PART_NAMES: Mapping[Part, str] = {
    Part.EXPLANATION: N_("Explanation"),
    Part.FAIRNESS: N_("Fairness"),
    Part.CARD: N_("Model card"),
    Part.WEAK: N_("Weak points"),
}
KEPT = timedelta(days=90)
"""What was opened and never signed for is forgotten after this; with a signature it is kept like the signature."""


def looked(opened: Sequence[str] | None) -> bool:
    """Whether a signer had opened the explanation; a signature from before this was recorded says nothing."""
    return opened is not None and Part.EXPLANATION in opened


def in_order(parts: Iterable[str]) -> list[str]:
    """Return the parts in the order in which pages list them; unknown ones are dropped."""
    found = set(parts)
    return [part.value for part in Part if part in found]
