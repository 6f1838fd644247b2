"""The job from a registered version to stored values, in the real isolated runner."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sqlmodel import select

from core.assets.intake.runner import Result, Runner
from core.assets.registry.queries import Task, VersionState
from core.assets.registry.tables import VersionRow
from core.errors import Conflict, Invalid, NotFound, Refused
from core.evidence.explain import commands, queries, sampling, work
from core.evidence.explain.terms import Fallback, Method, Unit
from core.platform.audit.tables import AuditEvent
from core.platform.jobs import commands as jobs
from core.platform.jobs import queries as job_queries
from core.platform.jobs.handling import JobContext, run_waiting
from core.platform.store import Store
from tests.core.evidence.explain.registered import SCIENTIST, applicants, register

FEATURES = ["income", "purpose", "months"]


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with Runner(["core.evidence.explain.isolated"]) as runner:
        yield runner


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return applicants()


def prepared():
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    return make_column_transformer((OneHotEncoder(), ["purpose"]), (numbers, ["income", "months"]))


@pytest.fixture(scope="module")
def forest(table):
    model = make_pipeline(prepared(), RandomForestClassifier(20, max_depth=5, random_state=0))
    return model.fit(table[FEATURES], table["default"])


def handler(runner: Runner):
    return {queries.JOB_KIND: lambda context: work.explain(context, runner)}


def explain(store: Store, version, runner: Runner):
    with store.unit_of_work(SCIENTIST) as uow:
        commands.request_explanation(uow, version.id)
    run_waiting(store, handler(runner))
    with store.reading() as session:
        job = queries.job(session, version.id)
        assert job.problem is None, job.problem
        return queries.explanation(session, version.id)


def test_first_a_sample_then_all_rows_and_the_values_add_up(store, runner, table, forest):
    version = register(store, forest, table, features=FEATURES)
    found = explain(store, version, runner)

    assert (found.method, found.unit, found.label) == (Method.TREE, Unit.PROBABILITY, "1")
    assert (found.rows, found.population) == (600, 600)
    assert found.holds
    assert found.features[0] == "income"
    for item in found.importance:
        assert item.low <= item.mean_abs <= item.high
    values = queries.attributions(store.files, found)
    assert sorted(values.index) == list(range(600))
    own = forest.predict_proba(table[FEATURES].iloc[values.index])[:, 1]
    np.testing.assert_allclose(found.base + values.sum(axis=1), own, atol=1e-5)  # float32 on disk
    np.testing.assert_allclose(queries.scores(store.files, found), own, atol=1e-12)
    pd.testing.assert_frame_equal(
        queries.inputs(store.files, found, values.index),
        table[list(found.features)].loc[values.index],
        check_names=False,
    )
    assert events(store) == ["explanation.requested", "explanation.stored", "explanation.stored"]


def events(store: Store) -> list[str]:
    with store.reading() as session:
        found = session.exec(select(AuditEvent.action).order_by(AuditEvent.idx)).all()
    return [a for a in found if a.startswith("explanation")]


def test_same_bytes_and_data_are_read_not_computed(store, runner, table, forest):
    first = explain(store, register(store, forest, table, features=FEATURES), runner)
    twin = register(store, forest, table, features=FEATURES)

    class Nobody:
        def run(self, *_: object, **__: object) -> Result:
            pytest.fail("nothing needs to be computed")

    second = explain(store, twin, Nobody())
    assert second.version_id == twin.id
    assert second.values_digest == first.values_digest


def test_a_case_is_told_in_the_tables_own_values(store, runner, table, forest):
    found = explain(store, register(store, forest, table, features=FEATURES), runner)
    case = queries.case(store.files, found, 17)
    assert {c.feature: c.value for c in case.contributions}["purpose"] == table["purpose"][17]
    assert case.base + sum(c.phi for c in case.contributions) == pytest.approx(case.score, abs=1e-5)
    sizes = [abs(c.phi) for c in case.contributions]
    assert sizes == sorted(sizes, reverse=True)
    with pytest.raises(NotFound, match="Row 600"):
        queries.case(store.files, found, 600)


def test_closed_form_and_regression(store, runner, table):
    linear = make_pipeline(prepared(), LogisticRegression()).fit(table[FEATURES], table["default"])
    found = explain(store, register(store, linear, table, features=FEATURES), runner)
    assert (found.method, found.unit) == (Method.LINEAR, Unit.MARGIN)
    assert found.background == 500
    forest = make_pipeline(prepared(), RandomForestRegressor(10, max_depth=4, random_state=0))
    forest.fit(table[["purpose", "months", "income"]], table["income"] * 2)
    quantity = table.assign(twice=table["income"] * 2)
    version = register(
        store,
        forest,
        quantity,
        features=FEATURES,
        label="twice",
        task=Task.REGRESSION,
        positive="",
        slug="income",
    )
    found = explain(store, version, runner)
    assert (found.method, found.unit, found.label) == (Method.TREE, Unit.VALUE, "")
    assert found.holds


def test_blocks_of_a_model_agnostic_method_are_alike(store, runner, table, monkeypatch):
    monkeypatch.setattr(work, "LARGEST_BLOCK", 150)
    monkeypatch.setattr(work, "SMALLEST_BLOCK", 150)
    model = make_pipeline(prepared(), PCA(3), LogisticRegression()).fit(table[FEATURES], table["default"])
    found = explain(store, register(store, model, table, features=FEATURES), runner)
    assert (found.method, found.fallback) == (Method.EXACT, Fallback.MIXED_COLUMNS)
    assert found.rows == 600
    assert found.holds


def test_versions_are_compared_only_in_one_unit(store, runner, table, forest):
    one = explain(store, register(store, forest, table, features=FEATURES), runner)
    linear = make_pipeline(prepared(), LogisticRegression()).fit(table[FEATURES], table["default"])
    two = explain(store, register(store, linear, table, features=FEATURES), runner)
    assert not queries.comparison(one, two).comparable
    same = queries.comparison(one, one)
    assert same.comparable
    assert same.rank_agreement == pytest.approx(1)
    assert all(p.change == 0 for p in same.pairs)


def test_who_may_ask_and_when(store, table, forest, actor):
    version = register(store, forest, table, features=FEATURES)
    with pytest.raises(Refused), store.unit_of_work(actor("viewer")) as uow:
        commands.request_explanation(uow, version.id)
    with store.unit_of_work(SCIENTIST) as uow:
        first = commands.request_explanation(uow, version.id)
    with store.unit_of_work(actor("compliance")) as uow:
        assert commands.request_explanation(uow, version.id) == first  # the running job, not a second one
    waiting = register(store, forest, table, features=FEATURES, state=VersionState.CHECKING)
    with pytest.raises(Conflict, match="has not passed its checks"), store.unit_of_work(SCIENTIST) as uow:
        commands.request_explanation(uow, waiting.id)


def test_a_child_that_lies_is_refused(store, table, forest):
    version = register(store, forest, table, features=FEATURES)
    shape = (200, 3)
    good = {"values": np.zeros(shape), "scores": np.zeros(200), "errors": np.zeros(shape)}
    meta = {
        "method": "tree_quadrature", "question": "path_dependent", "unit": "margin", "fallback": "",
        "base": 0.0, "background": 0, "pairs": 0,
    }  # fmt: skip
    lies = [
        (good, {**meta, "method": "guess"}),
        (good, {k: v for k, v in meta.items() if k != "base"}),
        ({**good, "values": np.zeros((200, 2))}, meta),
        ({**good, "scores": np.full(200, np.nan)}, meta),
        ({}, {"refused": "no_score"}),
    ]
    for arrays, facts in lies:

        class Liar:
            def run(self, *_: object, arrays=arrays, facts=facts, **__: object) -> Result:
                return Result(arrays, facts, 0.0, 0.0)

        with store.unit_of_work(SCIENTIST) as uow:
            job = jobs.enqueue(uow, queries.JOB_KIND, "version", version.id, {"version_id": version.id})
        with store.reading() as session:
            payload = {"version_id": version.id}
            assert job_queries.job(session, job).id == job
        with pytest.raises(Invalid):
            work.explain(JobContext(store, job, SCIENTIST, payload), Liar())
    with store.reading() as session:
        assert queries.explanation(session, version.id) is None


def test_values_off_the_models_output_are_stored_but_do_not_hold(store, table, forest):
    """A model that answers differently each time: told on the page, never hidden."""
    version = register(store, forest, table, features=FEATURES)

    class Moody:
        def run(self, task, path, kind, frames, options, *, trusted) -> Result:
            n = len(frames["rows"])
            arrays = {"values": np.zeros((n, 3)), "scores": np.full(n, 0.25), "errors": np.zeros((n, 3))}
            facts = {
                "method": "antithetic_permutations", "question": "interventional", "unit": "probability", "fallback": "",
                "base": 0.0, "background": 50, "pairs": 4, "max_error": 0.0,
            }  # fmt: skip
            return Result(arrays, facts, 0.0, 0.0)

    found = explain(store, version, Moody())
    assert not found.holds
    assert found.max_error == pytest.approx(0.25)


def test_any_prefix_of_the_sample_is_stratified():
    label = pd.Series(["rare"] * 30 + ["common"] * 2970)
    order = sampling.nested(label, most=2000, seed=3)
    assert len(set(order)) == len(order) == 2000
    for size in (200, 1000, 2000):
        share = (label.iloc[order[:size]] == "rare").sum()
        assert abs(share - size * 0.01) <= 1
    numeric = pd.Series(np.random.default_rng(0).lognormal(size=5000))
    head = sampling.nested(numeric, seed=3)[:200]
    inside = [(numeric.iloc[head] <= numeric.quantile(q)).mean() for q in (0.1, 0.5, 0.9)]
    np.testing.assert_allclose(inside, [0.1, 0.5, 0.9], atol=0.011)


def test_an_onnx_model_is_explained_from_its_trees(store, runner, table):
    skl2onnx = pytest.importorskip("skl2onnx")
    from skl2onnx.common.data_types import FloatTensorType

    numbers = table[["income", "months"]].fillna(24).astype("float32")
    model = RandomForestClassifier(8, max_depth=4, random_state=0).fit(numbers.to_numpy(), table["default"])
    graph = skl2onnx.to_onnx(
        model, initial_types=[("X", FloatTensorType([None, 2]))], options={"zipmap": False}, target_opset=17
    )
    stored = store.files.put_bytes(graph.SerializeToString())
    version = register(store, model, table.assign(months=numbers["months"]), features=["income", "months"])
    with store.unit_of_work(SCIENTIST) as uow:
        row = uow.session.get(VersionRow, version.id)
        row.artifact_digest, row.format = stored.digest, "onnx"
    found = explain(store, version, runner)
    assert (found.method, found.unit) == (Method.TREE, Unit.PROBABILITY)
    assert found.holds
    scores = queries.scores(store.files, found)
    own = model.predict_proba(numbers.to_numpy()[scores.index])[:, 1]
    np.testing.assert_allclose(scores, own, atol=1e-6)
