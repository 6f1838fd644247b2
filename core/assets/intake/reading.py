"""Reading a model file in an isolated child without loading it: a crash of a parser harms nobody."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.assets.intake import failures, verdict
from core.assets.intake.formats import Format
from core.assets.intake.reasons import MOST_PARAMETER, REASONS
from core.assets.intake.tasks import Answer
from core.assets.intake.verdict import Verdict
from core.errors import Invalid
from core.i18n import N_

if TYPE_CHECKING:
    from core.assets.intake.runner import Runner

MOST_LISTED = 400
MOST_FACTS = 16 << 10


def judge(model: Any, frames: Mapping[str, object], options: Mapping[str, Any]) -> Answer:  # noqa: ARG001
    """Return the verdict on the open file; see `verdict.judge`."""
    found = verdict.judge(model, Format(options["format"]))
    return {}, {
        "verdict": found.verdict.value,
        "code": found.code,
        "params": dict(found.params),
        "names": [n[:200] for n in found.names[:MOST_LISTED]],
        "unknown": list(found.unknown[: verdict.MOST_UNKNOWN]),
        "list_version": found.list_version,
        "facts": _bounded(found.facts),
    }


@dataclass(frozen=True, slots=True)
class Read:
    """What the child said of the file: `trusted` are all names in it; `refusal` is set where it is refused."""

    verdict: Verdict
    trusted: tuple[str, ...]
    unknown: tuple[str, ...]
    list_version: str
    facts: Mapping[str, object]
    refusal: Invalid | None


def judged(runner: "Runner", path: Path, kind: str) -> Read:
    """Have a file judged in an isolated child; what it answers is held to its form."""
    meta = runner.run(f"{__name__}:judge", path, "raw", {}, {"format": kind}).meta
    found = meta.get("verdict")
    code, params = meta.get("code"), meta.get("params")
    facts = meta.get("facts")
    if found not in set(Verdict) or not isinstance(params, dict) or not isinstance(facts, dict):
        raise failures.bad_answer("facts")
    refusal = None
    if found == Verdict.REFUSED:
        if code not in REASONS:
            raise failures.bad_answer("facts")
        said = {str(k): str(v)[:MOST_PARAMETER] for k, v in params.items()}
        refusal = Invalid(
            "artifact.refused",
            REASONS[str(code)],
            fix=N_("Save the fitted model itself with skops.io.dump, without code of your own in it."),
            field="artifact",
            **said,
        )
    names, unknown = _texts(meta.get("names")), _texts(meta.get("unknown"))
    return Read(Verdict(found), names, unknown, str(meta.get("list_version"))[:40], facts, refusal)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(v)[:200] for v in value) if isinstance(value, list) else ()


def _bounded(facts: Mapping[str, object]) -> dict[str, object]:
    """Keep what fits: an answer has 64 KiB for everything."""
    kept: dict[str, object] = {}
    left = MOST_FACTS
    for name, value in facts.items():
        left -= len(json.dumps({name: value}))
        if left > 0:
            kept[name] = value
    return kept
