"""The whole journey in a browser, with two real models: from the file to a live version, and what came after."""

import pytest

from tests.browser import harness, trained
from tests.browser.hands import choose, press, type_into

pytestmark = pytest.mark.shared_data

AUTHOR, OPERATIONS, COMPLIANCE = "Ingrid Lindqvist", "Tomasz Wilk", "Lukas Brandt"


@pytest.fixture(scope="module", params=["hotel", "bike"])
def brought(request, shared_data, tmp_path_factory):
    make = {"hotel": trained.hotel, "bike": trained.bike}[request.param]
    return make(shared_data, tmp_path_factory.mktemp(request.param))


def upload(page, model):
    """Define the use case and bring the model, as its author, on the page."""
    harness.visit(page, "/upload?use_case=%2B")
    type_into(page, "Title", model.title)
    type_into(page, "Purpose", "Plan rooms and bicycles ahead; nobody is refused anything because of it.")
    choose(page, "What the model predicts", "Regression" if model.task == "regression" else "Binary")
    choose(page, "Lawful basis", "Legitimate interest")
    press(page, "Create the use case")
    page.get_by_text("Plan rooms and bicycles ahead").wait_for()
    page.locator("input[type=file]").nth(0).set_input_files(model.model)
    page.get_by_text(model.model.name).first.wait_for()
    harness.settled(page)
    page.locator("input[type=file]").nth(1).set_input_files(model.table)
    page.get_by_role("combobox", name="Label column").wait_for()
    harness.settled(page)
    choose(page, "Label column", model.label)
    press(page, "Check and register")


def test_journey(open_as, house, brought):
    author = open_as(AUTHOR)
    upload(author, brought)
