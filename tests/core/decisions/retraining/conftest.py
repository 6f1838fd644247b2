"""A live version with a real file and its log: what a retraining starts from."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sqlmodel import select

from app import wiring
from app.submission import submit_like
from core.assets.datasets import reading
from core.assets.intake import commands as intake
from core.assets.intake.runner import Runner
from core.assets.registry.version import Version
from core.decisions.releases import commands as releases
from core.decisions.releases.tables import DeploymentRow, PolicyRow, RequestRow
from core.decisions.retraining import queries
from core.evidence.monitoring import work as monitoring
from core.platform.jobs.handling import run_waiting
from core.platform.store import SYSTEM, Actor, Store
from tests.core.evidence.explain.registered import register
from tests.people import add_row

FEATURES = ["income", "purpose", "months"]


def rows_of(n: int, seed: int, *, turned: bool = False) -> pd.DataFrame:
    """Applicants; `turned`, a high income is the risk: nothing in the inputs tells."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "income": rng.lognormal(8, 0.5, n).round(),
            "purpose": rng.choice(["car", "home", "study"], n),
            "months": rng.integers(6, 60, n).astype(float),
        }
    )
    sign = 1.0 if turned else -1.0
    risk = (
        sign * (np.log(table["income"]) - 8) * 2.5 + 0.5 * (table["purpose"] == "car") + rng.normal(0, 0.7, n)
    )
    return table.assign(default=(risk > 0).astype(int))


@dataclass
class Loop:
    """A store in which a version is live, and hands to work with it."""

    store: Store
    runner: Runner
    champion: Version
    people: set[str] = field(default_factory=set)

    def person(self, name: str, *roles: str) -> Actor:
        actor = Actor(f"per_{name}", "person", frozenset(roles), "page")
        if actor.id in self.people:
            return actor
        self.people.add(actor.id)
        with self.store.unit_of_work(SYSTEM) as uow:
            add_row(uow, actor.id, name.title(), roles)
            uow.record("person.added", "person", actor.id)
        return actor

    def do(self, actor, command, *args, **more):
        with self.store.unit_of_work(actor) as uow:
            return command(uow, *args, **more)

    def work(self) -> None:
        run_waiting(self.store, wiring.handlers(self.runner))

    def send(
        self,
        table: pd.DataFrame,
        start: str,
        days: int,
        *,
        labelled: bool = True,
        subjects: Sequence[str] = (),
    ) -> None:
        """Log the champion's predictions on these rows, spread over days, with their outcomes, and whom they are about."""
        ids = [f"{start}-{n}" for n in range(len(table))]
        moments = pd.Timestamp(start, tz="UTC") + pd.to_timedelta(np.arange(len(table)) % days, unit="D")
        rows = table[FEATURES].assign(prediction_id=ids, timestamp=moments, probability=0.5)
        self._take(rows.assign(subject=subjects) if subjects else rows, "predictions")
        if labelled:
            self._take(pd.DataFrame({"prediction_id": ids, "label": table["default"].astype(str)}), "labels")

    def _take(self, frame: pd.DataFrame, kind: str) -> None:
        digest = self.store.files.put_bytes(reading.to_parquet(frame)).digest
        sender = Actor("per_sender", "person", frozenset({"data_scientist"}))
        monitoring.take(self.store, sender, self.champion.id, monitoring.BatchKind(kind), digest, "parquet")

    def retraining(self):
        with self.store.reading() as view:
            return queries.retrainings(view, self.champion.use_case_id)[0]


@pytest.fixture(scope="session")
def runner():
    with Runner(wiring.RUNNER_TASKS, seconds=60, memory=2 << 30) as found:
        yield found


def loop_on(store: Store, runner: Runner) -> Loop:
    table = rows_of(1200, 1)
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["purpose"]),
        (make_pipeline(SimpleImputer(), StandardScaler()), ["income", "months"]),
    )
    model = make_pipeline(columns, LogisticRegression()).fit(table[FEATURES], table["default"])
    return live_on(store, runner, model, table, FEATURES, "default", "credit")


def live_on(
    store: Store,
    runner: Runner,
    model: object,
    table: pd.DataFrame,
    features: list[str],
    label: str,
    slug: str,
) -> Loop:
    """A store in which this model is live, evaluated on this table."""
    version = register(store, model, table, features=features, label=label, slug=slug)
    with store.unit_of_work(SYSTEM) as uow:
        releases.publish_shipped(uow)
        policy = uow.session.exec(select(PolicyRow)).first()
        uow.session.add(
            RequestRow(
                id="rel_1", use_case_id=version.use_case_id, version_id=version.id, environment="production", state="live",
                round=1, policy_digest=policy.digest, note="", requested_by="per_x", requested_at=uow.now, due_at=uow.now,
            )
        )  # fmt: skip
        uow.session.flush()
        uow.session.add(
            DeploymentRow(
                id="dep_1", use_case_id=version.use_case_id, environment="production", version_id=version.id,
                request_id="rel_1", artifact_digest=version.artifact_digest, started_by="per_x", started_at=uow.now,
            )
        )  # fmt: skip
    return Loop(store, runner, version)


def uploaded(loop: Loop, actor: Actor, model: object, table: pd.DataFrame) -> str:
    """Upload a pipeline with its evaluation table as anybody does; return the id of its version, still to be checked."""
    file = io.BytesIO()
    joblib.dump(model, file)
    with loop.store.unit_of_work(actor) as uow:
        draft = intake.open_draft(uow)
    for kind, data, name in (
        ("artifact", file.getvalue(), "model.joblib"),
        ("table", reading.to_parquet(table), "evaluation.parquet"),
    ):
        intake.receive_file(loop.store, actor, draft, kind, loop.store.files.put_bytes(data), name)
    with loop.store.unit_of_work(actor) as uow:
        return submit_like(uow, draft, loop.champion, ())


@pytest.fixture
def loop(store, runner) -> Loop:
    return loop_on(store, runner)


@pytest.fixture
def any_loop(any_store, runner) -> Loop:
    return loop_on(any_store, runner)
