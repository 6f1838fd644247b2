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
ARRIVING = 0.8
"""Share of the oldest third's label coverage below which the newest third's tells that outcomes are still arriving."""


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


@dataclass(frozen=True, slots=True)
class Terms:
    """What rows count: those of a day before `complete`, and judged on are those from `unseen` on.

    Without `complete` nobody said how long outcomes take; `unseen` is where the champion's own training ended.
    """

    complete: np.datetime64 | None = None
    unseen: np.datetime64 | None = None


def assemble(
    reference: pd.DataFrame, logged: pd.DataFrame, days: pd.Series, label: str, terms: Terms = Terms()
) -> Assembled:
    """Cut logged rows by day; no day stands on both sides. `logged` has the columns of `reference`.

    Columns that it has beyond those stay with the later rows: nobody trains on them.

    Raise `Conflict` where the log holds too few outcomes, or one day only, or where outcomes are still arriving and
    nobody said how long they take: what is known early is no fair sample of what comes.
    """
    logged = logged.assign(**{label: _as_in(reference[label], logged[label])})
    if terms.complete is not None:
        old = days.to_numpy() < terms.complete
        logged, days = logged[old], pd.Series(days.to_numpy()[old])
    known = logged[label].notna().to_numpy()
    if terms.complete is None and known.sum() >= FEWEST and _arriving(known, days.to_numpy()):
        raise Conflict(
            "retraining.outcomes_arriving",
            N_("Outcomes are still arriving: of recent predictions fewer are known than of earlier ones."),
            fix=N_(
                "Say in the policy after how many days outcomes are complete: those that come early are no fair sample."
            ),
        )
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
    if terms.unseen is not None and cut < terms.unseen:
        cut = _unseen(moments, terms.unseen)
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
        pd.concat([rows, logged.loc[~late, list(reference.columns)]], ignore_index=True),
        logged[late].reset_index(drop=True),
        len(rows),
        len(logged),
        moments[0],
        cut,
        moments[-1],
    )


def _unseen(moments: np.ndarray, since: np.datetime64) -> np.datetime64:
    """The first day that the champion was not trained on; enough rows must lie there to judge both."""
    after = moments[moments >= since]
    least = int(FEWEST * KEPT)
    if len(after) < least:
        raise Conflict(
            "retraining.few_unseen",
            N_(
                "Only {n} outcomes are of predictions that the live version was not trained on; {least} are needed."
            ),
            fix=N_("Wait for more outcomes."),
            n=len(after),
            least=least,
        )
    return np.datetime64(after[0])


def _arriving(known: np.ndarray, days: np.ndarray) -> bool:
    """Say whether of the days with outcomes the newest third has clearly fewer than the oldest.

    Where all outcomes of a day come at once, after a month, say, the days without any are no sample at all.
    """
    at = days.astype("datetime64[D]").astype(np.int64)
    some = np.isin(at, np.unique(at[known]))
    at, known = at[some], known[some]
    first, last = np.quantile(at, [1 / 3, 2 / 3])
    old, new = known[at <= first], known[at > last]
    return bool(len(old) and len(new) and new.mean() < ARRIVING * old.mean())


def _as_in(reference: pd.Series, labels: pd.Series) -> pd.Series:
    """Return labels as the reference writes them; those that it does not know are missing, unless they are quantities."""
    values = reference.dropna().unique()
    if pd.api.types.is_float_dtype(reference) and len(values) > 2 and pd.api.types.is_numeric_dtype(labels):
        return labels.astype(float)
    known = {as_text(value): value for value in values}
    found = labels.map(lambda label: None if pd.isna(label) else known.get(as_text(label)))
    return found.astype(reference.dtype) if found.notna().all() else found
