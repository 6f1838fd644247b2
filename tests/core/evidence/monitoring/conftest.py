"""A version that stands ready, with its evaluation, as intake leaves it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from core.assets.datasets import reading, schema
from core.assets.datasets.tables import DatasetRow
from core.assets.intake.tables import EvaluationRow
from core.assets.registry.tables import ModelRow, UseCaseRow, VersionRow
from core.assets.registry.version import Signature
from core.evidence.monitoring import joint_work, work
from core.platform.jobs import handling
from core.platform.store import SYSTEM, Actor, Store

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Watched:
    """A ready version and hands to send it rows."""

    store: Store
    version_id: str
    use_case_id: str
    slug: str
    sender: Actor
    reference: pd.DataFrame

    def send(
        self, frame: pd.DataFrame, kind: str = "predictions", *, profile: bool = True, form: str = "csv"
    ):
        if form == "csv":
            body = frame.to_csv(index=False).encode()
        elif form == "parquet":
            body = reading.to_parquet(frame)
        else:
            body = frame.to_json(orient="records", lines=True, date_format="iso").encode()
        digest = self.store.files.put_bytes(body).digest
        receipt = work.take(self.store, self.sender, self.version_id, work.BatchKind(kind), digest, form)
        if profile:
            self.work()
        return receipt

    def work(self, *, joint: bool = False) -> None:
        from core.evidence.alerts import work as alerts
        from core.evidence.kpis import work as kpis

        handling.run_waiting(
            self.store,
            {
                "monitoring.profile": work.profile,
                "monitoring.rebuild": work.rebuild,
                "monitoring.joint": joint_work.measure if joint else lambda _context: None,
                "alerts.judge": alerts.judge,
                "alerts.split": alerts.split,
                "kpis.observe": kpis.observe,
            },
        )


def credit(n: int, seed: int = 0, shift: float = 0.0) -> pd.DataFrame:
    """Rows of a credit model: features, the probability of default, and whether it came to it."""
    rng = np.random.default_rng(seed)
    income = rng.lognormal(8 + shift, 0.5, n)
    debt = rng.beta(2, 5, n)
    logit = -1.2 + 3 * debt - 0.4 * (np.log(income) - 8)
    score = 1 / (1 + np.exp(-logit))
    return pd.DataFrame(
        {
            "income": np.where(rng.random(n) < 0.02, np.nan, income.round(2)),
            "debt": debt.round(4),
            "channel": rng.choice(["app", "branch", "phone"], n, p=[0.6, 0.3, 0.1]),
            "returning": rng.random(n) < 0.4,
            "probability": score.round(6),
            "default": (rng.random(n) < score).astype(int),
        }
    )


def sent(frame: pd.DataFrame, start: str, days: int, prefix: str) -> pd.DataFrame:
    """The rows as predictions, spread over days."""
    rows = frame.drop(columns="default").copy()
    rows.insert(0, "prediction_id", [f"{prefix}-{i}" for i in range(len(rows))])
    moments = pd.Timestamp(start, tz="UTC") + pd.to_timedelta(np.arange(len(rows)) % days, unit="D")
    rows.insert(1, "timestamp", moments.strftime("%Y-%m-%dT%H:%M:%SZ"))
    return rows


def told(frame: pd.DataFrame, prefix: str) -> pd.DataFrame:
    """The rows' labels."""
    return pd.DataFrame(
        {"prediction_id": [f"{prefix}-{i}" for i in range(len(frame))], "label": frame["default"].to_numpy()}
    )


def ready_version(store: Store, slug: str = "credit") -> Watched:
    """Make a ready binary version with an evaluation."""
    reference = credit(4000)
    features = reference[["income", "debt", "channel", "returning"]]
    digest = store.files.put_bytes(reading.to_parquet(reference)).digest
    said = pd.DataFrame(
        {
            "row": np.arange(len(reference)),
            "label": reference["default"].astype(str),
            "prediction": np.where(reference["probability"] >= 0.5, "1", "0"),
            "probability": reference["probability"],
        }
    )
    predictions = store.files.put_bytes(reading.to_parquet(said)).digest
    signature = Signature(schema.infer(features), "probability", ("0", "1"))
    with store.unit_of_work(SYSTEM) as uow:
        add = uow.session.add
        add(
            UseCaseRow(
                id=f"use_{slug}", slug=slug, title="Credit", purpose="p", owner_id="per_1", task="binary", risk_tier="high",
                lawful_basis="contract", affected_people="", human_oversight="", applications=[], currency="BRL", created_at=NOW,
            )
        )  # fmt: skip
        uow.session.flush()
        add(
            ModelRow(
                id=f"mod_{slug}", use_case_id=f"use_{slug}", name="m", created_by="per_1", created_at=NOW
            )
        )
        add(
            DatasetRow(
                id=f"dat_{slug}", digest=digest, source_digest=digest, name="d", rows=len(reference),
                columns=[c.to_json() for c in schema.infer(reference)], protected=[], personal=[],
                lawful_basis="contract", created_by="per_1", created_at=NOW,
            )
        )  # fmt: skip
        uow.session.flush()
        add(
            VersionRow(
                id=f"ver_{slug}", use_case_id=f"use_{slug}", model_id=f"mod_{slug}", number=1, state="ready",
                author_id="per_1", created_at=NOW, artifact_digest="a" * 64, artifact_name="m.skops", artifact_size=1,
                format="skops", verdict="known", names=[], isolation="full", refusal=None, dataset_id=f"dat_{slug}",
                dataset_digest=digest, label_column="default", positive_label="1", operating_threshold=0.5,
                signature=signature.to_json(), note="",
            )
        )  # fmt: skip
        uow.session.flush()
        add(
            EvaluationRow(
                id=f"eva_{slug}", version_id=f"ver_{slug}", dataset_id=f"dat_{slug}", started_at=NOW, finished_at=NOW,
                rows=len(reference), metrics={"roc_auc": {"value": 0.66, "low": 0.64, "high": 0.68, "n": 4000}}, threshold=0.5,
                confusion=None, curves={}, latency_p50_ms=1, latency_p95_ms=2, memory_mb=1, reproducible=True,
                predictions_digest=predictions, notes=[],
            )
        )  # fmt: skip
    return Watched(
        store,
        f"ver_{slug}",
        f"use_{slug}",
        slug,
        Actor("per_sender", "person", frozenset({"data_scientist"})),
        reference,
    )


@pytest.fixture
def watch(any_store: Store) -> Callable[..., Watched]:
    """Make ready versions in the test's store."""
    return lambda slug="credit": ready_version(any_store, slug)


@pytest.fixture
def watch_here(store: Store) -> Callable[..., Watched]:
    """Make ready versions in an SQLite store: for what no other store would answer otherwise."""
    return lambda slug="credit": ready_version(store, slug)
