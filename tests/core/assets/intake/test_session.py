"""A model kept loaded: many tables, one child; what hangs, dies, or speaks unasked ends it and nothing else."""

import io
import threading
import time

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from core.assets.intake.runner import Runner
from core.errors import Invalid

PREDICT = "core.assets.intake.tasks:predict"
PROBES = "tests.core.assets.intake.sitting"


@pytest.fixture(scope="module")
def patient():
    with Runner([PROBES], seconds=20, memory=1 << 30) as found:
        yield found


@pytest.fixture
def model(tmp_path):
    random = np.random.default_rng(0)
    table = pd.DataFrame({"x": random.normal(size=200), "word": random.choice(["a", "b"], 200)})
    label = (table["x"] + (table["word"] == "a") > 0.5).astype(int)
    made = make_pipeline(
        make_column_transformer((OneHotEncoder(), ["word"]), remainder="passthrough"), LogisticRegression()
    )
    made.fit(table, label)
    buffer = io.BytesIO()
    joblib.dump(made, buffer)
    path = tmp_path / "m.joblib"
    path.write_bytes(buffer.getvalue())
    return path, made, table


def test_one_child_answers_many_tables_from_many_threads(patient, model):
    path, made, table = model
    session = patient.open(PREDICT, path, "joblib")
    wrong = []

    def ask(seed):
        rows = table.sample(1 + seed % 7, random_state=seed)
        found = session.ask(rows, 10).arrays["probabilities"]
        if not np.allclose(found, made.predict_proba(rows)):
            wrong.append(seed)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(40)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert wrong == []
    session.close()


def test_what_the_model_raises_is_told_and_the_next_table_is_answered(patient, model):
    path, made, table = model
    session = patient.open(PREDICT, path, "joblib")
    with pytest.raises(Invalid) as raised:
        session.ask(table[["x"]].head(2), 10)
    assert raised.value.code == "runner.raised"
    assert np.allclose(
        session.ask(table.head(2), 10).arrays["probabilities"], made.predict_proba(table.head(2))
    )
    session.close()


def test_a_file_that_does_not_load_opens_no_session(patient, tmp_path):
    path = tmp_path / "broken.joblib"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(Invalid) as raised:
        patient.open(PREDICT, path, "joblib")
    assert raised.value.code == "runner.raised"


@pytest.mark.parametrize(
    ("does", "code"),
    [
        ("hang", "runner.timeout"),
        ("die", "runner.crashed"),
        ("talk", "runner.crashed"),
        ("lie", "runner.answer"),
    ],
)
def test_a_child_that_hangs_dies_or_speaks_unasked_is_ended(patient, model, does, code):
    path, _made, table = model
    session = patient.open(f"{PROBES}:{does}", path, "joblib")
    with pytest.raises(Invalid) as raised:
        for _ in range(3):
            session.ask(table.head(1), 1.0)
            time.sleep(0.6)
    assert raised.value.code == code
    assert session.closed
    with pytest.raises(Invalid):
        session.ask(table.head(1), 1.0)


@pytest.mark.parametrize("does", ["open_file", "connect", "fork"])
def test_the_lock_holds_for_a_child_that_stays(patient, model, does):
    path, _made, table = model
    session = patient.open(f"{PROBES}:{does}", path, "joblib")
    for _ in range(2):
        assert session.ask(table.head(1), 10).meta["open"] is False
    session.close()
