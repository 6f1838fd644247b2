"""Rows of the log are explained month by month, in their own types, and held against the evaluation data."""

from datetime import date

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from core.assets.intake.runner import Result
from core.assets.registry import queries as registry
from core.errors import Conflict, Refused
from core.evidence.attribution_drift import commands, queries, work
from core.evidence.explain import commands as explain_commands
from core.evidence.explain import queries as explanations
from core.evidence.explain import work as explain_work
from core.evidence.monitoring import replayed
from core.platform.jobs import handling
from core.platform.store import SYSTEM, Actor
from tests.core.evidence.monitoring.conftest import credit, ready_version, sent
from tests.ui.test_explainability import InProcess

FEATURES = ["income", "debt", "channel", "returning"]
SCIENTIST = Actor("per_ds", "person", frozenset({"data_scientist"}))
NOBODY = Actor("per_nobody", "person", frozenset())


class Recording(InProcess):
    """Keeps what the model was asked about."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[pd.DataFrame] = []

    def run(self, task, path, kind, frames, options, *, trusted) -> Result:
        self.asked.append(frames["rows"])
        return super().run(task, path, kind, frames, options, trusted=trusted)


@pytest.fixture
def explained(any_store):
    """A version with a fitted forest and its explanation, and the runner that asks it."""
    store = any_store
    watched = ready_version(store)
    table = watched.reference
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["channel"]), remainder="passthrough"
    )
    model = make_pipeline(columns, RandomForestClassifier(20, max_depth=4, random_state=0))
    model.fit(table[FEATURES], table["default"])
    path = store.files.path(watched.store.files.put_bytes(b"model").digest)
    joblib.dump(model, path)
    runner = Recording()
    from core.assets.registry.tables import VersionRow

    with store.unit_of_work(SYSTEM) as uow:
        row = uow.session.get(VersionRow, watched.version_id)
        row.artifact_digest = path.name
        uow.session.add(row)
    with store.unit_of_work(SCIENTIST) as uow:
        explain_commands.request_explanation(uow, watched.version_id)
    handling.run_waiting(
        store, {explanations.JOB_KIND: lambda context: explain_work.explain(context, runner)}
    )
    return watched, runner


def measure(watched, runner):
    with watched.store.unit_of_work(SCIENTIST) as uow:
        commands.request_months(uow, watched.version_id)
    handling.run_waiting(watched.store, {queries.JOB_KIND: lambda context: work.measure(context, runner)})
    with watched.store.reading() as view:
        return queries.months(view, explanations.explanation(view, watched.version_id))


def test_a_month_that_lives_in_another_range_is_marked_and_one_like_the_evaluation_is_not(explained):
    watched, runner = explained
    watched.send(sent(credit(1200, seed=5), "2026-09-01", 30, "same"), form="parquet")
    # Debt far above everything before: the same few leaves decide, so debt tells more of the score.
    high = credit(1200, seed=6).assign(debt=lambda t: (0.5 + t["debt"] / 2).round(4))
    watched.send(sent(high, "2026-10-01", 30, "high"), form="parquet")
    runner.asked.clear()
    same, moved = measure(watched, runner)
    assert (same.start, moved.start) == (date(2026, 9, 1), date(2026, 10, 1))
    assert (same.rows, moved.rows) == (1200, 1200)
    assert same.sampled == pytest.approx(500, abs=31)
    assert not same.moved
    assert moved.shifts[0].feature == "debt"
    assert moved.shifts[0].moved
    assert moved.shifts[0].after > moved.shifts[0].before
    assert [str(rows["returning"].dtype) for rows in runner.asked] == ["bool", "bool"]
    runner.asked.clear()
    assert len(measure(watched, runner)) == 2
    assert runner.asked == []  # nothing changed: nothing is explained again
    watched.send(sent(credit(50, seed=9), "2026-10-05", 5, "late"), form="parquet")
    measure(watched, runner)
    assert len(runner.asked) == 1


def test_months_that_are_over_are_followed_without_being_asked_for(explained):
    watched, runner = explained
    watched.send(sent(credit(200, seed=5), "2026-09-01", 30, "a"), form="parquet")
    with watched.store.unit_of_work(SYSTEM) as uow:
        commands.follow_for(uow, watched.version_id)
    with watched.store.reading() as view:
        assert queries.job(view, watched.version_id) is None  # September is still the newest month
    watched.send(sent(credit(200, seed=6), "2026-10-01", 5, "b"), form="parquet")
    with watched.store.unit_of_work(SYSTEM) as uow:
        commands.follow_for(uow, watched.version_id)
    handling.run_waiting(watched.store, {queries.JOB_KIND: lambda context: work.measure(context, runner)})
    with watched.store.reading() as view:
        found = queries.months(view, explanations.explanation(view, watched.version_id))
    assert [one.start for one in found] == [date(2026, 9, 1)]


def test_who_may_ask_and_what_must_be_there_first(store):
    watched = ready_version(store)
    with pytest.raises(Refused), store.unit_of_work(NOBODY) as uow:
        commands.request_months(uow, watched.version_id)
    with pytest.raises(Conflict) as raised, store.unit_of_work(SCIENTIST) as uow:
        commands.request_months(uow, watched.version_id)
    assert raised.value.code == "explanation.none"


def test_logged_rows_come_back_as_the_model_takes_them(store):
    watched = ready_version(store)
    with store.reading() as view:
        version = registry.version(view, watched.version_id)
    table = pa.table(
        {"income": [1.5, None], "debt": [0.1, 0.2], "channel": ["app", None], "returning": ["true", "false"]}
    )
    found = replayed.features(version, table)
    assert found["returning"].tolist() == [True, False]
    assert found["returning"].dtype == bool
    assert np.isnan(found["income"][1])
    assert found["channel"][0] == "app"
    gap = replayed.features(
        version, table.drop_columns(["debt"]).set_column(2, "returning", pa.array(["true", None]))
    )
    assert gap["debt"].isna().all()
    assert gap["returning"].tolist()[0] is True
    assert pd.isna(gap["returning"][1])
