"""Put a training table together: the champion's evaluation rows and logged rows with outcomes, in the order of time."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.assets.intake.matching import as_text
from core.errors import Conflict
from core.i18n import N_

KEPT = 0.25
"""Share of the logged rows, the latest, that nobody trains on: both models are judged on them."""
FEWEST = 200
"""Logged rows with an outcome below which no retraining is judged."""


@dataclass(frozen=True, eq=False)
class Assembled:
    """Rows to train on and later rows to judge on, both with features and label; days of the logged rows."""

    training: pd.DataFrame
    later: pd.DataFrame
    reference: int
    logged: int
    first: np.datetime64
    cut: np.datetime64
    last: np.datetime64


def assemble(reference: pd.DataFrame, logged: pd.DataFrame, days: pd.Series, label: str) -> Assembled:
    """Cut logged rows by day; no day stands on both sides. `logged` has the columns of `reference`, outcomes known.

    Raise `Conflict` where the log holds too few outcomes, or one day only.
    """
    logged = logged.assign(**{label: _as_in(reference[label], logged[label])})
    known = logged[label].notna().to_numpy()
    logged, days = logged[known], pd.Series(days.to_numpy()[known])
    if len(logged) < FEWEST:
        raise Conflict(
            "retraining.few_outcomes",
            N_("Only {n} logged predictions have an outcome; a retraining is judged from {least} on."),
            fix=N_("Send the outcomes (labels) that are known by now, or wait for more."),
            n=len(logged),
            least=FEWEST,
        )
    order = np.argsort(days.to_numpy(), kind="stable")
    logged, moments = logged.iloc[order], days.to_numpy()[order]
    cut = moments[int(len(moments) * (1 - KEPT))]
    if cut == moments[0]:
        later = moments[moments > cut]
        if not len(later):
            raise Conflict(
                "retraining.one_day",
                N_("All outcomes are of one day: there are no later rows to judge on."),
                fix=N_("Wait for outcomes of other days."),
            )
        cut = later[0]
    late = moments >= cut
    rows = reference[reference[label].notna()]
    return Assembled(
        pd.concat([rows, logged[~late]], ignore_index=True),
        logged[late].reset_index(drop=True),
        len(rows),
        len(logged),
        moments[0],
        cut,
        moments[-1],
    )


def _as_in(reference: pd.Series, labels: pd.Series) -> pd.Series:
    """Return labels as the reference writes them; those that it does not know are missing, unless they are quantities."""
    values = reference.dropna().unique()
    if pd.api.types.is_float_dtype(reference) and len(values) > 2 and pd.api.types.is_numeric_dtype(labels):
        return labels.astype(float)
    known = {as_text(value): value for value in values}
    found = labels.map(lambda label: None if pd.isna(label) else known.get(as_text(label)))
    return found.astype(reference.dtype) if found.notna().all() else found
