"""From the map of drift over a segment and an alert to an incident: by mouse in English, by keyboard in Portuguese."""

import re

import pytest
from playwright.sync_api import Locator, Page

from tests.browser import hands, harness

PATIENCE = 90_000
"""Milliseconds that a background job may take on a busy machine."""
MOST_STEPS = 150
"""More presses of Tab than any page has stops."""


def reach(page: Page, target: Locator) -> None:
    """Walk to a control as somebody without a mouse does."""
    target.wait_for(timeout=PATIENCE)
    for _ in range(MOST_STEPS):
        if target.evaluate("e => e.contains(document.activeElement)"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no way to {target} by keyboard")


def push(page: Page, target: Locator) -> None:
    """Walk to a control, press Enter, wait for what follows."""
    reach(page, target)
    page.keyboard.press("Enter")
    harness.settled(page)


@pytest.mark.timeout(400)
def test_from_the_map_to_an_incident_by_mouse(open_as):
    page = open_as("Tomasz Wilk")
    harness.visit(page, "/monitoring?use_case=credit&version=2")
    cell = page.get_by_role("button", name=re.compile(r"· .* · \d\.\d\d$")).first
    said = cell.inner_text()
    cell.click()
    harness.settled(page)
    assert f"column={said.split(' · ')[0].split()[-1]}" in page.url
    hands.choose(page, "Segment", "channel")
    page.get_by_role("button", name="Split by channel").click()
    page.get_by_role("columnheader", name="Share of rows").first.wait_for(timeout=PATIENCE)
    harness.settled(page)
    page.locator("a[href*='alert?alert=']").first.click()
    harness.settled(page)
    assert page.get_by_role("heading", name="What happened").is_visible()
    hands.press(page, "Open an incident")
    dialog = page.get_by_role("dialog")
    title = dialog.get_by_label("What went wrong").input_value()
    dialog.get_by_role("button", name="Open the incident").click()
    page.wait_for_url("**/incident?incident=*", timeout=PATIENCE)
    harness.settled(page)
    assert page.get_by_role("heading", name=title).first.is_visible()


@pytest.mark.timeout(400)
def test_from_the_map_to_an_incident_by_keyboard_in_portuguese_in_the_dark(open_as):
    page = open_as("Camila Nogueira", scheme="dark", locale="pt-BR")
    harness.visit(page, "/monitoring?use_case=credit&version=2")
    push(page, page.get_by_role("button", name=re.compile(r"· .* · \d,\d\d$")).first)
    assert "column=" in page.url
    reach(page, page.get_by_role("combobox", name="Segmento"))
    page.keyboard.type("chan")
    page.keyboard.press("Enter")
    harness.settled(page)
    assert "segment=channel" in page.url
    push(page, page.locator("a[href*='alert?alert=']").first)
    push(page, page.get_by_role("button", name="Abrir um incidente"))
    dialog = page.get_by_role("dialog")
    reach(page, dialog.get_by_label("O que deu errado"))
    page.keyboard.press("End")
    page.keyboard.type(" (teclado)")
    push(page, dialog.get_by_role("button", name="Abrir o incidente"))
    page.wait_for_url("**/incident?incident=*", timeout=PATIENCE)
    harness.settled(page)
    assert page.get_by_role("heading", name=re.compile("teclado")).first.is_visible()
