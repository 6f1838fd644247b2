"""The record of a model: every tab opens, two versions compare, the card is edited, a release is requested."""

import io
import pickle

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LinearRegression, LogisticRegression

from app import wiring
from app.submission import Submission, submit
from core.assets.datasets import queries as datasets
from core.assets.intake import commands as intake
from core.assets.intake import queries as uploads
from core.assets.intake import work
from core.assets.intake.runner import Runner
from core.assets.registry import RiskTier, Task
from core.assets.registry import queries as registry
from core.assets.registry.upstream import Upstream
from core.decisions.releases import commands as releases
from core.platform.jobs.handling import run_waiting
from core.platform.store import SYSTEM
from tests.conftest import Hands, open_sqlite
from tests.ui.hands import member, page_as, use_case

TABS = ["versions", "use_case", "card", "evaluation", "weak", "data", "lineage", "decisions", "activity"]


@pytest.fixture(scope="module")
def runner():
    with Runner() as running:
        yield running


IMPORTED = Upstream(
    "http://mlflow.example.org", "*scorer*", "7", "r1", ("champion",), {"accuracy": 0.5}, {"C": "[1](x)"}
)


def bring(store, actor, task, runner, *, seed):
    random = np.random.default_rng(seed)
    X = pd.DataFrame(
        {"income": random.normal(50, 12, 200), "age": random.integers(18, 80, 200).astype(float)}
    )
    y = X["income"] * 2 + random.normal(0, 8, 200)
    if task is Task.BINARY:
        y = (y > 100).astype(int)
    fitted = (LogisticRegression() if task is Task.BINARY else LinearRegression()).fit(X, y)
    model = io.BytesIO()
    skops.io.dump(fitted, model)
    with store.unit_of_work(actor) as uow:
        draft = intake.open_draft(uow)
    for kind, content in (
        ("artifact", model.getvalue()),
        ("table", X.assign(label=y).to_csv(index=False).encode()),
    ):
        intake.receive_file(store, actor, draft, kind, store.files.put_bytes(content), f"{kind}.bin")
    with store.unit_of_work(actor) as uow:
        submit(
            uow,
            draft,
            Submission(
                "credit",
                "label",
                "1" if task is Task.BINARY else "",
                note="*first* try",
                imported=IMPORTED if seed == 2 else None,
            ),
        )
    run_waiting(store, {intake.JOB: lambda context: work.evaluate(context, runner)})


def button(page, label):
    return next(b for b in page.button if b.label == label)


def words(page):
    return " ".join(e.value for kind in (page.markdown, page.caption, page.error, page.warning) for e in kind)


def cells(page):
    return " ".join(str(value) for table in page.table for value in table.value.to_numpy().ravel())


@pytest.fixture(scope="module", params=[Task.BINARY, Task.REGRESSION])
def brought(request, runner, empty_sqlite, tmp_path_factory):
    """One store for the module: two evaluated versions by Ana."""
    store = open_sqlite(empty_sqlite, tmp_path_factory.mktemp("record"), Hands())
    with store.unit_of_work(SYSTEM) as uow:
        releases.publish_shipped(uow)
    use_case(store, task=request.param, tier=RiskTier.LOW)
    ana = member(store, "data_scientist", "Ana")
    for seed in (1, 2):
        bring(store, ana, request.param, runner, seed=seed)
    yield store, ana, member(store, "viewer"), request.param
    store.close()


@pytest.fixture
def kept(brought, monkeypatch):
    monkeypatch.setattr(wiring, "_process_store", lambda: brought[0])
    return brought


def test_every_tab_opens_for_a_reader(kept):
    house, _ana, viewer, task = kept
    shown = {}
    for tab in TABS:
        page = page_as(house, viewer, "model", use_case="credit", tab=tab)
        assert not page.exception, tab
        assert page.title[0].value == "Consumer credit"
        shown[tab] = words(page) + cells(page)
    assert "\\*first\\* try" in shown["versions"]
    assert "credit\\_protection" in shown["card"] or "credit" in shown["card"]
    assert ("Area under the ROC curve" if task is Task.BINARY else "Mean absolute error") in shown[
        "evaluation"
    ]
    assert "income" in shown["data"]
    assert "sha256" in shown["lineage"]
    assert "No decision yet" in shown["decisions"]
    assert "Thresholds sealed" in shown["activity"]


def test_what_mlflow_reported_is_kept_apart(kept):
    house, ana, _viewer, _task = kept
    page = page_as(house, ana, "model", use_case="credit", version="2", tab="evaluation")
    assert "Reported by MLflow" in [h.value for h in page.header]
    assert "Aval did not measure" in words(page)
    assert "**\\*scorer\\* v7**" in words(page)
    assert [["accuracy", "0.5000"]] in [t.value.to_numpy().tolist() for t in page.table]
    first = page_as(house, ana, "model", use_case="credit", version="1", tab="evaluation")
    assert "Reported by MLflow" not in [h.value for h in first.header]
    assert (
        "mlflow" in words(page_as(house, ana, "model", use_case="credit", version="2", tab="lineage")).lower()
    )


def test_an_address_opens_the_same_tab_in_portuguese(kept):
    house, ana, _viewer, _task = kept
    for tab in TABS:
        page = page_as(house, ana, "model", language="pt_BR", use_case="credit", tab=tab)
        assert not page.exception, tab
        assert page.session_state["tabs_tab"] == page.tabs[TABS.index(tab)].label


def test_two_versions_side_by_side(kept):
    house, ana, _viewer, _task = kept
    page = page_as(house, ana, "model", use_case="credit", version="2", **{"with": "1"})
    assert not page.exception
    heads = [h.value for h in page.header]
    assert heads[2:] == ["Facts", "Metrics", "Features", "Importance", "Model card"]
    facts, metrics, features = (page.table[n].value for n in (1, 2, 3))
    for table in (facts, metrics, features):
        assert list(table.columns)[1:3] == ["v1", "v2"]
    told = dict(zip(facts.iloc[:, 0], facts.iloc[:, 3], strict=True))
    assert "differs" in told["**Digest**"]
    assert "same" in told["**Features**"]
    assert len(metrics) == len(uploads_metrics(house))
    assert "Both versions need an explanation first." in words(page)


def uploads_metrics(store):
    with store.reading() as view:
        return uploads.evaluation(view, registry.version_by_number(view, "credit", 2).id).metrics


def test_any_two_versions_may_be_compared(kept):
    house, ana, _viewer, _task = kept
    page = page_as(house, ana, "model", use_case="credit", version="1", **{"with": "2"})
    assert list(page.table[1].value.columns)[1:3] == ["v2", "v1"]


def test_the_use_case_is_edited_on_its_tab(kept):
    house, ana, viewer, _task = kept
    seen = page_as(house, viewer, "model", use_case="credit", tab="use_case")
    assert [t for t in seen.toggle if t.label == "Edit the use case"] == []
    page = page_as(house, ana, "model", use_case="credit", tab="use_case")
    next(t for t in page.toggle if t.label == "Edit the use case").set_value(True).run()
    with house.reading() as view:
        case = registry.use_case(view, "credit")
    key = f"edit_{case.id}"
    page.text_input(key=f"{key}_oversight").set_value("An analyst reads every refusal.")
    page.toggle(key=f"{key}_risk_people").set_value(True).run()
    button(page, "Save the use case").click().run()
    assert not page.exception
    with house.reading() as view:
        case = registry.use_case(view, "credit")
    assert case.human_oversight == "An analyst reads every refusal."
    assert case.risk_answers["people"] is True
    assert case.risk_tier is RiskTier.LIMITED


def test_flags_and_purposes_are_said_on_the_data_tab(kept):
    house, ana, viewer, _task = kept
    seen = page_as(house, viewer, "model", use_case="credit", tab="data")
    assert "proposed by inspection" in words(seen)
    assert not seen.multiselect
    page = page_as(house, ana, "model", use_case="credit", tab="data")
    next(m for m in page.multiselect if m.label == "Personal data").set_value(["age"])
    button(page, "Confirm what is personal").click().run()
    assert not page.exception
    assert "confirmed by Ana" in words(page)
    next(i for i in page.text_input if i.label == "income").set_value("Ability to pay.")
    button(page, "Save the purposes").click().run()
    assert not page.exception
    with house.reading() as view:
        version = registry.version_by_number(view, "credit", 2)
        dataset = datasets.dataset(view, version.dataset_id)
    assert (dataset.personal, dataset.purposes) == (("age",), {"income": "Ability to pay."})
    assert "50%" in " ".join(str(e.proto.text) for e in page.get("progress"))


@pytest.mark.parametrize("audience", ["technical", "public"])
def test_the_card_is_drawn_and_downloaded_for_an_audience(kept, audience):
    house, _ana, viewer, _task = kept
    page = page_as(house, viewer, "model", use_case="credit", tab="card", audience=audience)
    assert not page.exception
    assert [b.proto.label for b in page.get("download_button")] == ["Markdown", "JSON", "PDF"]
    assert ("Digest of the file" in cells(page)) == (audience == "technical")


def test_the_lineage_is_a_graph_and_the_same_in_words(kept):
    house, _ana, viewer, _task = kept
    page = page_as(house, viewer, "model", use_case="credit", tab="lineage")
    (chart,) = page.get("plotly_chart")
    assert chart.proto.alt.startswith("Lineage: ")
    assert "credit v2" in chart.proto.alt.replace("\\", "")
    assert [h.value for h in page.header][1:] == [
        "Data",
        "Version",
        "Releases",
        "Consuming applications",
        "Predictions",
    ]


def test_a_card_is_edited_once_and_says_by_whom(kept):
    house, ana, _viewer, _task = kept
    page = page_as(house, ana, "model", use_case="credit", tab="card")
    area = next(a for a in page.text_area if a.label == "Known limitations")
    area.set_value("Not for <b>businesses</b>.")
    button(page, "Save the card").click().run()
    assert not page.exception
    with house.reading() as view:
        version = registry.version_by_number(view, "credit", 2)
        card = uploads.card(view, version.id)
    assert card.revision == 1
    assert "by a person" in cells(page)
    assert "\\<b\\>" in cells(page)


def test_a_release_is_asked_for_in_a_dialog(kept):
    """Dialogs are fragments, which AppTest cannot rerun: the journey in the browser goes through with it."""
    house, ana, _viewer, _task = kept
    page = page_as(house, ana, "model", use_case="credit", version="2")
    button(page, "Request release").click().run()
    assert not page.exception
    assert page.selectbox[-1].options == ["Staging", "Production"]
    assert button(page, "Request the release")


def test_a_viewer_has_no_request_button(kept):
    house, _ana, viewer, _task = kept
    page = page_as(house, viewer, "model", use_case="credit")
    assert [b for b in page.button if b.label == "Request release"] == []


def test_a_use_case_without_a_version_says_what_comes_next(house):
    use_case(house)
    page = page_as(house, "data_scientist", "model", use_case="credit")
    assert not page.exception
    assert "No version yet" in words(page)


def test_an_unknown_use_case_in_the_address_is_told(house):
    use_case(house)
    page = page_as(house, "viewer", "model", use_case="nowhere")
    assert not page.exception
    assert "nowhere" in words(page)


class Odd:
    """Stands for a class that the list does not know."""


@pytest.mark.parametrize(
    ("answer", "state"), [("Approve these names", "checking"), ("Refuse the file", "refused")]
)
def test_names_beyond_the_list_wait_for_somebody_else(house, runner, answer, state):
    use_case(house, task=Task.REGRESSION, tier=RiskTier.LOW)
    ana, lia = member(house, "data_scientist", "Ana"), member(house, "compliance", "Lia")
    table = pd.DataFrame({"income": np.linspace(1.0, 9.0, 60), "label": np.linspace(1.0, 9.0, 60)})
    with house.unit_of_work(ana) as uow:
        draft = intake.open_draft(uow)
    for kind, content in (("artifact", pickle.dumps(Odd())), ("table", table.to_csv(index=False).encode())):
        intake.receive_file(house, ana, draft, kind, house.files.put_bytes(content), f"{kind}.bin")
    with house.unit_of_work(ana) as uow:
        submit(uow, draft, Submission("credit", "label"))
    run_waiting(house, {intake.JOB: lambda context: work.evaluate(context, runner)})
    mine = page_as(house, ana, "model", use_case="credit", tab="evaluation")
    assert "beyond the reviewed list" in words(mine)
    assert not [b for b in mine.button if b.label == answer]
    hers = page_as(house, lia, "model", use_case="credit", tab="evaluation")
    assert "Odd" in words(hers)
    button(hers, answer).click().run()
    assert not hers.exception
    with house.reading() as view:
        assert registry.version_by_number(view, "credit", 1).state == state
