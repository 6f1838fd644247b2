"""Explainability: every state of the page, drawn by Streamlit itself over a real store."""

from datetime import date

import numpy as np
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from streamlit.testing.v1 import AppTest

from app import wiring
from core.assets.intake.runner import Result
from core.assets.registry.queries import VersionState
from core.evidence.attribution_drift import commands as drift_commands
from core.evidence.attribution_drift.shift import Month, shifts
from core.evidence.explain import commands, queries, work
from core.evidence.explain.engine import explain
from core.evidence.explain.partial import partial
from core.evidence.recourse import queries as recourse
from core.evidence.recourse.work import answer_case
from core.platform.jobs.handling import run_waiting
from core.platform.store import Actor
from tests.core.evidence.explain.registered import SCIENTIST, applicants, register
from tests.ui.hands import page_as

FEATURES = ["income", "purpose", "months"]


class InProcess:
    """The runner's face over a model at hand: what happens in the jail is test_work's matter."""

    def __init__(self, *models) -> None:
        self.models = list(models)

    def run(self, task, path, kind, frames, options, *, trusted) -> Result:
        import joblib

        if task.endswith(":case"):
            from core.evidence.recourse.isolated import case

            arrays, facts = case(joblib.load(path), frames, options)
            return Result(arrays, facts, 0.0, 0.0)
        found = explain(joblib.load(path), frames["rows"], frames["background"], label=options["label"])
        meta = {
            "method": found.method, "question": found.question, "unit": found.unit, "fallback": "",
            "base": found.base, "background": found.background, "pairs": 0,
        }  # fmt: skip
        return Result(
            {"values": found.values, "scores": found.scores, "errors": found.errors}, meta, 0.0, 0.0
        )


@pytest.fixture
def table():
    return applicants(300)


def fitted(table, last):
    columns = make_column_transformer((OneHotEncoder(), ["purpose"]), (SimpleImputer(), ["income", "months"]))
    return make_pipeline(columns, last).fit(table[FEATURES], table["default"])


@pytest.fixture
def page(store, monkeypatch):
    monkeypatch.setattr(wiring, "_process_store", lambda: store)

    def open_page(actor: Actor = SCIENTIST, **query: str) -> AppTest:
        return page_as(store, actor, "explainability", **query)

    return open_page


def run_jobs(store):
    run_waiting(store, {queries.JOB_KIND: lambda context: work.explain(context, InProcess())})


def words(at: AppTest) -> str:
    return "\n".join(str(e.value) for e in [*at.markdown, *at.caption, *at.header, *at.warning, *at.error])


def alts(at: AppTest) -> list[str]:
    return [c.proto.alt for c in at.get("plotly_chart")]


def test_nothing_yet_leads_to_the_upload(page):
    at = page()
    assert not at.exception
    assert "No models yet" in words(at)


def test_a_version_under_check_waits(page, store, table):
    register(
        store,
        fitted(table, LogisticRegression(max_iter=5000)),
        table,
        features=FEATURES,
        state=VersionState.CHECKING,
    )
    at = page()
    assert not at.exception
    assert "cannot be explained yet" in words(at)
    assert not at.button


def test_from_the_button_to_the_charts(page, store, table):
    register(
        store,
        fitted(table, RandomForestClassifier(10, max_depth=4, random_state=0)),
        table,
        features=FEATURES,
    )
    at = page()
    assert "No explanation stored" in words(at)
    at.button[0].click().run()
    assert "Waiting for a worker" in words(at) or at.get("progress")
    run_jobs(store)
    at = page()
    assert not at.exception
    assert "All 300 explained rows add up" in words(at)
    assert "probability of" in words(at)
    assert [a.split(" ")[0] for a in alts(at)] == ["Bars", "Shapley", "Waterfall"]
    assert "income" in alts(at)[0]


def test_partial_dependence_is_worked_out_when_it_is_asked_for(page, store, table):
    model = fitted(table, LogisticRegression(max_iter=5000))
    version = register(store, model, table, features=FEATURES)
    with store.unit_of_work(SCIENTIST) as uow:
        commands.request_explanation(uow, version.id)
    run_jobs(store)
    at = page(how="partial", feature="income")
    assert not at.exception
    assert "Not worked out yet" in words(at)
    next(b for b in at.button if b.label == "Work it out").click().run()
    assert not at.exception
    with store.reading() as view:
        found = queries.explanation(view, version.id)
        assert queries.partial_job(view, version.id).state.value == "queued"
    said = np.array([[0.1, 0.2], [0.3, 0.4]])
    with store.unit_of_work(SCIENTIST) as uow:
        one = partial("income", [1000.0, 2000.0], said, numeric=True)
        commands.store_partial(uow, version.id, found.values_digest, [one])
    at = page(how="partial", feature="income")
    assert not at.exception
    assert any("from 0.150 to 0.350 over 2 rows" in alt for alt in alts(at))


def test_the_model_is_told_in_a_few_rules(page, store, table):
    version = register(store, fitted(table, LogisticRegression(max_iter=5000)), table, features=FEATURES)
    with store.unit_of_work(SCIENTIST) as uow:
        commands.request_explanation(uow, version.id)
    run_jobs(store)
    at = page(view="rules")
    assert not at.exception
    said = words(at)
    assert "rules tell" in said
    assert "measured on rows that they were not made from" in said
    rules = next(t.value for t in at.table if "Where" in t.value)
    assert 2 <= len(rules) <= 8
    assert rules["Where"].str.contains("income").any()


def test_who_may_not_start_reads_why(page, store, table, actor):
    register(store, fitted(table, LogisticRegression(max_iter=5000)), table, features=FEATURES)
    at = page(actor("viewer"))
    assert not at.button
    assert "Data scientist" in words(at)


def test_the_address_holds_view_feature_and_case(page, store, table):
    register(store, fitted(table, LogisticRegression(max_iter=5000)), table, features=FEATURES)
    at = page()
    at.button[0].click().run()
    run_jobs(store)
    at = page(view="swarm", feature="months", case="row", row="7")
    assert not at.exception
    assert alts(at)[0].startswith("Beeswarm")
    assert "months" in alts(at)[1]
    assert "Row 7:" in words(at)
    reasons = [m.value for m in at.markdown if m.value.startswith("1.")]
    assert "this raised the result" in reasons[0] or "this lowered the result" in reasons[0]
    beyond = page(case="row", row="100000")
    assert not beyond.exception
    assert "is not among the 300 explained rows" in words(beyond)


def test_lowest_and_highest_are_the_ends_of_the_scores(page, store, table):
    version = register(store, fitted(table, LogisticRegression(max_iter=5000)), table, features=FEATURES)
    at = page()
    at.button[0].click().run()
    run_jobs(store)
    with store.reading() as view:
        found = queries.explanation(view, version.id)
    scores = queries.scores(store.files, found)
    for case, row in (("lowest", scores.idxmin()), ("highest", scores.idxmax())):
        at = page(case=case)
        shown = next(c.value for c in at.caption if "Row" in c.value)
        number = int(shown.split("Row ")[1].split(":")[0])
        assert np.isclose(scores.loc[number], scores.loc[row])


def test_two_versions_meet_in_a_dumbbell(page, store, table):
    for depth in (3, 6):
        model = fitted(table, RandomForestClassifier(10, max_depth=depth, random_state=0))
        register(store, model, table, features=FEATURES)
    for number in ("1", "2"):
        page(version=number).button[0].click().run()
    run_jobs(store)
    at = page(version="2", view="versions")
    assert not at.exception
    assert "v1" in alts(at)[0]
    assert "v2" in alts(at)[0]
    assert "Rank agreement" in words(at)


def test_names_that_mean_something_to_markdown_stay_names(page, store, table):
    strange = table.rename(columns={"income": "<b>*income*</b> $x$"})
    features = ["<b>*income*</b> $x$", "purpose", "months"]
    columns = make_column_transformer(
        (OneHotEncoder(), ["purpose"]), (SimpleImputer(), [features[0], "months"])
    )
    model = make_pipeline(columns, LogisticRegression(max_iter=5000)).fit(
        strange[features], strange["default"]
    )
    register(store, model, strange, features=features)
    page().button[0].click().run()
    run_jobs(store)
    at = page()
    assert not at.exception
    drawn = [c.proto.spec for c in at.get("plotly_chart")]
    assert "income" in drawn[0]
    assert not any("<b>" in spec or "\\u003cb\\u003e" in spec for spec in drawn)


def test_a_choice_in_the_address_does_not_depend_on_the_language(page, store, table):
    register(store, fitted(table, LogisticRegression(max_iter=5000)), table, features=FEATURES)
    page().button[0].click().run()
    run_jobs(store)
    at = page()
    next(g for g in at.get("button_group") if g.key == "switch_view").set_value("swarm").run()
    assert at.query_params["view"] == "swarm"
    assert alts(at)[0].startswith("Beeswarm")


def test_what_would_change_it_from_button_to_table_and_what_if(page, store, table):
    version = register(
        store,
        fitted(table, RandomForestClassifier(10, max_depth=4, random_state=0)),
        table,
        features=FEATURES,
    )
    page().button[0].click().run()
    run_jobs(store)
    at = page()
    next(b for b in at.button if b.label == "Find what would change it").click().run()
    assert not at.exception
    run_waiting(store, {recourse.JOB_KIND: lambda context: answer_case(context, InProcess())})
    at = page()
    assert "The model decides for “1”" in words(at)
    assert "change; the score would be" in words(at)
    form = next(n for n in at.number_input if n.label == "monthly income")
    form.set_value(99_999)
    next(b for b in at.button if b.label == "Ask the model").click().run()
    run_waiting(store, {recourse.JOB_KIND: lambda context: answer_case(context, InProcess())})
    at.run()
    assert "monthly income = 99,999" in words(at)
    with store.reading() as session:
        assert queries.explanation(session, version.id) is not None
    unknown = page(case="prediction", prediction="nobody")
    assert "has the id nobody" in words(unknown)


def test_the_data_owner_sets_what_may_change(page, store, table, actor):
    register(store, fitted(table, LogisticRegression(max_iter=5000)), table, features=FEATURES)
    page().button[0].click().run()
    run_jobs(store)
    at = page()
    next(b for b in at.button if b.label == "Set what may change").click().run()
    assert not at.exception
    assert "Set these limits" in [b.label for b in at.button]
    viewer = page(actor("viewer"))
    assert "Set what may change" not in [b.label for b in viewer.button]


@pytest.mark.parametrize(
    ("lang", "title", "told"),
    [
        ("en", "What drives it over time", "In Oct 2026, beyond chance: "),
        ("pt_BR", "O que a determina ao longo do tempo", "além do acaso: "),
    ],
)
def test_what_drives_it_over_time_is_drawn_and_told(page, store, table, lang, title, told):
    model = fitted(table, LogisticRegression(max_iter=5000))
    version = register(store, model, table, features=FEATURES)
    with store.unit_of_work(SCIENTIST) as uow:
        commands.request_explanation(uow, version.id)
    run_jobs(store)
    assert title not in words(page(language=lang))  # without a log there is nothing to follow
    with store.reading() as view:
        found = queries.explanation(view, version.id)
    before = queries.attributions(store.files, found).to_numpy(float)
    names = list(found.features)
    moved = [
        Month(date(2026, m, 1), 900, 300, shifts(before, before * [1.0 + (m - 9), 1, 1], names))
        for m in (9, 10)
    ]
    with store.unit_of_work(SCIENTIST) as uow:
        drift_commands.store(uow, version.id, found.values_digest, moved)
    at = page(language=lang)
    assert not at.exception
    assert title in words(at)
    assert told in words(at)
    assert any(("by month" if lang == "en" else "por mês") in alt for alt in alts(at))
