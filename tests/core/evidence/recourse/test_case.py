"""A question about a case, from the command to the stored answer, in the real isolated runner."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder
from sqlmodel import select

from core.assets.intake.runner import Runner
from core.assets.registry.queries import Task
from core.errors import Invalid, NotFound, Refused
from core.evidence.recourse import commands, queries, work
from core.evidence.recourse.limits import FeatureLimit, Limits, Way
from core.platform.audit.tables import AuditEvent
from core.platform.jobs.handling import run_waiting
from core.platform.store import Store
from tests.core.evidence.explain.registered import SCIENTIST, applicants, register

FEATURES = ["income", "purpose", "months"]


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with Runner(["core.evidence.explain.isolated", "core.evidence.recourse.isolated"]) as runner:
        yield runner


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return applicants()


@pytest.fixture(scope="module")
def model(table):
    columns = make_column_transformer((OrdinalEncoder(), ["purpose"]), remainder="passthrough")
    return make_pipeline(columns, HistGradientBoostingClassifier(max_iter=25)).fit(
        table[FEATURES], table["default"]
    )


def answer(store: Store, runner: Runner, version, values, **options):
    with store.unit_of_work(SCIENTIST) as uow:
        key = commands.ask(uow, version.id, values, **options)
    run_waiting(store, {queries.JOB_KIND: lambda context: work.answer_case(context, runner)})
    with store.reading() as session:
        job = queries.job(session, key)
        assert job is None or job.problem is None, job.problem
        return key, queries.answer(session, key)


def test_why_this_case_and_what_would_change_it(store, runner, table, model):
    version = register(store, model, table, features=FEATURES)
    refused = int(np.argmax(model.predict_proba(table[FEATURES])[:, 1]))
    values = queries.evaluated(store.files, version, refused)
    assert values["purpose"] == table["purpose"][refused]

    key, found = answer(store, runner, version, values)

    assert found.holds
    assert found.positive
    own = model.predict_proba(table[FEATURES].iloc[[refused]])[0, 1]
    assert found.decided == pytest.approx(own)
    assert found.cases
    for one in found.cases:
        changed = table[FEATURES].iloc[[refused]].copy()
        for change in one.changes:
            changed[change.feature] = change.after
        assert model.predict_proba(changed)[0, 1] < 0.5
    with store.unit_of_work(SCIENTIST) as uow:
        assert commands.ask(uow, version.id, values) == key  # it stands: nothing is computed again
        actions = [
            a
            for a in uow.session.exec(select(AuditEvent.action).order_by(AuditEvent.idx))
            if a.startswith("case.")
        ]
    assert actions == ["case.asked", "case.answered"]


def test_limits_of_the_owner_are_kept_and_protected_columns_never_move(store, runner, table, model):
    version = register(store, model, table, features=FEATURES)
    limits = Limits({"purpose": FeatureLimit(Way.FIXED), "income": FeatureLimit(Way.UP)})
    with store.unit_of_work(SCIENTIST) as uow:
        commands.set_limits(uow, version.id, limits)
    with store.reading() as session:
        assert queries.limits(session, version.use_case_id).limits == limits
        assert queries.limits(session, version.use_case_id).set_by == SCIENTIST.id
    refused = int(np.argmax(model.predict_proba(table[FEATURES])[:, 1]))
    _, found = answer(store, runner, version, queries.evaluated(store.files, version, refused))
    for one in found.cases:
        assert all(c.feature != "purpose" for c in one.changes)
        assert all(c.after > c.before for c in one.changes if c.feature == "income")
    with pytest.raises(Invalid, match="wage"), store.unit_of_work(SCIENTIST) as uow:
        commands.set_limits(uow, version.id, Limits({"wage": FeatureLimit()}))


def test_what_if_takes_values_nobody_had(store, runner, table, model):
    version = register(store, model, table, features=FEATURES)
    values = {"income": 2500.5, "purpose": "car", "months": None}
    _, found = answer(store, runner, version, values, search=False)
    row = pd.DataFrame({"income": [2500.5], "purpose": ["car"], "months": [np.nan]})
    assert found.decided == pytest.approx(model.predict_proba(row)[0, 1])
    assert (found.cases, found.searched) == ((), False)
    near = queries.similar(store.files, version, values)
    assert len(near) == 5
    assert near["distance"].is_monotonic_increasing
    assert (near["purpose"] == "car").all()


def test_bad_questions_name_the_feature(store, runner, table, model, actor):
    version = register(store, model, table, features=FEATURES)
    with pytest.raises(Invalid, match="months"), store.unit_of_work(SCIENTIST) as uow:
        commands.ask(uow, version.id, {"income": 1.0, "purpose": "car"})
    with store.reading() as session:
        odd = queries.asked(session, version.id, {"income": "much", "purpose": "car", "months": 3})
    with pytest.raises(Invalid, match="income cannot be “much”"):
        work.answered(store, runner, odd)
    with pytest.raises(NotFound, match="no row 600"):
        queries.evaluated(store.files, version, 600)
    with store.reading() as session, pytest.raises(NotFound, match="no-such"):
        queries.logged(session, store.files, version, "no-such")
    with pytest.raises(Refused), store.unit_of_work(actor("viewer")) as uow:
        commands.ask(uow, version.id, {"income": 1.0, "purpose": "car", "months": 3})
    with pytest.raises(Refused), store.unit_of_work(actor("viewer")) as uow:
        commands.set_limits(uow, version.id, Limits())


def test_quantities_have_no_other_side(store, runner, table, model):
    version = register(
        store,
        model,
        table,
        features=FEATURES,
        label="months",
        task=Task.REGRESSION,
        positive="",
        slug="months",
    )
    with store.reading() as session, pytest.raises(Invalid, match="yes-or-no"):
        queries.asked(session, version.id, {"income": 1.0, "purpose": "car", "months": 3})
