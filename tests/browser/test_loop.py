"""The loop in the windows of its people: from an alert to a new version that ends it; nobody loads a page again by hand.

The world turns: what used to be a safe applicant is a risk, and incomes rise. The retraining learns it, passes the gates
by answering the same later rows as the champion, is signed, and answers; then the former version's alert is over.
"""

import re
import time
from datetime import UTC, datetime

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from core.assets.registry import queries as registry
from core.decisions.retraining import queries as retraining
from core.evidence.alerts import queries as alerts
from tests.browser import harness, over_rest
from tests.browser.hands import choose, press, sign
from tests.browser.test_journey import request_release
from tests.browser.trained import Trained
from tests.core.decisions.retraining.conftest import FEATURES, rows_of

OPERATIONS, SCIENTIST, COMPLIANCE = (
    "Tomasz Wilk",
    "Ingrid Lindqvist",
    "Beatriz Sampaio",
)  # she reads Portuguese
WHY = "Incomes have moved away from what the model knows, and it is wrong about them."
PATIENCE = 180_000  # milliseconds that training, checks and comparison may take on a busy machine


@pytest.fixture
def model(tmp_path):
    """A model of the world as it was."""
    table = rows_of(1500, 1)
    columns = make_column_transformer(
        (OneHotEncoder(), ["purpose"]), (StandardScaler(), ["income", "months"])
    )
    fitted = make_pipeline(columns, LogisticRegression()).fit(table[FEATURES], table["default"])
    path = tmp_path / "leasing.joblib"
    joblib.dump(fitted, path)
    rows = tmp_path / "applicants.parquet"
    rows_of(1500, 2).to_parquet(rows, index=False)
    later = turned(2400, 3)
    return Trained(
        slug="leasing",
        title="Leasing",
        task="binary",
        label="default",
        positive="1",
        metric="roc_auc",
        model=path,
        table=rows,
        features=FEATURES,
        later=later,
        predicted=fitted.predict_proba(later[FEATURES])[:, 1].tolist(),
    )


def turned(n, seed):
    table = rows_of(n, seed, turned=True)
    return table.assign(income=table["income"] * 3)


@pytest.mark.timeout(600)
def test_from_an_alert_to_the_version_that_ends_it(open_as, house, store, model, tmp_path):
    with over_rest.client(house, SCIENTIST) as api:
        over_rest.bring(api, model, purpose="Lease cars to those who will pay.", currency="EUR")
        operations, author, compliance = open_as(OPERATIONS), open_as(SCIENTIST), open_as(COMPLIANCE)
        review = request_release(author, model)
        sign(operations, review, OPERATIONS)
        sign(compliance, review, COMPLIANCE)
        days = pd.Timestamp(datetime.now(UTC)) - pd.to_timedelta(np.arange(2400) % 50 + 1, unit="D")
        over_rest.send(api, model, model.later, pd.Series(model.predicted), "later", pd.Series(days))
    alert = raised(store, model)

    harness.visit(author, "/inbox")
    author.get_by_role("tab", name=re.compile("Told to me")).click()
    harness.visit(operations, f"/alert?alert={alert.id}")
    field = operations.get_by_placeholder("Ask, answer, or say what you saw")
    field.fill(f"@{SCIENTIST}, is this what the campaign did?")
    operations.get_by_role("button", name="Comment").click()
    operations.get_by_text("is this what the campaign did?").first.wait_for()
    author.get_by_text("is this what the campaign did?").first.wait_for(timeout=PATIENCE)  # by itself
    assert "[per_" not in author.inner_text("body")

    harness.visit(compliance, f"/retraining?use_case={model.slug}")
    for page in (operations, author):
        harness.visit(page, f"/retraining?use_case={model.slug}")
        page.get_by_label(re.compile("^Why, for")).fill(WHY)
        press(page, "Consent")
    for page, ready, against in (  # each window follows by itself, in the language of whoever sits there
        (operations, "A challenger stands ready", "v2 against v1"),
        (author, "A challenger stands ready", "v2 against v1"),
        (compliance, "Há um desafiante pronto", "v2 contra v1"),
    ):
        page.get_by_text(ready).first.wait_for(timeout=PATIENCE)
        page.get_by_text(against).first.wait_for()
        assert not harness.failure(page)
    operations.get_by_role("link", name="See it run in the champion's shadow").click()
    operations.get_by_text("Agreement by month").first.wait_for(timeout=PATIENCE)
    operations.get_by_text("Where they differ").first.wait_for()

    released(author, operations, compliance)
    with store.reading() as view:
        live = retraining.champion(view, registry.use_case(view, model.slug).id)
        assert registry.version(view, live).number == 2
    harness.visit(compliance, f"/alert?alert={alert.id}")
    assert compliance.get_by_text("Encerrado").count() == 0
    answer(operations, model, tmp_path)
    compliance.get_by_text("Encerrado").first.wait_for(timeout=PATIENCE)  # by itself
    compliance.get_by_text("A versão 2 tomou o lugar desta").first.wait_for()
    assert not harness.failure(compliance)
    with store.reading() as view:
        over = alerts.alert(view, alert.id)
    assert (over.open, over.succeeded_by) == (False, live)


def raised(store, model):
    """Wait until the log has raised the alert on incomes."""
    until = time.monotonic() + PATIENCE / 1000
    while True:
        with store.reading() as view:
            case = registry.use_case(view, model.slug)
            for one in alerts.alerts(view, use_case_id=case.id, only_open=True):
                if (one.rule, one.subject) == ("input_drift", "income"):
                    return one
        assert time.monotonic() < until, "no alert was raised"
        time.sleep(0.3)


def released(author, operations, compliance):
    """Its author asks for production, two areas sign in their own windows, and every window says that it is live."""
    harness.visit(author, "/retraining?use_case=leasing")
    author.get_by_role("link", name="Request its release").click()
    note = author.get_by_label("What should the approvers know?")
    note.fill("Learnt from what came since; see its shadow run.")
    choose(author, "Environment", "Production")
    press(author, "Request the release")
    author.wait_for_url("**/release_review?release=*")
    author.get_by_text("Gates judged").first.wait_for(timeout=PATIENCE)
    author.get_by_text("Paired bootstrap over the same rows.").first.wait_for()
    review = author.url
    sign(operations, review, OPERATIONS)
    author.get_by_text("1 of 2 signatures").first.wait_for()  # by itself
    sign(compliance, review, COMPLIANCE)
    for page in (author, operations):
        page.get_by_text(re.compile(r"\bLive$")).first.wait_for(timeout=PATIENCE)  # by itself
        assert not harness.failure(page)


def answer(page, model, folder):
    """Have the live version answer a table of applicants."""
    table = folder / "applicants.csv"
    turned(600, 4)[FEATURES].to_csv(table, index=False)
    harness.visit(page, f"/scoring?use_case={model.slug}")
    page.locator("input[type=file]").set_input_files(table)
    page.get_by_role("button", name="Score").wait_for()
    press(page, "Score")
    page.get_by_text("600 rows").first.wait_for(timeout=PATIENCE)
