"""One case in the isolated runner: its attribution, and what would change the decision."""

import json
from collections.abc import Mapping, Sequence
from typing import cast

import pandas as pd

from core.assets.datasets import queries as datasets
from core.assets.intake.runner import Runner
from core.assets.registry import queries as registry
from core.assets.registry.version import Version
from core.errors import Invalid
from core.evidence.explain import asking, sampling
from core.evidence.recourse import commands, queries
from core.evidence.recourse.case import CaseAnswer, Values
from core.evidence.recourse.counterfactual import Change, Counterfactual
from core.evidence.recourse.queries import Asked
from core.i18n import N_
from core.platform.jobs.handling import JobContext
from core.platform.store import Store

TASK = "core.evidence.recourse.isolated:case"
REFERENCE = 2_000  # observed rows: candidates, plausibility and background


def answer_case(context: JobContext, runner: Runner) -> None:
    """Answer `payload["values"]` of `payload["version_id"]` and store it. Raise `Invalid`."""
    version_id, values = str(context.payload["version_id"]), cast("Values", context.payload["values"])
    context.progress(0.1, N_("Asking the model about this case"))
    with context.store.reading() as session:
        asked = queries.asked(session, version_id, values, search=bool(context.payload["search"]))
    found = answered(context.store, runner, asked)
    with context.store.unit_of_work(context.actor) as uow:
        commands.store(uow, version_id, asked.key, found)


def answered(store: Store, runner: Runner, asked: Asked, *, most: int = 3) -> CaseAnswer:
    """Answer a question about a case: for the job, and for whoever holds a runner. Raise `Invalid`."""
    with store.reading() as session:
        version = registry.version(session, asked.version_id)
    table = datasets.frame(store.files, version.table_digest)
    features = version.features_of(table)
    reference = features.iloc[sampling.background(len(features), most=REFERENCE)].reset_index(drop=True)
    frames = {"rows": frame(asked.values, features), "background": reference}
    options = {
        "label": asked.label,
        "seed": asking.SEED,
        "search": asked.search,
        "threshold": asked.threshold,
        "limits": json.dumps(asked.limits.to_json()),
        "most": most,
    }
    path = store.files.path(version.artifact_digest)
    outcome = runner.run(TASK, path, version.format, frames, options, trusted=version.names)
    attribution = asking.claimed(outcome, 1, features.shape[1])
    decided = outcome.meta.get("decided")
    return CaseAnswer(
        values=asked.values,
        phi=dict(zip(map(str, features.columns), map(float, attribution.values[0]), strict=True)),
        base=attribution.base,
        score=float(attribution.scores[0]),
        method=attribution.method,
        question=attribution.question,
        unit=attribution.unit,
        fallback=attribution.fallback,
        label=attribution.label,
        decided=None if decided is None else float(decided),
        threshold=float(outcome.meta.get("threshold", asked.threshold)),
        searched=asked.search,
        cases=_cases(outcome.meta, version, asked),
        tried=int(outcome.meta.get("tried", 0)),
        implausible=int(outcome.meta.get("implausible", 0)),
    )


def frame(values: Values, like: pd.DataFrame) -> pd.DataFrame:
    """A one-row frame of the values under the types of the evaluation data. Raise `Invalid` naming a wrong value."""
    columns = {}
    for name in map(str, like.columns):
        value, dtype = values[name], like[name].dtype
        try:
            column = pd.Series([value], dtype=dtype if value is not None else None)
        except (ValueError, TypeError):
            try:
                column = pd.Series([float(str(value))])  # a fraction where all observed numbers were whole
            except ValueError:
                raise Invalid(
                    "recourse.value_kind",
                    N_("{feature} cannot be “{value}”."),
                    fix=N_("Write a value such as {example}."),
                    field="values",
                    feature=name,
                    value=str(value)[:60],
                    example=str(like[name].dropna().iloc[0]) if like[name].notna().any() else "",
                ) from None
        if value is None and pd.api.types.is_numeric_dtype(dtype):
            column = pd.Series([float("nan")])
        columns[name] = column
    return pd.DataFrame(columns)


def _cases(meta: Mapping[str, object], version: Version, asked: Asked) -> tuple[Counterfactual, ...]:
    """What the child claims, held to form: known features only, none that may not change, scores on the other side."""
    known = set(version.signature.names)
    found = []
    try:
        for one in cast("Sequence[Mapping[str, object]]", meta.get("cases") or ()):
            changes = tuple(
                Change(str(f), before, after, bool(follows))
                for f, before, after, follows in cast(
                    "Sequence[tuple[str, object, object, bool]]", one["changes"]
                )
            )
            score = float(cast("float", one["score"]))
            if {c.feature for c in changes} <= known and changes:
                found.append(
                    Counterfactual(
                        changes,
                        score,
                        float(cast("float", one["cost"])),
                        float(cast("float", one["distance"])),
                    )
                )
    except (KeyError, TypeError, ValueError):
        raise Invalid(
            "recourse.answer",
            N_("The process of the model gave an answer about this case that has no form."),
            fix=N_("Save the model again and upload it as a new version."),
        ) from None
    forbidden = {n for n, f in asked.limits.features.items() if f.way.value == "fixed"}
    return tuple(f for f in found if not forbidden & {c.feature for c in f.changes})
