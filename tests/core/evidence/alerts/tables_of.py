"""A ready version whose evaluation is a real table, and its log: what the acceptance on shared data needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd
from sklearn.metrics import mean_absolute_error, roc_auc_score

from core.assets.datasets import reading, schema
from core.assets.datasets.tables import DatasetRow
from core.assets.intake.tables import EvaluationRow
from core.assets.registry.tables import ModelRow, UseCaseRow, VersionRow
from core.assets.registry.version import Signature
from core.evidence.alerts import commands, queries
from core.evidence.alerts import work as alerts
from core.evidence.alerts.alert import Alert
from core.evidence.kpis import work as kpis
from core.evidence.monitoring import work
from core.platform.jobs import handling
from core.platform.store import SYSTEM, Actor, Store

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Real:
    """A version of a real table, by the name of its use case."""

    store: Store
    slug: str
    features: tuple[str, ...]
    label: str
    score: str
    time: str

    @property
    def version_id(self) -> str:
        return f"ver_{self.slug}"

    def send(self, rows: pd.DataFrame) -> None:
        """Send rows as predictions and as labels, both at once."""
        sender = Actor("per_sender", "person", frozenset({"data_scientist"}))
        sent = rows[list(self.features)].copy()
        sent.insert(0, "prediction_id", [f"{self.slug}-{i}" for i in rows.index])
        sent.insert(1, "timestamp", rows[self.time].dt.tz_localize("UTC"))
        sent[self.score] = rows["said"].to_numpy()
        told = pd.DataFrame({"prediction_id": sent["prediction_id"], "label": rows[self.label].to_numpy()})
        for kind, frame in (("predictions", sent), ("labels", told)):
            stored = self.store.files.put_bytes(reading.to_parquet(frame)).digest
            receipt = work.take(self.store, sender, self.version_id, work.BatchKind(kind), stored, "parquet")
            assert receipt.accepted == len(frame), receipt.reasons
        self.work()

    def work(self) -> None:
        handlers = {
            "monitoring.profile": work.profile,
            "alerts.judge": alerts.judge,
            "kpis.observe": kpis.observe,
        }
        handling.run_waiting(self.store, handlers)

    def publish(self, text: str) -> None:
        """Publish rules, and judge anew."""
        with self.store.unit_of_work(SYSTEM) as uow:
            commands.publish_rules(uow, f"use_{self.slug}", text)
        self.work()

    def alerts(self, *, only_open: bool = False) -> tuple[Alert, ...]:
        with self.store.reading() as view:
            return queries.alerts(view, version_id=self.version_id, only_open=only_open, limit=1000)


def real(
    store: Store,
    slug: str,
    reference: pd.DataFrame,
    *,
    features: Sequence[str],
    label: str,
    time: str = "event_time",
) -> Real:
    """Register a version evaluated on `reference`, whose column `said` is the score."""
    binary = set(reference[label].unique()) <= {0, 1}
    task, score = ("binary", "probability") if binary else ("regression", "prediction")
    held = reference[[*features, time, label]]
    digest = store.files.put_bytes(reading.to_parquet(held)).digest
    said = pd.DataFrame({"row": np.arange(len(held)), "label": reference[label].to_numpy()})
    if binary:
        said["prediction"] = np.where(reference["said"] >= 0.5, "1", "0")
        said["probability"] = reference["said"].to_numpy()
        value = roc_auc_score(reference[label], reference["said"])
        metrics = {"roc_auc": {"value": value, "low": value - 0.01, "high": value + 0.01, "n": len(held)}}
    else:
        said["prediction"] = reference["said"].to_numpy()
        value = mean_absolute_error(reference[label], reference["said"])
        metrics = {"mae": {"value": value, "low": value * 0.95, "high": value * 1.05, "n": len(held)}}
    predictions = store.files.put_bytes(reading.to_parquet(said)).digest
    signature = Signature(
        schema.infer(reference[list(features)]), score if binary else "value", ("0", "1") if binary else ()
    )
    with store.unit_of_work(SYSTEM) as uow:
        for row in (
            UseCaseRow(
                id=f"use_{slug}", slug=slug, title=slug, purpose="p", owner_id="per_1", task=task, risk_tier="low",
                lawful_basis="contract", affected_people="", human_oversight="", applications=[], currency="BRL", created_at=NOW,
            ),
            ModelRow(id=f"mod_{slug}", use_case_id=f"use_{slug}", name="m", created_by="per_1", created_at=NOW),
            DatasetRow(
                id=f"dat_{slug}", digest=digest, source_digest=digest, name="d", rows=len(held),
                columns=[c.to_json() for c in schema.infer(held)], protected=[], personal=[],
                lawful_basis="contract", created_by="per_1", created_at=NOW,
            ),
            VersionRow(
                id=f"ver_{slug}", use_case_id=f"use_{slug}", model_id=f"mod_{slug}", number=1, state="ready",
                author_id="per_1", created_at=NOW, artifact_digest="a" * 64, artifact_name="m.skops", artifact_size=1,
                format="skops", verdict="known", names=[], isolation="full", refusal=None, dataset_id=f"dat_{slug}",
                dataset_digest=digest, label_column=label, positive_label="1" if binary else "", operating_threshold=0.5,
                signature=signature.to_json(), note="",
            ),
            EvaluationRow(
                id=f"eva_{slug}", version_id=f"ver_{slug}", dataset_id=f"dat_{slug}", started_at=NOW, finished_at=NOW,
                rows=len(held), metrics=metrics, threshold=0.5, confusion=None, curves={}, latency_p50_ms=1,
                latency_p95_ms=2, memory_mb=1, reproducible=True, predictions_digest=predictions, notes=[],
            ),
        ):  # fmt: skip
            uow.session.add(row)
            uow.session.flush()
    return Real(store, slug, tuple(features), label, score, time)
