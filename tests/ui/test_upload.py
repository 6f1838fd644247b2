"""The upload page: each step, what is missing, the outcome, and the forms around it."""

import io
import json

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression

from app.ui.use_case_form import slug_of
from core.assets.intake import commands as intake
from core.assets.intake import work
from core.assets.intake.runner import Runner
from core.assets.registry import queries as registry
from core.assets.registry.risk import RiskQuestion, tier
from core.assets.registry.usecase import RiskTier, is_slug
from core.platform.audit import queries as audit
from core.platform.jobs.handling import run_waiting
from tests.ui.hands import member, page_as, use_case


@pytest.fixture(scope="module")
def runner():
    with Runner() as running:
        yield running


@pytest.fixture(scope="module")
def pair():
    random = np.random.default_rng(7)
    X = pd.DataFrame(
        {"income": random.normal(50, 12, 300), "age": random.integers(18, 80, 300).astype(float)}
    )
    y = (X["income"] + random.normal(0, 6, 300) > 50).astype(int)
    model = io.BytesIO()
    skops.io.dump(LogisticRegression().fit(X, y), model)
    return model.getvalue(), X.assign(paid=y, sex=random.choice(["f", "m"], 300)).to_csv(index=False).encode()


def draft_of(store, actor, pair):
    with store.unit_of_work(actor) as uow:
        draft = intake.open_draft(uow)
    for kind, name, content in (("artifact", "model.skops", pair[0]), ("table", "rows.csv", pair[1])):
        intake.receive_file(store, actor, draft, kind, store.files.put_bytes(content), name)
    return draft


def button(page, label):
    return next(b for b in page.button if b.label == label)


def words(page):
    return " ".join(e.value for kind in (page.markdown, page.caption, page.error, page.warning) for e in kind)


def test_a_viewer_reads_who_may_upload(house):
    page = page_as(house, "viewer", "upload")
    assert not page.exception
    assert "Data scientist" in words(page)
    assert [b.label for b in page.button if b.label == "Check and register"] == []


def test_nothing_can_be_registered_before_the_steps_are_done(house):
    use_case(house)
    page = page_as(house, "data_scientist", "upload")
    assert not page.exception
    assert button(page, "Check and register").disabled
    assert "send the model file, send the evaluation table" in words(page)


def test_a_waiting_file_opens_one_draft_and_spends_one_ticket(house):
    use_case(house)
    ana = member(house, "data_scientist")
    page = page_as(house, ana, "upload")
    page.session_state["upload_artifact"] = {"asked": {"nonce": "n1", "name": "m.skops", "size": 10}}
    page.run().run()
    assert not page.exception
    permit = page.session_state["upload_artifact:permit"]
    draft = page.query_params["draft"]
    assert permit["url"].startswith(
        f"/api/v1/drafts/{draft if isinstance(draft, str) else draft[0]}/artifact?ticket="
    )
    with house.reading() as view:
        assert len(audit.events(view, action="draft.opened")) == 1


def test_a_use_case_is_created_in_place(house):
    page = page_as(house, "data_scientist", "upload")
    assert not page.exception
    page.text_input(key="new_title").set_value("Crédito pessoal")
    page.text_area(key="new_purpose").set_value("Decide on loans.")
    page.selectbox(key="new_basis").set_value("credit_protection")
    page.toggle(key="new_risk_listed").set_value(True)
    button(page.run(), "Create the use case").click().run()
    assert not page.exception
    with house.reading() as view:
        case = registry.use_case(view, "credito-pessoal")
    assert (case.risk_tier, case.lawful_basis) == (RiskTier.HIGH, "credit_protection")
    assert "Decide on loans\\." in words(page)


def test_a_use_case_without_a_purpose_is_refused_in_place(house):
    page = page_as(house, "data_scientist", "upload")
    page.text_input(key="new_title").set_value("Loans")
    button(page.run(), "Create the use case").click().run()
    assert not page.exception
    assert "purpose" in words(page)


def test_somebody_elses_draft_is_not_found(house, pair):
    use_case(house)
    draft = draft_of(house, member(house, "data_scientist", "Ana"), pair)
    page = page_as(house, member(house, "data_scientist", "Ben"), "upload", draft=draft)
    assert not page.exception
    assert "There is no upload" in words(page)
    assert not page.selectbox


def test_from_the_files_to_the_metrics_and_again_after_a_reload(house, pair, runner):
    use_case(house)
    ana = member(house, "data_scientist")
    draft = draft_of(house, ana, pair)
    page = page_as(house, ana, "upload", draft=draft, use_case="credit")
    assert not page.exception
    page.selectbox(key=f"{draft}_label").set_value("paid").run()
    assert page.selectbox(key=f"{draft}_positive_paid").options == ["0", "1"]
    assert page.multiselect(key=f"{draft}_protected_paid").value == ["age", "sex"]
    button(page, "Check and register").click().run()
    assert not page.exception
    assert "Waiting for a worker" in " ".join(
        json.dumps(str(e)) for e in page.get("progress")
    ) or "Checking" in words(page)
    run_waiting(house, {intake.JOB: lambda context: work.evaluate(context, runner)})
    again = page_as(house, ana, "upload", draft=draft)
    assert not again.exception
    assert [h.value for h in again.header] == ["Registered and evaluated"]
    assert {"Open the record", "Explain", "Request release"} <= {
        link.label for link in again.get("page_link")
    }
    assert any("Area under the ROC curve" in m.label for m in again.metric)


def test_a_refusal_names_the_reason_and_the_fix(house, pair, runner):
    use_case(house)
    ana = member(house, "data_scientist")
    table = (
        pd.read_csv(io.BytesIO(pair[1])).rename(columns={"income": "incomes"}).to_csv(index=False).encode()
    )
    draft = draft_of(house, ana, (pair[0], table))
    page = page_as(house, ana, "upload", draft=draft, use_case="credit")
    page.selectbox(key=f"{draft}_label").set_value("paid").run()
    button(page, "Check and register").click().run()
    run_waiting(house, {intake.JOB: lambda context: work.evaluate(context, runner)})
    page = page_as(house, ana, "upload", draft=draft)
    assert not page.exception
    assert [h.value for h in page.header] == ["Refused by the checks"]
    told = " ".join(e.value for e in page.error)
    assert "income" in told
    assert "incomes" in told


@pytest.mark.parametrize(
    ("title", "slug"),
    [("Crédito pessoal", "credito-pessoal"), ("  A  b!! ", "a-b"), ("x" * 80, "x" * 63), ("信用", "")],
)
def test_slug_of(title, slug):
    assert slug_of(title) == slug
    assert not slug or is_slug(slug)


@pytest.mark.parametrize(
    ("yes", "expected"),
    [
        ((), RiskTier.LOW),
        ((RiskQuestion.PEOPLE,), RiskTier.LIMITED),
        ((RiskQuestion.AUTOMATED,), RiskTier.LIMITED),
        ((RiskQuestion.LISTED,), RiskTier.HIGH),
        ((RiskQuestion.RIGHTS, RiskQuestion.AUTOMATED), RiskTier.HIGH),
        (tuple(RiskQuestion), RiskTier.HIGH),
    ],
)
def test_risk_tier(yes, expected):
    assert tier({question: question in yes for question in RiskQuestion}) is expected
