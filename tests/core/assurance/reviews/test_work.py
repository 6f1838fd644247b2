"""From a logged prediction to the letter, in the real isolated runner: the change shown flips the model's decision."""

from collections.abc import Iterator

import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from core.assets.datasets.reading import to_parquet
from core.assets.intake.runner import Runner
from core.assets.registry.commands import edit_use_case
from core.assets.registry.usecase import UseCaseEdit
from core.assurance.reviews import commands, drafting, queries, work
from core.assurance.reviews.commands import CASE_JOB, Asked
from core.assurance.reviews.request import Kind, Outcome
from core.evidence.monitoring import commands as monitoring_commands
from core.evidence.monitoring import work as monitoring
from core.evidence.recourse import queries as recourse
from core.platform.access import commands as access
from core.platform.jobs import queries as jobs
from core.platform.jobs.handling import run_waiting
from core.platform.store import SYSTEM, Actor, Store
from tests.core.evidence.explain.registered import applicants, register

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


class Desk:
    def __init__(self, store: Store, runner: Runner, table: pd.DataFrame, model) -> None:
        self.store, self.runner, self.model = store, runner, model
        self.version = register(store, model, table, features=FEATURES)
        with store.unit_of_work(SYSTEM) as uow:
            owner = access.add_person(uow, name="Rui Alves", email="rui@example.org", roles=["compliance"])
            change = UseCaseEdit(owner_id=owner, human_oversight="The credit desk looks at each refusal.")
            edit_use_case(uow, self.version.use_case_id, change)
        self.rui = Actor(owner, "person", frozenset({"compliance", "data_scientist"}), "page")
        score = model.predict_proba(table[FEATURES])[:, 1]
        self.log = table[FEATURES].assign(
            prediction_id=[f"p-{n}" for n in range(len(table))], timestamp="2026-11-20T10:00:00Z",
            probability=score, subject=[f"C-{n}" for n in range(len(table))],
        )  # fmt: skip
        digest = store.files.put_bytes(to_parquet(self.log)).digest
        monitoring.take(
            store, self.rui, self.version.id, monitoring.BatchKind("predictions"), digest, "parquet"
        )
        self.refused = self.log.loc[self.log["probability"].sort_values(ascending=False).index[3]]

    def ask(self, **change) -> str:
        base = {
            "use_case": "credit", "kind": Kind.REVIEW, "law": "lgpd", "language": "pt_BR", "requester": "Ana Souza",
            "message": "", "prediction_id": self.refused["prediction_id"], "reference": self.refused["subject"],
        }  # fmt: skip
        with self.store.unit_of_work(self.rui) as uow:
            review = commands.take(uow, Asked(**(base | change)))
        self.work()
        return review

    def work(self) -> None:
        profile = {monitoring_commands.PROFILE_JOB: monitoring.profile}
        run_waiting(self.store, {CASE_JOB: lambda context: work.find_case(context, self.runner), **profile})

    def case(self, review: str):
        with self.store.reading() as view:
            return queries.found_case(view, review)


@pytest.fixture
def desk(store, runner, table, model) -> Desk:
    return Desk(store, runner, table, model)


def test_the_change_in_the_letter_flips_the_decision_and_moves_only_what_may_move(desk, table):
    review = desk.ask()
    case = desk.case(review)
    assert case.usable
    assert case.positive
    assert case.score == pytest.approx(desk.refused["probability"])
    changed = pd.DataFrame([case.inputs])[FEATURES]
    for one in case.changes:
        seen = table[one.feature].dropna()
        if pd.api.types.is_numeric_dtype(seen):
            assert seen.min() <= one.after <= seen.max()
        else:
            assert one.after in set(seen)
        changed[one.feature] = one.after
    assert case.changes
    assert desk.model.predict_proba(changed)[0, 1] < desk.version.operating_threshold
    with desk.store.unit_of_work(desk.rui) as uow:
        commands.decide(uow, review, Outcome.UPHELD, reason="A sua renda não mudou desde então.")
    with desk.store.reading() as view:
        letter = drafting.draft(view, review)
    assert {"reasons", "recourse"} <= set(letter.elements)
    assert all(line in letter.text for line in case.told["pt_BR"])


def test_corrected_data_is_scored_anew(desk, hands):
    review = desk.ask()
    hands.forward(minutes=5)
    richer = float(desk.log["income"].max())
    with desk.store.unit_of_work(desk.rui) as uow:
        commands.correct(uow, review, {"income": richer})
    desk.work()
    case = desk.case(review)
    assert case.corrected == {"income": richer}
    assert case.inputs["income"] == richer
    assert case.score != pytest.approx(desk.refused["probability"])


def test_a_logged_prediction_is_found_by_its_id(desk):
    with desk.store.reading() as view:
        values = recourse.logged(view, desk.store.files, desk.version, desk.refused["prediction_id"])
    assert values["income"] == desk.refused["income"]
    assert values["purpose"] == desk.refused["purpose"]


def test_a_prediction_that_nobody_logged_says_what_to_do(desk):
    review = desk.ask(prediction_id="p-unknown")
    assert desk.case(review) is None
    with desk.store.reading() as view:
        job = jobs.latest(view, "review", review, CASE_JOB)
    assert job is not None
    assert job.problem is not None
    assert job.problem.code == "review.prediction_unknown"
