"""What runs beside an uploaded model inside the isolated runner; nothing here touches store or network."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evidence.explain.engine import NoScoreError, explain, raw
from core.evidence.explain.plausibility import Neighbourhood
from core.evidence.explain.shapley import agnostic, interactions, interventional, oblivious, quadrature
from core.evidence.explain.terms import Question

Arrays = dict[str, NDArray[np.generic]]
Meta = dict[str, object]

SHUFFLES = 5


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


def trial(
    model: object, frames: Mapping[str, pd.DataFrame], options: Mapping[str, object]
) -> tuple[Arrays, Meta]:
    """What the explanation of `frames["rows"]` rests on: answers of the model to shuffled columns and other backgrounds.

    Arrays: `permuted` (repeats × features) mean |change of the raw output|, `one` and `other` (rows × features) values
    against disjoint halves of `frames["background"]`. Meta: `unlike`, the share of mixed rows unlike anything seen.
    """
    rows, background = frames["rows"], frames["background"]
    label = str(options.get("label") or "") or None
    seed = int(str(options.get("seed", 0)))
    rng = np.random.default_rng(seed)
    half = len(background) // 2
    try:
        score = raw(model, rows, background, label)
        one, other = (
            explain(
                model,
                rows,
                part,
                label=label,
                question=Question.INTERVENTIONAL,
                budget=3.0,
                seed=seed,
                background_rows=30,
            )
            for part in (
                background.iloc[:half].reset_index(drop=True),
                background.iloc[half:].reset_index(drop=True),
            )
        )
    except NoScoreError:
        return {}, {"refused": "no_score"}
    plain = score(background)
    permuted = np.zeros((SHUFFLES, rows.shape[1]))
    for repeat in range(SHUFFLES):
        for position in range(rows.shape[1]):
            shuffled = background.copy()
            order = rng.permutation(len(background))
            shuffled.isetitem(position, background.iloc[:, position].array.take(order))
            permuted[repeat, position] = float(np.abs(score(shuffled) - plain).mean())
    mixtures = pd.concat(
        [
            agnostic.mixed(
                rows.iloc[[i]], background.iloc[[i % len(background)]], rng.random((1, rows.shape[1])) < 0.5
            )
            for i in range(min(100, len(rows)))
        ],
        ignore_index=True,
    )
    numeric = [pd.api.types.is_numeric_dtype(t) and not pd.api.types.is_bool_dtype(t) for t in rows.dtypes]
    space = Neighbourhood(background.head(400), numeric)
    unlike = float((space.distance(mixtures) > space.usual).mean())
    return {"permuted": permuted, "one": one.values, "other": other.values}, {"unlike": unlike}


# The helper imports this module once, before it forks and locks its children in: here, and only here, the kernel's
# machine code may be read from or written to the disk. No other process of Aval imports this module.
for kernel in (quadrature, oblivious, interventional, interactions):
    kernel.warm_up()
