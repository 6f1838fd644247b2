"""Money, from a definition to its outcome: a KPI with preview, a signed matrix, a threshold, a release, a promise kept.

Operations and compliance work in English, the business in Portuguese; the amounts are euros.
"""

import re
import time
from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd
import pytest

from tests.browser import harness, over_rest, trained
from tests.browser.hands import press, sign, type_into
from tests.browser.test_journey import PATIENCE, request_release

pytestmark = pytest.mark.shared_data

AUTHOR, OPERATIONS, COMPLIANCE, BUSINESS = (
    "Ingrid Lindqvist",
    "Tomasz Wilk",
    "Lukas Brandt",
    "Marcelo Teixeira",
)
SECOND = "Camila Nogueira"
SLUG = "overbooking"
KPI = "Overbooking margin"
SHARES = {(True, True): 0.9, (True, False): -0.5, (False, True): -0.3, (False, False): 0.0}
"""What a decision earns of a night's rate: (said it will be cancelled, was cancelled)."""
CELLS = {
    "Said yes, was yes": "0.9 * adr",
    "Said yes, was no": "-0.5 * adr",
    "Said no, was no": "0",
    "Said no, was yes": "-0.3 * adr",
}
FORMULA = (
    "avg(case when predicted_positive then case when actual_positive then 0.9 * adr else -0.5 * adr end "
    "when actual_positive then -0.3 * adr else 0 end)"
)


@pytest.fixture
def model(shared_data, tmp_path):
    return replace(trained.hotel(shared_data, tmp_path), slug=SLUG, title="Overbooking")


@pytest.fixture
def api(house):
    with over_rest.client(house, AUTHOR) as made:
        yield made


@pytest.mark.timeout(600)
def test_money_from_definition_to_outcome(open_as, api, model):
    over_rest.bring(api, model, purpose="Sell a room twice where its guest will not come.", currency="EUR")
    earlier = model.later.reset_index(drop=True).assign(p=model.predicted)
    over_rest.send(api, model, earlier, earlier["p"], "earlier", earlier["event_time"])

    operations, business = open_as(OPERATIONS), open_as(BUSINESS, locale="pt-BR")
    define(operations, earlier)
    second = open_as(SECOND, locale="pt-BR")
    in_force(second)
    propose_matrix(operations)
    sign_matrix(business)
    freeze(business, 0.5)

    review = request_release(open_as(AUTHOR), model)
    harness.visit(operations, review)
    operations.get_by_text(f"you set KPI “{KPI}”").first.wait_for()  # who moved the goal does not judge by it
    harness.visit(second, review)
    second.get_by_text(KPI).first.wait_for()  # it is judged by among the gates
    sign(second, review, SECOND)
    sign(open_as(COMPLIANCE), review, COMPLIANCE)
    assert api.get(f"/live/{SLUG}/production").status_code == 200

    came = earlier.sample(600, random_state=3).reset_index(drop=True)
    over_rest.send(api, model, came, came["p"], "after", pd.Series([datetime.now(UTC)] * len(came)))
    outcome(business, operations, worth(came))


def worth(rows):
    """Count the worth of each decision with pandas alone, in euros."""
    said, was = rows["p"] >= 0.5, rows["is_canceled"] == 1
    share = [SHARES[bool(a), bool(b)] for a, b in zip(said, was, strict=True)]
    return rows["adr"] * share


def define(page, earlier):
    """Propose a KPI in euros by a formula; its preview tells the last windows while it is written."""
    harness.visit(page, f"/kpis?use_case={SLUG}")
    press(page, "Define a KPI")
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("A formula over the log").click()
    harness.settled(page)
    type_into(dialog, "Formula", FORMULA)
    rows = dialog.get_by_role("row").filter(has_text="Aug 2016")
    rows.wait_for(timeout=PATIENCE)
    august = worth(earlier[earlier["event_time"].dt.strftime("%Y-%m") == "2016-08"]).mean()
    assert re.search(rf"{'-' if august < 0 else ''}€{abs(august):.2f}", rows.inner_text()), rows.inner_text()
    type_into(dialog, "Name", KPI)
    type_into(dialog, "The question it answers", "Does selling a room twice pay?")
    type_into(dialog, "Target", "5")
    type_into(dialog, "Critical", "0")
    dialog.get_by_role("button", name="Propose").click()
    dialog.wait_for(state="detached")


def in_force(page):
    """Somebody else of the owner's area puts the KPI in force."""
    harness.visit(page, f"/kpis?use_case={SLUG}")
    press(page, "Pôr em vigor")
    page.get_by_role("button", name="Histórico").first.wait_for()


def propose_matrix(page):
    harness.visit(page, f"/worth?use_case={SLUG}")
    page.get_by_text("Write a new version").click()
    for cell, text in CELLS.items():
        type_into(page, cell, text)
    press(page, "Propose the matrix")
    page.get_by_text("Not signed yet: nothing is judged by it.").first.wait_for()
    assert page.get_by_role("button", name="Sign the matrix").count() == 0, "operations cannot sign it"


def sign_matrix(page):
    harness.visit(page, f"/worth?use_case={SLUG}")
    page.get_by_text(f"Sou eu, {BUSINESS}, quem assina").click()
    harness.settled(page)
    press(page, "Assinar a matriz")
    page.get_by_text(re.compile(f"Assinada por {BUSINESS}")).first.wait_for()


def freeze(page, wanted):
    """Walk the slider to the threshold at which the model decides, and freeze it; what it comes to is in euros."""
    asked = page.get_by_role("button", name="Precificar os limiares")
    if asked.count():
        asked.click()
    slider = page.get_by_role("slider")
    slider.wait_for(timeout=PATIENCE)
    harness.settled(page)
    slider.focus()
    for _step in range(99):
        now = float(slider.input_value())
        if abs(now - wanted) < 0.005:
            break
        page.keyboard.press("ArrowRight" if now < wanted else "ArrowLeft")
    harness.settled(page)
    assert page.get_by_text("esta versão decide", exact=False).count() == 0
    press(page, "Congelar este limiar")
    page.get_by_text(re.compile(f"Congelado em 0,50? por {BUSINESS}")).first.wait_for(timeout=PATIENCE)


def outcome(page, other, realised):
    """The page says in both languages what was promised, and as realised what pandas counts."""
    total = realised.sum()
    until = time.monotonic() + PATIENCE / 1000
    for reader, words, written in (
        (page, "prometido", f"€ {total:,.2f}".translate(str.maketrans(",.", ".,"))),
        (other, "promised", f"€{total:,.2f}"),
    ):
        told = reader.locator("strong").filter(has_text=words).first
        while True:
            harness.visit(reader, f"/worth?use_case={SLUG}")
            if told.count():
                break
            assert time.monotonic() < until, "no outcome on the page"
        assert written in told.inner_text().replace("\xa0", " "), (told.inner_text(), written)
