"""The job that looks for the rows on which a version errs most."""

import numpy as np
import pandas as pd

from core.assets.datasets import queries as datasets
from core.assets.intake import queries as intake
from core.assets.registry import queries as registry
from core.assets.registry.usecase import Task
from core.evidence.slices import commands, finding
from core.i18n import N_
from core.platform.jobs.handling import JobContext


def analyse(context: JobContext) -> None:
    """Analyse the errors of `payload["version_id"]`, over its features and protected attributes."""
    version_id = str(context.payload["version_id"])
    store = context.store
    context.progress(0.05, N_("Reading the evaluation data"))
    with store.reading() as view:
        version = registry.version(view, version_id)
        task = registry.use_case_by_id(view, version.use_case_id).task
        evaluation = intake.evaluation(view, version_id)
        protected = datasets.dataset(view, version.dataset_id).protected
    if evaluation is None:
        return
    table = datasets.frame(store.files, version.table_digest)
    rows = table.loc[table[version.label_column].dropna().index].reset_index(drop=True)
    stored = pd.read_parquet(store.files.path(evaluation.predictions_digest))
    if task is Task.REGRESSION:
        error = np.abs(stored["prediction"].to_numpy(np.float64) - stored["label"].to_numpy(np.float64))
        kind = "absolute"
    else:
        error = (stored["prediction"] != stored["label"]).to_numpy(np.float64)
        kind = "wrong"
    columns = [c for c in dict.fromkeys((*version.table_columns, *protected)) if c in rows.columns]
    context.progress(0.3, N_("Looking for where it errs"))
    found = finding.find(rows[columns], error, kind=kind)
    if found is None:
        return
    with store.unit_of_work(context.actor) as uow:
        commands.store(uow, version_id, found, predictions_digest=evaluation.predictions_digest)
