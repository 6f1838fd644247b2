"""What runs beside an uploaded model for one case: its score, its attribution, and what would change it."""

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evidence.explain.engine import NoScoreError, explain
from core.evidence.explain.families import choice
from core.evidence.explain.shapley import outputs
from core.evidence.recourse.counterfactual import Counterfactual
from core.evidence.recourse.limits import Limits
from core.evidence.recourse.search import Search

Arrays = dict[str, NDArray[np.generic]]
Meta = dict[str, object]


def case(
    model: object, frames: Mapping[str, pd.DataFrame], options: Mapping[str, object]
) -> tuple[Arrays, Meta]:
    """One row of `frames["rows"]` against `frames["background"]`.

    Options: `label`, `seed`; `limits` (JSON) and `threshold` for counterfactuals, `search` says whether they are wanted,
    `most` how many. The decision is the score reaching the threshold; the answer names the other side.
    """
    rows, background = frames["rows"], frames["background"]
    label = str(options.get("label") or "") or None
    try:
        found = explain(
            model, rows, background, label=label, budget=2.0, seed=int(str(options.get("seed", 0)))
        )
    except NoScoreError:
        return {}, {"refused": "no_score"}
    decided = outputs.probability(model, label) or outputs.margin(model, label)
    arrays: Arrays = {"values": found.values, "scores": found.scores, "errors": found.errors}
    meta: Meta = {
        "base": found.base,
        "method": found.method.value,
        "question": found.question.value,
        "unit": found.unit.value,
        "label": found.label,
        "background": found.background,
        "pairs": found.pairs,
        "fallback": found.fallback.value if found.fallback else "",
        "decided": None,
        "cases": [],
        "tried": 0,
        "implausible": 0,
    }
    if decided is None:
        return arrays, meta
    threshold = float(str(options.get("threshold", 0.5))) if decided.unit.value == "probability" else 0.0
    score = float(decided.score(rows)[0])
    meta |= {"decided": score, "threshold": threshold}
    if options.get("search"):
        limits = Limits.from_json(json.loads(str(options.get("limits") or "{}")))
        search = Search(decided.score, background, limits, _thresholds(model, rows, background, label))
        answer = search.run(rows, threshold, above=score < threshold, most=int(str(options.get("most", 3))))
        meta |= {
            "cases": [_told(c) for c in answer.counterfactuals],
            "tried": answer.tried,
            "implausible": answer.implausible,
        }
    return arrays, meta


def _told(found: Counterfactual) -> dict[str, object]:
    return {
        "changes": [[c.feature, c.before, c.after, c.follows] for c in found.changes],
        "score": found.score,
        "cost": found.cost,
        "distance": found.distance,
    }


def _thresholds(
    model: object, rows: pd.DataFrame, background: pd.DataFrame, label: str | None
) -> Mapping[str, Sequence[float]]:
    """Split points of a tree model by source column, for columns that reach the trees as they are."""
    if not choice.is_known(model):
        return {}
    try:
        reading = choice.trees(model, rows, background, label)
        few = background.head(50)
        matrix = reading.matrix(few)
    except Exception:  # noqa: BLE001 a foreign model; quantiles serve as well
        return {}
    found: dict[str, set[float]] = {}
    for column, owner in enumerate(reading.players):
        values = few.iloc[:, owner]
        if not pd.api.types.is_numeric_dtype(values):
            continue
        given = values.to_numpy(np.float64, na_value=np.nan)
        if np.allclose(matrix[:, column], given, rtol=1e-6, equal_nan=True):
            for tree in reading.ensemble.trees:
                splits = (tree.left >= 0) & (tree.column == column) & (tree.category_set < 0)
                found.setdefault(str(few.columns[owner]), set()).update(tree.threshold[splits].tolist())
    return {name: sorted(t for t in splits if np.isfinite(t)) for name, splits in found.items()}
