"""The upload page: each step, what is missing, the outcome, and the forms around it."""

import io
import json

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression

from app.submission import Submission, submit, submit_again
from app.ui.column_mapping import proposed
from app.ui.use_case_form import slug_of
from core.assets.intake import commands as intake
from core.assets.intake import work
from core.assets.intake.runner import Runner
from core.assets.registry import commands as registry_commands
from core.assets.registry import queries as registry
from core.assets.registry.bundle import PartKind
from core.assets.registry.risk import RiskQuestion, tier
from core.assets.registry.usecase import RiskTier, is_slug
from core.errors import NotFound
from core.platform.audit import queries as audit
from core.platform.jobs.handling import run_waiting
from tests.app.test_drafts import ENDS, Ending
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
    assert [h.value for h in page.header] == ["Refused by the checks", "Which column is which feature"]
    told = " ".join(e.value for e in page.error)
    assert "income" in told
    assert "incomes" in told


@pytest.mark.parametrize("error", ENDS, ids=lambda e: e.code)
def test_a_child_that_ends_badly_is_told_with_what_to_do(house, pair, runner, error):
    use_case(house)
    ana = member(house, "data_scientist")
    draft = draft_of(house, ana, pair)
    with house.unit_of_work(ana) as uow:
        submit(uow, draft, Submission("credit", "paid"))
    settle(house, Ending(runner, error))
    page = page_as(house, ana, "upload", draft=draft)
    assert not page.exception
    assert [h.value for h in page.header] == ["Refused by the checks"]
    told = " ".join(e.value for e in page.error).replace("\\", "")
    assert error.text() in told
    assert error.fix_text() in told


def settle(store, runner):
    run_waiting(store, {intake.JOB: lambda context: work.evaluate(context, runner)})


def renamed(pair, **names):
    table = pd.read_csv(io.BytesIO(pair[1])).rename(columns=names)
    return pair[0], table.to_csv(index=False).encode()


def test_a_mismatch_of_columns_is_mended_where_it_is_told(house, pair, runner):
    use_case(house)
    ana = member(house, "data_scientist")
    draft = draft_of(house, ana, renamed(pair, income="incomes", age="years_lived"))
    with house.unit_of_work(ana) as uow:
        registry_commands.attach_image(uow, draft, "scorer@sha256:" + "a" * 64)
    page = page_as(house, ana, "upload", draft=draft, use_case="credit")
    page.selectbox(key=f"{draft}_label").set_value("paid").run()
    button(page, "Check and register").click().run()
    settle(house, runner)
    page = page_as(house, ana, "upload", draft=draft)
    with house.reading() as view:
        refused = registry.version_by_number(view, "credit", 1)
    choices = {f: page.selectbox(key=f"{refused.id}_{f}") for f in ("income", "age")}
    assert choices["income"].value == "incomes"
    assert choices["age"].value is None
    assert button(page, "Check again with these columns").disabled
    choices["age"].set_value("years_lived").run()
    button(page, "Check again with these columns").click().run()
    assert not page.exception
    settle(house, runner)
    with house.reading() as view:
        version = registry.version_by_number(view, "credit", 2)
        bundle = registry.bundle(view, version.id)
    assert (version.state.value, dict(version.mapping)) == (
        "ready",
        {"income": "incomes", "age": "years_lived"},
    )
    assert len(bundle.parts) == 1
    assert page.query_params["draft"] not in (draft, [draft])


def test_somebody_else_is_not_offered_to_mend_it(house, pair, runner):
    use_case(house)
    ana = member(house, "data_scientist", "Ana")
    draft = draft_of(house, ana, renamed(pair, income="incomes"))
    with house.unit_of_work(ana) as uow:
        submit(uow, draft, Submission("credit", "paid"))
    settle(house, runner)
    with house.reading() as view:
        version = registry.version_by_number(view, "credit", 1)
    with pytest.raises(NotFound), house.unit_of_work(member(house, "data_scientist", "Ben")) as uow:
        submit_again(uow, version.id, {"income": "incomes"})


@pytest.mark.parametrize(
    ("features", "columns", "found"),
    [
        (["a"], ["a", "y"], {}),
        (["income", "age"], ["Income", "y"], {"income": "Income", "age": ""}),
        (["income", "incomes"], ["incom", "incomes", "y"], {"income": "incom"}),
        (["x1", "x2"], ["x_1", "x_2", "y"], {"x1": "x_1", "x2": "x_2"}),
        (["yy"], ["y"], {"yy": ""}),
    ],
)
def test_the_nearest_free_column_is_proposed_once(features, columns, found):
    assert proposed(features, columns, "y") == found


def test_a_black_box_needs_no_file_but_a_column_of_scores(house, pair, runner):
    use_case(house)
    ana = member(house, "data_scientist")
    rows = pd.read_csv(io.BytesIO(pair[1]))
    rows["vendor_score"] = (rows["income"] / 100).clip(0, 1)
    with house.unit_of_work(ana) as uow:
        draft = intake.open_draft(uow)
    table = house.files.put_bytes(rows.to_csv(index=False).encode())
    intake.receive_file(house, ana, draft, "table", table, "rows.csv")
    page = page_as(house, ana, "upload", draft=draft, use_case="credit")
    assert "send the model file" in words(page)
    page.toggle(key="no_artifact").set_value(True).run()
    assert "send the model file" not in words(page)
    page.selectbox(key=f"{draft}_label").set_value("paid").run()
    assert page.selectbox(key=f"{draft}_scores").value == "vendor_score"
    button(page, "Check and register").click().run()
    assert not page.exception
    settle(house, runner)
    page = page_as(house, ana, "upload", draft=draft)
    assert [h.value for h in page.header] == ["Registered and evaluated"]
    record = page_as(house, ana, "model", use_case="credit", tab="evaluation")
    assert not record.exception
    assert "never ran the model" in words(record)
    card = page_as(house, ana, "model", use_case="credit", tab="card")
    assert not card.exception


def test_parts_are_named_and_taken_off_on_the_page(house, pair):
    use_case(house)
    ana = member(house, "data_scientist")
    draft = draft_of(house, ana, pair)
    page = page_as(house, ana, "upload", draft=draft, use_case="credit")
    page.selectbox(key="part_kind").set_value(PartKind.IMAGE).run()
    page.text_input(key="part_image").set_value("scorer:latest").run()
    button(page, "Attach the image").click().run()
    assert "digest" in words(page)
    page.text_input(key="part_image").set_value("scorer@sha256:" + "a" * 64).run()
    button(page, "Attach the image").click().run()
    assert not page.exception
    with house.reading() as view:
        (part,) = registry.bundle_of_upload(view, draft).parts
    page.button(key=f"part_{part.id}").click().run()
    with house.reading() as view:
        assert registry.bundle_of_upload(view, draft).parts == ()


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
        ((RiskQuestion.RIGHTS,), RiskTier.LIMITED),
        ((RiskQuestion.RIGHTS, RiskQuestion.AUTOMATED), RiskTier.HIGH),
        ((RiskQuestion.SENSITIVE, RiskQuestion.AUTOMATED), RiskTier.HIGH),
        ((RiskQuestion.SENSITIVE, RiskQuestion.PROFILING), RiskTier.LIMITED),
        ((RiskQuestion.FORBIDDEN,), RiskTier.HIGH),
        (tuple(RiskQuestion), RiskTier.HIGH),
    ],
)
def test_risk_tier(yes, expected):
    assert tier({question: question in yes for question in RiskQuestion}) is expected
