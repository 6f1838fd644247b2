"""One isolated runner for all tests of intake, and a laboratory that uploads and evaluates."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.assets.intake import commands, queries, work
from core.assets.intake.evaluation import Evaluation
from core.assets.intake.runner import Runner
from core.assets.registry import RiskTier, Task, Version
from core.assets.registry import commands as registry
from core.assets.registry import queries as registered
from core.platform.audit import queries as audit
from core.platform.jobs.handling import run_waiting
from core.platform.store import Actor, Store


@pytest.fixture(scope="session")
def runner() -> Iterator[Runner]:
    with Runner(seconds=20, memory=2 << 30) as found:
        yield found


@pytest.fixture
def author() -> Actor:
    return Actor("person_author", "person", frozenset({"data_scientist"}))


@dataclass
class Laboratory:
    """Uploads as a data scientist would, and runs the jobs in this process."""

    store: Store
    runner: Runner
    author: Actor

    def use_case(self, slug: str, task: Task) -> None:
        with self.store.unit_of_work(self.author) as uow:
            registry.create_use_case(
                uow,
                slug=slug,
                title=slug.title(),
                purpose="A test of the whole way",
                task=task,
                risk_tier=RiskTier.LIMITED,
                lawful_basis="legitimate interest",
            )

    def draft(self, artifact: bytes, table: bytes, name: str = "model.joblib") -> str:
        with self.store.unit_of_work(self.author) as uow:
            draft = commands.open_draft(uow)
        for kind, data, called in (("artifact", artifact, name), ("table", table, "table.csv")):
            stored = self.store.files.put_bytes(data)
            commands.receive_file(self.store, self.author, draft, kind, stored, called)
        return draft

    def evaluate(
        self, artifact: bytes, table: bytes, *, use_case: str, label: str = "y", **facts: object
    ) -> tuple[Version, Evaluation | None]:
        draft = self.draft(artifact, table)
        with self.store.unit_of_work(self.author) as uow:
            version, _ = commands.submit_draft(uow, draft, use_case=use_case, label_column=label, **facts)
        self.work()
        with self.store.reading() as view:
            return registered.version(view, version), queries.evaluation(view, version)

    def work(self) -> None:
        run_waiting(
            self.store, {"intake.evaluate": lambda context: work.evaluate(context, self.runner) and None}
        )

    def recorded(self) -> list[str]:
        with self.store.reading() as view:
            return [event.action for event in audit.events(view)]


@pytest.fixture
def laboratory(store: Store, runner: Runner, author: Actor) -> Laboratory:
    return Laboratory(store, runner, author)


@pytest.fixture
def rows() -> Callable[..., pd.DataFrame]:
    def make(n: int = 400, seed: int = 0) -> pd.DataFrame:
        generator = np.random.default_rng(seed)
        table = pd.DataFrame(generator.normal(size=(n, 3)), columns=["income", "debt", "age"])
        table["region"] = generator.choice(["north", "south"], n)
        table["y"] = (table.income - table.debt + generator.normal(size=n) > 0).astype(int)
        return table

    return make


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    return tmp_path / "executed"
