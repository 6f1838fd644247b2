"""What runs beside an uploaded model inside the isolated runner; nothing here touches store or network."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evidence.explain.engine import NoScoreError, explain
from core.evidence.explain.shapley import interactions, interventional, quadrature
from core.evidence.explain.terms import Question

Arrays = dict[str, NDArray[np.generic]]
Meta = dict[str, object]


def attribute(
    model: object, frames: Mapping[str, pd.DataFrame], options: Mapping[str, object]
) -> tuple[Arrays, Meta]:
    """Attributions of `frames["rows"]` against `frames["background"]`.

    Options: `label` (class to explain, "" for the default), `question` ("" for the family's own), `budget` (seconds),
    `seed`, `agnostic` (skip exact methods), `pairs` and `background` (fixed numbers of permutation pairs and background
    rows, 0: choose). Meta holds `refused` when nothing can be explained.
    """
    try:
        found = explain(
            model,
            frames["rows"],
            frames["background"],
            label=str(options.get("label") or "") or None,
            question=Question(str(options["question"])) if options.get("question") else None,
            budget=float(str(options.get("budget", 30.0))),
            seed=int(str(options.get("seed", 0))),
            agnostic_only=bool(options.get("agnostic", False)),
            pairs=int(str(options.get("pairs", 0))),
            background_rows=int(str(options.get("background", 0))),
        )
    except NoScoreError:
        return {}, {"refused": "no_score"}
    arrays: Arrays = {"values": found.values, "scores": found.scores, "errors": found.errors}
    return arrays, {
        "base": found.base,
        "method": found.method.value,
        "question": found.question.value,
        "unit": found.unit.value,
        "label": found.label,
        "background": found.background,
        "pairs": found.pairs,
        "fallback": found.fallback.value if found.fallback else "",
        "max_error": found.max_error,
    }


# The helper imports this module once, before it forks and locks its children in: here, and only here, the kernel's
# machine code may be read from or written to the disk. No other process of Aval imports this module.
for kernel in (quadrature, interventional, interactions):
    kernel.warm_up()
