"""A table scored by the live version, chunk by chunk: every row is logged, nothing else of the table is kept."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from app.scoring import answering, scorer
from core.assets.datasets.reading import require_column
from core.assets.registry.version import Version
from core.errors import Invalid
from core.i18n import N_
from core.ids import new_id
from core.platform.access.permissions import Permission, require
from core.platform.store import Actor

CHUNK = 2_000
MOST_ROWS = 500_000


def score_table(
    actor: Actor,
    use_case: str,
    table: pd.DataFrame,
    *,
    id_column: str = "",
    subject_column: str = "",
    progress: Callable[[float], None] = lambda _share: None,
) -> pd.DataFrame:
    """Return for each row its id in the log, the prediction and, where the model gives one, the probability.

    Without `id_column` Aval names the rows. Raise `Invalid` naming the column, `NotFound` where nothing is live.
    """
    require(actor, Permission.SCORE)
    version = answering(use_case).version
    _check(table)
    ids = _ids(table, id_column)
    subjects = table[subject_column].astype(str).tolist() if subject_column else [""] * len(table)
    features = _features(version, table)
    found = []
    for first in range(0, len(table), CHUNK):
        last = min(first + CHUNK, len(table))
        rows = features.iloc[first:last].reset_index(drop=True)
        answers = scorer().score(version, rows, ids[first:last], subjects[first:last])
        part = pd.DataFrame({"prediction_id": ids[first:last], "prediction": list(answers.prediction)})
        if answers.probabilities is not None:
            chances = answers.probabilities
            part["probability"] = (
                chances[:, answers.positive] if len(answers.classes) == 2 else chances.max(axis=1)
            )
        found.append(part)
        progress(last / len(table))
    return pd.concat(found, ignore_index=True)


def _check(table: pd.DataFrame) -> None:
    if not 1 <= len(table) <= MOST_ROWS:
        raise Invalid(
            "batch.rows",
            N_("A table to score has 1 to {most} rows; this one has {n}."),
            fix=N_("Send it in parts."),
            most=MOST_ROWS,
            n=len(table),
        )


def _ids(table: pd.DataFrame, column: str) -> list[str]:
    if not column:
        batch = new_id("bat")
        return [f"{batch}-{n}" for n in range(len(table))]
    ids = table[column].astype(str)
    if table[column].isna().any() or ids.duplicated().any():
        raise Invalid(
            "batch.ids",
            N_("The column {column} does not name each row once."),
            fix=N_("Choose a column without gaps and repetitions, or let Aval name the rows."),
            field=column,
            column=column,
        )
    return ids.tolist()


def _features(version: Version, table: pd.DataFrame) -> pd.DataFrame:
    """The model's features: under its own names, or under those of the evaluation table."""
    names, known = version.signature.names, version.table_columns
    columns = names if set(names) <= set(table.columns) else known
    for column in columns:
        require_column(column, table.columns, name="table")
    found = table[list(columns)].set_axis(list(names), axis="columns")
    return found.replace({np.inf: np.nan, -np.inf: np.nan})
