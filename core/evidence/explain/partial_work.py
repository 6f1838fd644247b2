"""The job that asks a model what it would say if one feature alone were otherwise."""

import numpy as np

from core.assets.datasets import queries as datasets
from core.assets.datasets.schema import is_number
from core.assets.intake.predictions import Predictions
from core.assets.intake.runner import Runner
from core.assets.registry import queries as registry
from core.evidence.explain import commands, queries, sampling
from core.evidence.explain.partial import Floats, Partial, grid, partial, varied
from core.i18n import N_
from core.platform.jobs.handling import JobContext

ROWS = 300
MOST = 20
"""Features: the most important ones."""


def work_out(context: JobContext, runner: Runner) -> None:
    """Work out the partial dependence of `payload["version_id"]`, feature by feature. Raise `Invalid`."""
    version_id = str(context.payload["version_id"])
    with context.store.reading() as session:
        version = registry.version(session, version_id)
        explanation = queries.explanation(session, version_id)
    if explanation is None:
        return
    files = context.store.files
    features = version.features_of(datasets.frame(files, version.table_digest))
    rows = features.iloc[sampling.background(len(features), most=ROWS, seed=3)].reset_index(drop=True)
    path = files.path(version.artifact_digest)
    wanted = explanation.features[:MOST]
    found: list[Partial] = []
    for done, name in enumerate(wanted):
        context.progress(done / len(wanted), N_("Asking the model what one feature alone would change"))
        values = grid(features[name])
        if len(values) < 2:
            continue
        asked = varied(rows, name, values)
        answers = runner.predict(path, version.format, asked, trusted=version.names)
        numeric = is_number(features[name])
        said = _scores(answers, explanation.label).reshape(len(values), len(rows))
        found.append(partial(name, values, said, numeric=numeric))
    with context.store.unit_of_work(context.actor) as uow:
        commands.store_partial(uow, version_id, explanation.values_digest, found)


def _scores(found: Predictions, label: str) -> Floats:
    """What the model says of each row: the probability of the explained class, whether it is that class, or a number."""
    if not found.classes:
        return np.asarray(found.values, dtype=np.float64)
    place = found.classes.index(label) if label in found.classes else len(found.classes) - 1
    if found.probabilities is None:
        return np.asarray(found.values == place, dtype=np.float64)
    return np.asarray(found.probabilities[:, place], dtype=np.float64)
