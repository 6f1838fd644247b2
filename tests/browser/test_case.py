"""From the overview to "why was this case refused, and what would change it": four clicks at most, in both languages."""

import re

import pytest

from tests.browser import harness

COMPLIANCE = "Lukas Brandt"
PATIENCE = 90_000

WORDS = {
    "en-US": ("Explainability", "Find what would change it", r"the score would be|None within these limits"),
    "pt-BR": (
        "Explicabilidade",
        "Encontrar o que mudaria a decisão",
        r"a pontuação seria|Nenhum dentro destes limites",
    ),
}


def open_menu(page):
    """Open the menu where a phone keeps it folded; return how many clicks that took."""
    folded = page.get_by_test_id("stSidebar").get_attribute("data-collapsed") == "true"
    if folded:
        page.get_by_test_id("stExpandSidebarButton").click()
    return int(folded)


def speak(page, tongue):
    """Choose the person's language: it is remembered, so it is none of the clicks."""
    harness.visit(page, "/")
    open_menu(page)
    page.get_by_role("radio", name=tongue).or_(page.get_by_role("button", name=tongue)).first.click()
    # The choice is kept once the menu speaks it; a page that is left before forgets it.
    spoken = WORDS["pt-BR" if tongue == "Português" else "en-US"][0]
    page.get_by_test_id("stSidebarNav").get_by_text(spoken, exact=True).wait_for(state="attached")
    harness.settled(page)


@pytest.fixture(autouse=True)
def _english_again(open_as):
    yield
    speak(open_as(COMPLIANCE), "English")


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("locale", "size"), [("en-US", (1440, 1000)), ("pt-BR", (1440, 1000)), ("pt-BR", (390, 844))]
)
def test_why_refused_and_what_would_change_it(open_as, house, locale, size):
    page = open_as(COMPLIANCE, locale=locale, size=size)
    link, button, answer = WORDS[locale]
    speak(page, "Português" if locale == "pt-BR" else "English")
    clicks = 0
    harness.visit(page, "/")
    clicks += open_menu(page)
    page.get_by_test_id("stSidebarNav").get_by_text(link, exact=True).click()
    clicks += 1
    harness.settled(page)
    if size[0] < 768:  # there the menu lies over the page until it is folded again
        page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
        clicks += 1
    page.get_by_text(re.compile(r"^1\.|Sua|Seu|Your")).first.wait_for(timeout=PATIENCE)
    if page.get_by_role("button", name=button).count():
        page.get_by_role("button", name=button).first.click()
        clicks += 1
    page.get_by_text(re.compile(answer)).first.wait_for(timeout=PATIENCE)
    assert clicks <= 4
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
