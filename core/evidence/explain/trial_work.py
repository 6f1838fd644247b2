"""The job that puts a stored explanation on trial: the model is asked again, in isolation, in other ways."""

import numpy as np

from core.assets.datasets import queries as datasets
from core.assets.intake.runner import Runner
from core.assets.registry import queries as registry
from core.errors import Invalid
from core.evidence.explain import asking, commands, queries, sampling, trial
from core.i18n import N_
from core.platform.jobs.handling import JobContext

TASK = "core.evidence.explain.isolated:trial"
ROWS = 100
BACKGROUND = 600


def put_on_trial(context: JobContext, runner: Runner) -> None:
    """Try the explanation of `payload["version_id"]` and store what it showed. Raise `Invalid`."""
    version_id = str(context.payload["version_id"])
    context.progress(0.1, N_("Putting the explanation on trial"))
    with context.store.reading() as session:
        version = registry.version(session, version_id)
        found = queries.explanation(session, version_id)
    if found is None:
        return
    files = context.store.files
    features = version.features_of(datasets.frame(files, version.table_digest))
    values = queries.attributions(files, found)
    few = values.index[:ROWS].to_numpy()
    background = features.iloc[sampling.background(len(features), most=BACKGROUND, seed=7)]
    frames = {
        "rows": features.iloc[few].reset_index(drop=True),
        "background": background.reset_index(drop=True),
    }
    options = {"label": found.label, "seed": asking.SEED}
    outcome = runner.run(
        TASK, files.path(version.artifact_digest), version.format, frames, options, trusted=version.names
    )
    try:
        arrays = {name: np.asarray(outcome.arrays[name], np.float64) for name in ("permuted", "one", "other")}
        unlike = float(outcome.meta["unlike"])
    except (KeyError, TypeError, ValueError):
        arrays, unlike = {}, float("nan")
    if not arrays or any(a.ndim != 2 or a.shape[1] != features.shape[1] for a in arrays.values()):
        raise Invalid(
            "explanation.answer",
            N_("The process of the model gave an answer that is no explanation."),
            fix=N_("Save the model again and upload it as a new version."),
        )
    names = [str(c) for c in features.columns]
    told = trial.tried(
        values[names].to_numpy(np.float64),
        found.max_error,
        names,
        permuted=arrays["permuted"],
        one=arrays["one"],
        other=arrays["other"],
        unlike=unlike,
        seed=asking.SEED,
    )
    with context.store.unit_of_work(context.actor) as uow:
        commands.store_trial(uow, version_id, found.values_digest, told)
