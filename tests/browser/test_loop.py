"""Three people in three windows: a mention, a decision, a run, a challenger; nobody loads a page again by hand."""

import re

import pytest

from core.assets.registry import queries as registry
from core.decisions.retraining import queries as retraining
from core.evidence.alerts import queries as alerts
from tests.browser import harness
from tests.browser.hands import press
from tests.served import open_folder

OPERATIONS, SCIENTIST, COMPLIANCE = (
    "Tomasz Wilk",
    "Ingrid Lindqvist",
    "Beatriz Sampaio",
)  # she reads Portuguese
WHY = "The rate that we offer has moved away from what the model knows."
PATIENCE = 180_000  # milliseconds that training, checks and comparison may take on a busy machine


@pytest.fixture
def store(house):
    opened = open_folder(house.folder)
    yield opened
    opened.close()


@pytest.mark.timeout(600)
def test_from_an_alert_to_a_challenger_in_three_windows(open_as, store):
    with store.reading() as view:
        case = registry.use_case(view, "credit")
        live = retraining.champion(view, case.id)
        alert = next(a for a in alerts.alerts(view, version_id=live, only_open=True))
    inbox, watching = open_as(SCIENTIST), open_as(COMPLIANCE)
    harness.visit(inbox, "/inbox")
    inbox.get_by_role("tab", name=re.compile("Told to me")).click()
    harness.visit(watching, "/retraining?use_case=credit")

    operations = open_as(OPERATIONS)
    harness.visit(operations, f"/alert?alert={alert.id}")
    field = operations.get_by_placeholder("Ask, answer, or say what you saw")
    field.fill(f"@{SCIENTIST}, is this what the campaign did?")
    operations.get_by_role("button", name="Comment").click()
    operations.get_by_text("is this what the campaign did?").first.wait_for()
    inbox.get_by_text("is this what the campaign did?").first.wait_for(timeout=PATIENCE)  # by itself
    assert "[per_" not in inbox.inner_text("body")

    for page in (operations, inbox):
        harness.visit(page, "/retraining?use_case=credit")
        page.get_by_label(re.compile("^Why, for")).fill(WHY)
        press(page, "Consent")
    for page, ready, against in (  # each window follows by itself, in the language of whoever sits there
        (operations, "A challenger stands ready", r"v\d+ against v\d+"),
        (inbox, "A challenger stands ready", r"v\d+ against v\d+"),
        (watching, "Há um desafiante pronto", r"v\d+ contra v\d+"),
    ):
        page.get_by_text(ready).first.wait_for(timeout=PATIENCE)
        page.get_by_text(re.compile(against)).first.wait_for()
        assert not harness.failure(page)
    with store.reading() as view:
        done = retraining.retrainings(view, case.id)[0]
        assert registry.version(view, done.challenger).number > registry.version(view, live).number

    operations.get_by_role("link", name="See it run in the champion's shadow").click()
    operations.get_by_text("Agreement by month").first.wait_for(timeout=PATIENCE)
    operations.get_by_text("Where they differ").first.wait_for()
    harness.visit(operations, "/retraining?use_case=credit")
    operations.get_by_role("link", name="Request its release").click()
    harness.settled(operations)
    assert "releases" in operations.url
