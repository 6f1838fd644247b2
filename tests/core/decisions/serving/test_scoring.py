"""Rows are answered by one warm child, together, and every answer reaches the log once, whatever dies meanwhile."""

import threading

import numpy as np
import pytest

from app import wiring
from core.assets.intake.runner import Runner
from core.decisions.serving.scoring import Scorer
from core.decisions.serving.spool import Spool
from core.errors import Invalid
from core.evidence.monitoring import queries as monitoring
from core.evidence.monitoring.batches import ID, SAID, BatchKind
from core.evidence.monitoring.logged import read_parts
from core.platform.jobs.handling import run_waiting
from tests.core.decisions.retraining.conftest import FEATURES, loop_on, rows_of


@pytest.fixture
def loop(any_store):
    return loop_on(any_store, None)


@pytest.fixture
def scorer(loop):
    made = Scorer(loop.store, _started)
    yield made
    made.close()


def _started():
    runner = Runner(wiring.RUNNER_TASKS, seconds=30, memory=1 << 30)
    runner.start()
    return runner


def logged(loop):
    with loop.store.reading() as view:
        parts = monitoring.parts(view, loop.champion.id, BatchKind.PREDICTIONS)
    if not parts:
        return {}
    table = read_parts(loop.store.files, parts, [ID, SAID])
    return dict(zip(table[ID].to_pylist(), table[SAID].to_pylist(), strict=True))


def test_many_callers_get_their_own_rows_and_all_of_them_are_in_the_log_once(loop, scorer):
    import joblib

    model = joblib.load(loop.store.files.path(loop.champion.artifact_digest))
    rows = rows_of(300, 7)[FEATURES]
    wrong, said = [], {}

    def ask(n):
        mine = rows.iloc[n * 3 : n * 3 + 3].reset_index(drop=True)
        ids = [f"call-{n}-{i}" for i in range(3)]
        found = scorer.score(loop.champion, mine, ids)
        if not np.allclose(found.probabilities, model.predict_proba(mine)):
            wrong.append(n)
        said.update(dict(zip(ids, found.prediction, strict=True)))

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(100)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert wrong == []
    scorer.flush()
    assert logged(loop) == said
    run_waiting(loop.store, {"monitoring.profile": lambda _context: None})


def test_a_row_that_the_model_refuses_fails_its_own_request_only(loop, scorer):
    good = rows_of(2, 1)[FEATURES]
    bad = good.assign(income="not a number")
    results = {}

    def ask(name, rows):
        try:
            results[name] = scorer.score(loop.champion, rows, [f"{name}-0", f"{name}-1"])
        except Invalid as problem:
            results[name] = problem.code

    scorer.score(loop.champion, good, ["warm-0", "warm-1"])
    threads = [threading.Thread(target=ask, args=(n, bad if n == "bad" else good)) for n in ("a", "bad", "b")]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert results["bad"] == "runner.raised"
    assert results["a"].prediction
    assert results["b"].prediction
    scorer.flush()
    assert {name.split("-")[0] for name in logged(loop)} == {"warm", "a", "b"}


def test_what_a_dead_process_left_is_taken_and_what_was_taken_twice_stands_once(loop, tmp_path):
    folder = tmp_path / "spool"
    row = rows_of(1, 1)[FEATURES].iloc[0].to_dict()
    facts = {
        **row,
        "prediction_id": "x-1",
        "timestamp": "2026-11-20T10:00:00+00:00",
        "prediction": "1",
        "probability": 0.8,
    }
    dead = Spool(loop.store, folder)
    dead.append(loop.champion.id, [facts])  # and nobody flushes it
    left = next(folder.iterdir())
    copy = left.read_bytes()
    assert Spool(loop.store, folder).flush() == 1
    assert list(folder.iterdir()) == []
    left.write_bytes(copy + copy.replace(b"x-1", b"x-2"))  # killed after it was taken, before it was removed
    assert Spool(loop.store, folder).flush() == 1
    assert logged(loop) == {"x-1": "1", "x-2": "1"}
