"""The whole journey in a browser, with two real models: from the file to a live version, and what came after."""

import hashlib
import re
from functools import partial

import httpx
import pandas as pd
import pytest

from tests.browser import harness, over_rest, trained
from tests.browser.hands import choose, press, sign, type_into

pytestmark = pytest.mark.shared_data

AUTHOR, OPERATIONS, COMPLIANCE = "Ingrid Lindqvist", "Tomasz Wilk", "Lukas Brandt"
SECOND = "Rafael Moreira"
PURPOSE = "Plan rooms and bicycles ahead; nobody is refused anything because of it. <b>:smile: $x$ [a](http://b.example)"
JOINER = "\u2060"  # has no width; it keeps a shortcode from becoming an icon
PATIENCE = 90_000  # milliseconds a background job may take on a busy machine


@pytest.fixture(scope="module", params=["hotel", "bike"])
def brought(request, shared_data, tmp_path_factory):
    make = {"hotel": trained.hotel, "bike": trained.bike}[request.param]
    return make(shared_data, tmp_path_factory.mktemp(request.param))


@pytest.mark.timeout(600)
def test_journey(open_as, house, brought):
    author = open_as(AUTHOR)
    upload(author, brought)
    explain(author, brought)
    define_kpi(author, brought, open_as(SECOND))
    token = make_token(author)
    review = request_release(author, brought)
    request_id = re.search(r"rel_\w+", review).group()

    with httpx.Client(
        base_url=f"{house.url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=60
    ) as api:
        refused_to_the_author(author, house, api, request_id)
        assert api.get(f"/live/{brought.slug}/production").status_code == 404
        for name in (OPERATIONS, COMPLIANCE):
            sign(open_as(name), review, name)
        live = api.get(f"/live/{brought.slug}/production").json()
        assert live["digest"] == hashlib.sha256(brought.model.read_bytes()).hexdigest()
        assert {one["area"] for one in live["decision"]["approvals"]} == {"operations", "compliance"}
        assert len({one["person"] for one in live["decision"]["approvals"]}) == 2
        harness.visit(author, review)
        author.get_by_text(re.compile(r"\bLive$")).first.wait_for()
        send_what_came_later(api, brought)

    watch(author, brought)
    told_by_the_log(author, house, request_id)


def upload(page, model):
    """Define the use case and bring the model, as its author, on the page."""
    harness.visit(page, "/upload?use_case=%2B")
    type_into(page, "Title", model.title)
    type_into(page, "Purpose", PURPOSE)
    choose(page, "What the model predicts", "A quantity" if model.task == "regression" else "Yes or no")
    choose(page, "Lawful basis", "No personal data")
    press(page, "Create the use case")
    shown = page.get_by_text("Plan rooms and bicycles ahead").first
    shown.wait_for()
    assert PURPOSE in shown.inner_text().replace(JOINER, "")  # as typed: neither markup nor a link
    page.locator("input[type=file]").nth(0).set_input_files(model.model)
    page.get_by_text(model.model.name).first.wait_for()
    harness.settled(page)
    page.locator("input[type=file]").nth(1).set_input_files(model.table)
    page.get_by_role("combobox", name="Label column").wait_for()
    harness.settled(page)
    choose(page, "Label column", model.label)
    press(page, "Check and register")
    page.get_by_text(re.compile(r"\bReady$")).first.wait_for(timeout=PATIENCE)
    harness.visit(page, f"/model?use_case={model.slug}&version=1")
    assert page.locator("h1").inner_text() == model.title


def explain(page, model):
    """Ask for an explanation where none was made yet, and see drivers and one case."""
    harness.visit(page, f"/explainability?use_case={model.slug}&version=1")
    asked = page.get_by_role("button", name="Explain this version")
    if asked.count():
        asked.click()
    page.locator("[data-testid=stPlotlyChart] .main-svg").nth(1).wait_for(timeout=PATIENCE)
    harness.settled(page)
    assert not harness.failure(page)


def define_kpi(page, model, second):
    """Propose a KPI that asks whether the model is still good enough; a second person puts it in force."""
    harness.visit(page, f"/kpis?use_case={model.slug}")
    press(page, "Define a KPI")
    dialog = page.get_by_role("dialog")
    type_into(dialog, "Name", "Still good enough")
    type_into(dialog, "The question it answers", "Would we deploy it again today?")
    type_into(dialog, "Target", "80" if model.task == "regression" else "0.75")
    dialog.get_by_role("button", name="Propose").click()
    dialog.wait_for(state="detached")
    harness.settled(page)
    assert page.get_by_role("button", name="Put in force").is_disabled()
    harness.visit(second, f"/kpis?use_case={model.slug}")
    press(second, "Pôr em vigor")  # who approves reads Portuguese
    second.get_by_role("button", name="Histórico").first.wait_for()
    second.get_by_text("Still good enough").first.wait_for()


def make_token(page):
    """Make an access token on the settings page; it is shown once."""
    harness.visit(page, "/settings")
    page.get_by_role("tab", name="Access tokens").click()
    harness.settled(page)
    page.get_by_label("What is it for?").fill("journey")
    press(page, "Create the token")
    return page.locator("[data-testid=stCode] code").first.inner_text().strip()


def request_release(page, model):
    """Ask for production; returns the address of the review once the gates are judged."""
    harness.visit(page, f"/model?use_case={model.slug}&version=1")
    press(page, "Request release")
    dialog = page.get_by_role("dialog")
    choose(dialog, "Environment", "Production")
    dialog.get_by_label("What should the approvers know?").fill("First version; checked on later rows.")
    dialog.get_by_role("button", name="Request the release").click()
    page.wait_for_url("**/release_review?release=*")
    page.get_by_text("Gates judged").first.wait_for(timeout=PATIENCE)
    harness.settled(page)
    return page.url


def refused_to_the_author(page, house, api, request_id):
    """Neither page nor interface lets the author sign; the attempt is in the log."""
    assert page.get_by_role("button", name="Sign and record").count() == 0
    seen = api.get(f"/releases/{request_id}")
    assert seen.status_code == 200, seen.text
    snapshot = seen.json()["snapshot"]
    vote = {
        "area": "operations",
        "meaning": "approve",
        "rationale": "I made it, so I know that it is good enough.",
        "snapshot": snapshot,
    }
    answer = api.post(f"/releases/{request_id}/votes", json=vote)
    assert answer.status_code == 403, answer.text
    assert "refused" in house.run("audit", "events", "--limit", "5").stdout


def send_what_came_later(api, model):
    """Post the predictions of the months after, then what truly happened; the same once more is nothing new."""
    rows = model.later.reset_index(drop=True)
    send = partial(
        over_rest.send, api, model, rows, pd.Series(model.predicted), model.slug, rows["event_time"]
    )
    assert send() == send(), "the same file twice is one batch"


def watch(page, model):
    """See the drift of the later period on the page, and the KPI observed."""
    harness.visit(page, f"/monitoring?use_case={model.slug}&version=1")
    page.locator("[data-testid=stPlotlyChart] .main-svg").first.wait_for(timeout=PATIENCE)
    harness.settled(page)
    assert not harness.failure(page)
    harness.visit(page, f"/kpis?use_case={model.slug}")
    page.get_by_text(re.compile("On target|Warning|Critical|Short of target")).first.wait_for()


def entries(pattern, text):
    return int(re.search(pattern, text).group(1).replace(",", ""))


def told_by_the_log(page, house, request_id):
    """The whole story is in the log, and the log holds."""
    found = house.run("audit", "verify")
    assert found.returncode == 0, found.stderr
    harness.visit(page, "/audit_trail")
    press(page, "Verify")
    told = page.get_by_text(re.compile(r"[\d,]+ entries, recomputed")).first
    told.wait_for(timeout=PATIENCE)
    # The worker writes on: what the page recomputed is no less than what the command did a moment before.
    assert entries(r"([\d,]+) entries", told.inner_text()) >= entries(r"([\d,]+) event", found.stdout)
    events = house.run("audit", "events", "--subject", request_id, "--limit", "50").stdout
    for action in ("release.requested", "release.signed"):
        assert action in events, events
