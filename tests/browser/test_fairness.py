"""Compliance reads groups, opens a finding from a gap and from a slice, and sends attributes that no model sees."""

import pandas as pd
import pytest

from data.demo import credit
from tests.browser import hands, harness
from tests.browser.harness import House

PAGE = "/fairness?use_case=credit&version=2"


@pytest.mark.timeout(400)
def test_from_the_gap_to_a_finding_on_the_review(open_as):
    page = open_as("Lukas Brandt")
    harness.visit(page, f"{PAGE}&by=age_band&metric=selection_rate")
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
    harness.visit(page, "/releases?view=all")
    link = page.locator("a[href*='release_review']").all()
    for address in [a.get_attribute("href") for a in link]:
        harness.visit(page, address or "")
        if page.get_by_text(said).count():
            break
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


@pytest.mark.timeout(400)
def test_a_table_that_no_model_sees_is_sent_from_the_page(open_as, house: House, tmp_path):
    page = open_as("Beatriz Sampaio")
    rows = credit.applications(pd.Timestamp.now().date(), months=2, per_month=300).frame
    path = tmp_path / "pessoas.csv"
    rows[["application_id", "sex"]].to_csv(path, index=False)
    harness.visit(page, PAGE)
    page.get_by_text("Enviar uma tabela própria").first.click()
    hands.type_into(page, "Coluna que a une", "application_id")
    page.get_by_label("Tabela de atributos protegidos").set_input_files(path)
    page.get_by_text("pessoas.csv").first.wait_for()
    done = house.run("audit", "events", "--json")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("fairness.declared") >= 5


@pytest.mark.timeout(400)
def test_on_a_phone_nothing_is_cut_off(open_as):
    page = open_as("Lukas Brandt", size=(390, 844))
    for path in (PAGE, "/model?use_case=credit&version=2&tab=weak"):
        harness.visit(page, path)
        assert not harness.failure(page)
        wide = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
        assert wide <= 390, path
