"""A registered version with a real file, for tests that start where an evaluation has ended."""

import io
from typing import Any

import joblib
import numpy as np
import pandas as pd

from core.assets.datasets import commands as datasets
from core.assets.datasets.schema import infer
from core.assets.registry import commands as registry
from core.assets.registry import queries
from core.assets.registry.queries import RiskTier, Signature, Task, Version, VersionState
from core.errors import NotFound
from core.ids import new_id
from core.platform.store import Actor, Store

SCIENTIST = Actor(new_id("per"), "person", frozenset({"data_scientist"}), "page")


def applicants(rows: int = 600) -> pd.DataFrame:
    """A small table of applicants: numbers, a text with few values, gaps, and a label `default`."""
    rng = np.random.default_rng(11)
    table = pd.DataFrame(
        {
            "income": rng.lognormal(8, 0.5, rows).round(),
            "purpose": rng.choice(["car", "home", "study"], rows),
            "months": rng.integers(6, 60, rows),
        }
    )
    risk = 2 - table["income"] / 2500 + 0.9 * (table["purpose"] == "car") + rng.normal(0, 0.5, rows)
    table["default"] = (risk > 0.9).astype(int)
    table.loc[rng.random(rows) < 0.05, "months"] = np.nan
    return table


def register(
    store: Store,
    model: Any,
    table: pd.DataFrame,
    *,
    features: list[str],
    label: str = "default",
    task: Task = Task.BINARY,
    positive: str = "1",
    slug: str = "credit",
    state: VersionState = VersionState.READY,
    actor: Actor = SCIENTIST,
) -> Version:
    """Store file and table and freeze a version in `state`."""
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    artifact = store.files.put_bytes(buffer.getvalue())
    parquet = io.BytesIO()
    table.to_parquet(parquet)
    stored = store.files.put_bytes(parquet.getvalue())
    columns = infer(table)
    with store.unit_of_work(actor) as uow:
        try:
            use_case = queries.use_case(uow.session, slug)
        except NotFound:
            use_case = registry.create_use_case(
                uow,
                slug=slug,
                title=slug.title(),
                purpose="Tests",
                task=task,
                risk_tier=RiskTier.HIGH,
                lawful_basis="contract",
            )
        dataset = datasets.add_dataset(
            uow,
            digest=stored.digest,
            source_digest=stored.digest,
            name="t.parquet",
            rows=len(table),
            columns=columns,
        )
        version = registry.add_version(
            uow, use_case=use_case, model_name="scorecard", artifact_digest=artifact.digest, artifact_name="m.joblib",
            artifact_size=artifact.size, format="joblib", dataset_id=dataset.id, dataset_digest=stored.digest,
            label_column=label, positive_label=positive, operating_threshold=0.5, note="",
        )  # fmt: skip
        signature = Signature(
            tuple(c for c in columns if c.name in features),
            "value" if task is Task.REGRESSION else "probability",
            () if task is Task.REGRESSION else tuple(sorted(str(v) for v in table[label].unique())),
        )
        registry.set_standing(uow, version.id, state, verdict="known", isolation="full", signature=signature)
    with store.reading() as session:
        return queries.version(session, version.id)
