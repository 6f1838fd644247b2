"""Reading a model file in an isolated child without loading it: a crash of a parser harms nobody."""

from collections.abc import Mapping
from typing import Any

from core.assets.intake import verdict
from core.assets.intake.formats import Format
from core.assets.intake.tasks import Answer

MOST_LISTED = 400


def judge(model: Any, frames: Mapping[str, object], options: Mapping[str, Any]) -> Answer:  # noqa: ARG001
    """Return the verdict on the open file; see `verdict.judge`."""
    found = verdict.judge(model, Format(options["format"]))
    return {}, {
        "verdict": found.verdict.value,
        "reason": found.reason[:300],
        "names": [n[:100] for n in found.names[:MOST_LISTED]],
        "unknown": list(found.unknown[: verdict.MOST_UNKNOWN]),
        "list_version": found.list_version,
    }
