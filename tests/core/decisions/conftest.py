"""A use case with evaluated versions, made with the real commands; the evaluation's rows are written as intake does."""

from dataclasses import dataclass, field
from io import BytesIO

import numpy as np
import pandas as pd
import pytest

from core.assets.datasets.tables import DatasetRow
from core.assets.intake.tables import EvaluationRow
from core.assets.registry import RiskTier, Signature, Task, UseCase, VersionState
from core.assets.registry import commands as registry
from core.decisions.releases import commands as releases
from core.decisions.releases import effective, queries
from core.decisions.releases.work import judge_check, judge_round
from core.ids import new_id
from core.platform.jobs.handling import run_waiting
from core.platform.store import SYSTEM, Actor, Store
from tests.people import add_row
from tests.signing import ticket_for

SAID = "Checked the gates and the difference to the live version."


@dataclass
class Bench:
    """A store with policies and one binary use case, and hands to do things with."""

    store: Store
    hands: object
    use_case: UseCase
    people: dict[str, Actor] = field(default_factory=dict)

    def person(self, name: str, *roles: str) -> Actor:
        actor = self.people.setdefault(name, Actor(f"per_{name}", "person", frozenset(roles), "page"))
        with self.store.unit_of_work(SYSTEM) as uow:
            add_row(uow, actor.id, name.title(), roles)
            uow.record("person.added", "person", actor.id)
        return actor

    def do(self, actor, command, *args, **kwargs):
        with self.store.unit_of_work(actor) as uow:
            return command(uow, *args, **kwargs)

    def ask(self, query, *args, **kwargs):
        with self.store.reading() as view:
            return query(view, *args, **kwargs)

    def version(
        self, author: Actor, *, strength=1.5, seal=True, seal_late=False, rows=400, seed=0, dataset="data"
    ) -> str:
        """Submit, seal and evaluate a version whose scores follow the label by `strength`."""
        random = np.random.default_rng(0)
        label = (random.random(rows) < 0.4).astype(int)
        noise = np.random.default_rng(seed + 1).normal(size=rows)
        probability = 1 / (1 + np.exp(-(label * strength - strength / 2 + noise)))
        table = pd.DataFrame(
            {
                "row": range(rows),
                "label": label.astype(np.int8),
                "prediction": (probability > 0.5).astype(np.int8),
                "probability": probability,
            }
        )
        buffer = BytesIO()
        table.to_parquet(buffer)
        stored = self.store.files.put_bytes(buffer.getvalue())
        from sklearn.metrics import roc_auc_score

        auc = float(roc_auc_score(label, probability))
        with self.store.unit_of_work(author) as uow:
            made = registry.add_version(
                uow, use_case=self.use_case, model_name="scorecard", artifact_digest=self.store.files.put_bytes(new_id("f").encode()).digest, artifact_name="m.skops",
                artifact_size=10, format="skops", dataset_id="ds_1", dataset_digest=dataset, label_column="default",
                positive_label="yes", operating_threshold=0.5, note="",
            )  # fmt: skip
            uow.record("version.submitted", "version", made.id)
            if seal and not seal_late:
                releases.seal_thresholds(uow, made.id)
        self.hands.forward(seconds=5)
        started = self.hands.now
        with self.store.unit_of_work(author) as uow:
            registry.set_standing(
                uow,
                made.id,
                VersionState.READY,
                verdict="known",
                signature=Signature((), "probability", ("no", "yes")),
            )
            uow.session.add(
                EvaluationRow(
                    id=new_id("evl"), version_id=made.id, dataset_id="ds_1", started_at=started, finished_at=started,
                    rows=rows, metrics={"roc_auc": {"value": auc, "low": auc - 0.03, "high": auc + 0.03, "n": rows}},
                    threshold=0.5, curves={}, latency_p50_ms=0.1, latency_p95_ms=0.4, memory_mb=9.0, reproducible=True,
                    predictions_digest=stored.digest, notes=[],
                )
            )  # fmt: skip
            uow.record("version.evaluated", "version", made.id)
        if seal_late:
            self.do(author, releases.seal_thresholds, made.id)
        return made.id

    def request(self, actor: Actor, version_id: str, environment="production", *, judge=True) -> str:
        request_id = self.do(actor, releases.request_release, version_id=version_id, environment=environment)
        if judge:
            self.judge()
        return request_id

    def judge(self) -> None:
        run_waiting(self.store, {"releases.judge": judge_round, "releases.check": judge_check})

    def snapshot(self, request_id: str) -> str:
        return self.ask(queries.rounds, request_id)[-1].snapshot_digest

    def ticket(self, actor: Actor, about: str, snapshot: str) -> str:
        """What a person holds who has just typed their password."""
        return ticket_for(self.store, actor, about, snapshot)

    def sign(
        self,
        actor: Actor,
        request_id: str,
        *,
        area=None,
        meaning="approve",
        rationale=SAID,
        snapshot=None,
        **more,
    ):
        self.hands.forward(seconds=1)
        seen = snapshot or self.snapshot(request_id)
        return self.do(
            actor,
            releases.sign,
            request_id,
            area=area or min(actor.roles),
            meaning=meaning,
            rationale=rationale,
            snapshot_digest=seen,
            ticket=self.ticket(actor, request_id, seen),
            **more,
        )

    def live(self, environment="production"):
        return self.ask(effective.live, self.use_case.slug, environment)


def bench_on(store: Store, hands, tier=RiskTier.LIMITED) -> Bench:
    with store.unit_of_work(SYSTEM) as uow:
        releases.publish_shipped(uow)
        use_case = registry.create_use_case(
            uow, slug="credit", title="Credit", purpose="Lend", task=Task.BINARY, risk_tier=tier,
            lawful_basis="credit_protection", owner_id="per_owner",
        )  # fmt: skip
        uow.session.add(
            DatasetRow(
                id="ds_1", digest="data", source_digest="data", name="loans.csv", rows=400, columns=[], protected=[],
                personal=[], lawful_basis="", created_by="per_ana", created_at=uow.now,
            )
        )  # fmt: skip
    bench = Bench(store, hands, use_case)
    bench.person("ana", "data_scientist")
    bench.person("bea", "data_scientist", "operations", "administrator")
    bench.person("otto", "operations")
    bench.person("olga", "operations")
    bench.person("carl", "compliance")
    bench.person("cora", "compliance")
    bench.person("vera", "validator")
    bench.person("max", "operations", "compliance")
    return bench


@pytest.fixture
def bench(store, hands) -> Bench:
    return bench_on(store, hands)


@pytest.fixture
def any_bench(any_store, hands) -> Bench:
    return bench_on(any_store, hands)
