"""What is released together: the model and the further parts that it needs to run as it was evaluated."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.i18n import N_

IMAGE = re.compile(r"[a-z0-9][\w.\-/:]{0,200}@sha256:([0-9a-f]{64})")
MOST_PARTS = 20


class PartKind(StrEnum):
    """What a part is for. An image is a reference, everything else a stored file."""

    PIPELINE = "pipeline"
    THRESHOLDS = "thresholds"
    REQUIREMENTS = "requirements"
    IMAGE = "image"
    OTHER = "other"


PART_NAMES: Mapping[PartKind, str] = {
    PartKind.PIPELINE: N_("Feature pipeline"),
    PartKind.THRESHOLDS: N_("Thresholds file"),
    PartKind.REQUIREMENTS: N_("Requirements"),
    PartKind.IMAGE: N_("Container image"),
    PartKind.OTHER: N_("Another file"),
}


@dataclass(frozen=True, slots=True)
class Part:
    """One part; `size` is bytes, 0 for an image, whose digest is the one that its reference names."""

    id: str
    kind: PartKind
    name: str
    digest: str
    size: int
    added_by: str
    added_at: datetime


@dataclass(frozen=True, slots=True)
class Bundle:
    """Every part of a version beside the model itself, by kind and name."""

    parts: tuple[Part, ...]

    @property
    def digest(self) -> str:
        """SHA-256 over kind, name and digest of every part in a fixed order; empty where there is none."""
        if not self.parts:
            return ""
        facts = sorted([p.kind.value, p.name, p.digest] for p in self.parts)
        return hashlib.sha256(json.dumps(facts, separators=(",", ":")).encode()).hexdigest()


def image_digest(reference: str) -> str:
    """Return the digest that an image reference is pinned to; empty where it is not pinned by one."""
    found = IMAGE.fullmatch(reference)
    return found.group(1) if found else ""
