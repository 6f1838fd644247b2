"""Compliance reads groups, and opens a finding from a gap and from a slice."""

import pytest

from tests.browser import hands, harness


@pytest.mark.timeout(400)
def test_from_the_gap_to_a_finding_on_the_review(open_as):
    page = open_as("Lukas Brandt")
    harness.visit(page, "/fairness?use_case=credit&version=5&by=age_band&metric=selection_rate")
    assert page.get_by_text("Every gap between groups lies within the lines").first.is_visible()
    chart = page.locator("[role=img][aria-label*='by age_band'], [aria-label*='by age_band']").first
    assert "groups with intervals" in (chart.get_attribute("aria-label") or "")
    hands.press(page, "Open a finding")
    dialog = page.get_by_role("dialog")
    title = dialog.get_by_label("What is wrong")
    assert title.input_value().startswith("Favourable decisions by age_band: ")
    said = title.input_value()
    dialog.get_by_role("button", name="Open a finding").click()
    dialog.wait_for(state="detached")
    harness.visit(page, "/releases")
    waiting = page.locator("a[href*='release_review']").first.get_attribute("href")
    harness.visit(page, waiting or "")
    assert page.get_by_text(said).first.is_visible()


@pytest.mark.timeout(400)
def test_where_it_fails_leads_to_a_finding_in_portuguese(open_as):
    page = open_as("Beatriz Sampaio")
    harness.visit(page, "/model?use_case=credit&version=2&tab=weak")
    for title in ("Grupos de pessoas", "Entradas perturbadas", "Onde ele falha"):
        assert page.get_by_role("heading", name=title).first.is_visible(), title
    assert page.get_by_text("das decisões estão erradas").first.is_visible()
    page.get_by_role("button", name="Abrir um apontamento").first.click()
    harness.settled(page)
    dialog = page.get_by_role("dialog")
    assert dialog.get_by_role("textbox").first.input_value().startswith("Erra onde ")
