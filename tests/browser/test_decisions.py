"""Decisions under the eyes of several people: two sign at once, an approval expires, an emergency from a phone."""

import re
from datetime import timedelta

import pytest

from core.assets.registry import queries as registered
from core.decisions.releases import commands as releases
from core.decisions.releases import queries as released
from core.decisions.releases.tables import RequestRow
from tests.browser import harness
from tests.browser.hands import choose, press, type_into
from tests.browser.over_rest import actor, client

CASE = "tumour-triage"
OPERATIONS, COMPLIANCE, AUTHOR = "Tomasz Wilk", "Lukas Brandt", "Rafael Moreira"
PATIENCE = 90_000  # milliseconds that a background job may take on a busy machine


@pytest.fixture
def ask(store):
    """Ask for the forest of the clinic to go live in an environment, as its author; return the request's id."""

    def request(environment):
        with store.reading() as view:
            case = registered.use_case(view, CASE)
            version = max(registered.versions(view, case.id), key=lambda v: v.number)
        with store.unit_of_work(actor(store, AUTHOR)) as uow:
            return releases.request_release(uow, version_id=version.id, environment=environment)

    return request


@pytest.fixture
def api(house):
    with client(house, OPERATIONS) as made:
        yield made


def test_two_sign_at_once_and_when_the_approval_expires_nothing_answers(open_as, store, ask, api):
    request = ask("staging")
    review = f"/release_review?release={request}"
    screens = {name: open_as(name) for name in (OPERATIONS, COMPLIANCE)}
    for name, page in screens.items():
        harness.visit(page, review)
        page.get_by_role("button", name="Sign and record").wait_for(timeout=PATIENCE)
        type_into(page, "Rationale", f"{name} looked at every gate and at the files behind them.")
        page.get_by_text(f"It is me, {name}, who signs").click()
        harness.settled(page)
    for page in screens.values():  # neither waits for the other
        page.get_by_role("button", name="Sign and record").click()
    for name, page in screens.items():
        page.get_by_text(f"{name} · signed").first.wait_for()
        harness.visit(page, review)
        page.get_by_text("2 of 2 signatures").first.wait_for()
        assert not harness.failure(page)
    answer = api.get(f"/live/{CASE}/staging")
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["decision"]["approvals"]) == 2
    with store.reading() as view:
        assert [d.request_id for d in released.deployments(view, only_live=True) if d.request_id == request]

    with store.engine.begin() as connection:  # half a year passes for this approval alone
        table = RequestRow.__table__
        expired = table.update().where(table.c.id == request)
        connection.execute(expired.values(expires_at=store.clock() - timedelta(minutes=1)))
    gone = api.get(f"/live/{CASE}/staging")
    assert (gone.status_code, "expired" in gone.text) == (404, True), gone.text
    page = screens[COMPLIANCE]
    harness.visit(page, review)
    page.get_by_text("The approval has expired.").first.wait_for()


def test_break_glass_from_a_phone(open_as, house, store, ask, api):
    request = ask("production")
    page = open_as(OPERATIONS, size=(390, 844))
    harness.visit(page, f"/release_review?release={request}")
    press(page, "Emergency release")
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("It goes live at once").wait_for()
    press(dialog, "I understand, go on")
    type_into(dialog, "Reason", "The old reader broke, and samples wait unread since the morning.")
    choose(dialog, "Who reviews it afterwards", COMPLIANCE)
    dialog.get_by_text(f"It is me, {OPERATIONS}, who signs").click()
    harness.settled(page)
    box = dialog.get_by_role("button", name="Release now").bounding_box()
    assert box["x"] >= 0, "the button lies inside the phone"
    assert box["x"] + box["width"] <= 390
    dialog.get_by_role("button", name="Release now").click()
    dialog.wait_for(state="detached")
    page.get_by_text(re.compile(f"reviews it until|{COMPLIANCE} until")).first.wait_for()
    harness.visit(page, "/models")  # the debt is on every page until it is paid
    page.get_by_text("An emergency release waits for its review").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    answer = api.get(f"/live/{CASE}/production")
    assert answer.status_code == 200, answer.text
    assert answer.json()["decision"]["approvals"] == []
    shown = house.run("audit", "events", "--subject", request, "--limit", "20").stdout
    assert "release.emergency" in shown, shown

    reviewer = open_as(COMPLIANCE)
    harness.visit(reviewer, f"/release_review?release={request}")
    type_into(reviewer, "What did you find?", "The outage was real; the gates have been judged since.")
    reviewer.get_by_text(f"It is me, {COMPLIANCE}, who signs").last.click()
    harness.settled(reviewer)
    press(reviewer, "Sign the review")
    reviewer.get_by_text(f"Upheld by {COMPLIANCE}.").first.wait_for()
    harness.visit(page, "/models")
    assert page.get_by_text("An emergency release waits for its review").count() == 0
