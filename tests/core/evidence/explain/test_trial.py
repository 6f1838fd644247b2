"""Explanations on trial: a sound one passes, a broken one fails the test that is meant to catch it."""

from collections.abc import Iterator

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from core.assets.intake.runner import Runner
from core.evidence.explain import commands, queries, trial_work, work
from core.evidence.explain.trial import Test as Tried
from core.evidence.explain.trial import Trial, stability, tried
from core.platform.jobs.handling import run_waiting
from tests.core.evidence.explain.registered import SCIENTIST, applicants, register

NAMES = ["a", "b", "c"]
SIZES = np.array([1.0, 0.5, 0.1])


def sound(**changes):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(200, 3)) * SIZES
    options = {
        "permuted": np.abs(rng.normal(1, 0.05, (5, 3))) * SIZES,
        "one": values[:80],
        "other": values[80:160],
        "unlike": 0.1,
    }
    return tried(
        changes.pop("values", values), changes.pop("max_error", 1e-12), NAMES, **{**options, **changes}
    )


def test_a_sound_explanation_passes():
    found = sound()
    assert found.passed
    assert [i.feature for i in found.permuted] == NAMES
    assert Trial.from_json(found.to_json()) == found


@pytest.mark.parametrize(
    ("change", "test"),
    [
        ({"max_error": 1e-3}, Tried.ADDITIVITY),
        ({"max_error": float("nan")}, Tried.ADDITIVITY),
        ({"values": np.random.default_rng(1).normal(size=(40, 3))}, Tried.STABILITY),
        ({"permuted": np.ones((5, 3)) * SIZES[::-1]}, Tried.AGREEMENT),
        ({"other": np.ones((80, 3)) * SIZES[::-1]}, Tried.BACKGROUND),
    ],
)
def test_each_test_catches_what_it_is_for(change, test):
    found = sound(**change)
    assert test in {f.test for f in found.findings if f.fails}
    assert not found.passed


def test_rows_unlike_any_seen_are_a_warning_only():
    found = sound(unlike=0.9)
    assert found.passed
    assert [f.test for f in found.findings if not f.passed] == [Tried.UNLIKE]


def test_features_that_do_nothing_do_not_disturb_the_ranking():
    rng = np.random.default_rng(0)
    values = np.column_stack([rng.normal(size=(100, 2)) * [5, 1], np.zeros((100, 6))])
    assert stability(values) == pytest.approx(1.0)


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with Runner(["core.evidence.explain.isolated"]) as runner:
        yield runner


def test_the_job_tries_what_is_stored(store, runner):
    table = applicants()
    features = ["income", "months"]
    model = RandomForestClassifier(10, max_depth=4, random_state=0).fit(table[features], table["default"])
    version = register(store, model, table, features=features)
    with store.unit_of_work(SCIENTIST) as uow:
        commands.request_explanation(uow, version.id)
    run_waiting(store, {queries.JOB_KIND: lambda context: work.explain(context, runner)})
    with store.unit_of_work(SCIENTIST) as uow:
        assert queries.trial(uow.session, version.id) is None
        commands.enqueue_trial_for(uow, version.id)
    run_waiting(store, {queries.TRIAL_KIND: lambda context: trial_work.put_on_trial(context, runner)})
    with store.reading() as session:
        found = queries.trial(session, version.id)
    assert found.passed, found.findings
    assert found.permuted[0].feature == "income"
    assert found.rows == 600
