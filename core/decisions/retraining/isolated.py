"""What an isolated child is asked to do: train a copy of a model's pipeline on other rows and write it out."""

import warnings
from collections.abc import Mapping
from typing import Any

import pandas as pd

from core.assets.intake.tasks import Answer


def refit(model: Any, frames: Mapping[str, pd.DataFrame], options: Mapping[str, Any]) -> Answer:
    """Clone the estimator with its parameters, fit it to `rows` and `label`, and write it to the output as joblib."""
    import joblib  # noqa: PLC0415 - imported by the helper before the fork
    from sklearn.base import clone  # noqa: PLC0415

    label = frames["label"].iloc[:, 0]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fresh = clone(model).fit(frames["rows"], label.to_numpy())
    joblib.dump(fresh, options["output"])
    options["output"].flush()
    return {}, {"warnings": sorted({str(w.message)[:300] for w in caught})[:20]}
