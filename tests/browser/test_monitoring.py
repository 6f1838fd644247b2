"""From the heat map to the incident, with the mouse and with the keyboard alone, in both themes and languages."""

import re

import pytest

from tests.browser import harness
from tests.browser.hands import press
from tests.browser.test_axe import violations

PATIENCE = 90_000


@pytest.mark.timeout(600)
def test_heat_map_to_incident_with_the_mouse(open_as):
    page = open_as("Tomasz Wilk")
    harness.visit(page, "/monitoring?use_case=credit")
    chart = page.locator("[data-testid=stPlotlyChart]").first
    chart.locator(".nsewdrag").first.click(position={"x": 60, "y": 34})
    page.wait_for_url(re.compile(r"column=income"), timeout=PATIENCE)
    harness.settled(page)
    assert not harness.failure(page)
    box = page.get_by_role("combobox", name=re.compile("Segment")).first
    box.fill("employment")
    box.press("Enter")
    page.wait_for_url(re.compile("segment=employment"), timeout=PATIENCE)
    harness.settled(page)
    split = page.get_by_role("button", name=re.compile("Split by"))
    if split.count():
        split.first.click()
    page.get_by_text("Each segment's rows against").first.wait_for(timeout=PATIENCE)
    page.get_by_role("link", name="Open", exact=False).first.click()
    page.get_by_role("button", name="Open an incident").wait_for(timeout=PATIENCE)
    harness.settled(page)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        harness.settled(page)
        assert violations(page, scheme) == []
    press(page, "Open an incident")
    page.get_by_role("button", name="Open the incident").click()
    page.wait_for_url(re.compile("incident"), timeout=PATIENCE)
    harness.settled(page)
    page.get_by_text("Incident opened").first.wait_for()
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        harness.settled(page)
        assert violations(page, scheme) == []


@pytest.mark.timeout(600)
def test_heat_map_to_incident_by_keyboard_in_portuguese_and_dark(open_as):
    page = open_as("Camila Nogueira", scheme="dark", locale="pt-BR")
    harness.visit(page, "/monitoring?use_case=credit&version=2")
    reach(page, lambda words: "PSI" not in words and re.search(r" · .+ · \d", words) is not None)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"column=.*at=|at=.*column="), timeout=PATIENCE)
    harness.settled(page)
    reach(page, lambda words: words.endswith("Abrir"), kinds=("A",), backwards=True)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/alert\b"), timeout=PATIENCE)
    harness.settled(page)
    assert violations(page, "dark") == []
    reach(page, lambda words: words.endswith("Abrir um incidente"))
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for(timeout=PATIENCE)
    harness.settled(page)
    reach(page, lambda words: words.endswith("Abrir o incidente"))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/incident"), timeout=PATIENCE)
    harness.settled(page)
    page.get_by_text("Incidente aberto").first.wait_for()
    assert violations(page, "dark") == []


def reach(page, wanted, *, kinds=("BUTTON", "A"), backwards=False) -> None:
    """Press Tab until what has the focus is wanted, as a person without a mouse does."""
    for _ in range(250):
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
        kind, words = page.evaluate(
            "() => [document.activeElement.tagName, (document.activeElement.innerText || '').trim()]"
        )
        if kind in kinds and wanted(words):
            return
    raise AssertionError("not reached by keyboard")
