"""From the overview to "why was this case refused, and what would change it": four clicks at most, both languages, a phone."""

import re

import pytest

from tests.browser import harness

COMPLIANCE = "Lukas Brandt"
PATIENCE = 90_000
PHONE = (390, 844)

WORDS = {
    "en-US": ("Explainability", "Find what would change it", r"the score would be|None within these limits"),
    "pt-BR": (
        "Explicabilidade",
        "Encontrar o que mudaria a decisão",
        r"a pontuação seria|Nenhum dentro destes limites",
    ),
}


def menu(page):
    """Open the menu, unless the phone remembers it open."""
    button = page.get_by_test_id("stExpandSidebarButton").first
    if button.is_visible():
        button.click()


def speak(page, tongue, *, small):
    """Choose the person's language: it is remembered, so it is none of the clicks."""
    harness.visit(page, "/")
    if small:
        menu(page)
    page.get_by_role("radio", name=tongue).or_(page.get_by_role("button", name=tongue)).first.click()
    # The choice is kept once the menu speaks it; a page that is left before forgets it.
    spoken = WORDS["pt-BR" if tongue == "Português" else "en-US"][0]
    page.get_by_test_id("stSidebarNav").get_by_text(spoken, exact=True).wait_for(state="attached")
    harness.settled(page)


@pytest.fixture(autouse=True)
def _english_again(open_as):
    yield
    speak(open_as(COMPLIANCE), "English", small=False)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("locale", "size"), [("en-US", (1440, 1000)), ("pt-BR", (1440, 1000)), ("pt-BR", PHONE)]
)
def test_why_refused_and_what_would_change_it(open_as, house, locale, size):
    page = open_as(COMPLIANCE, locale=locale, size=size)
    link, button, answer = WORDS[locale]
    speak(page, "Português" if locale == "pt-BR" else "English", small=size == PHONE)
    clicks = 0
    if size == PHONE:
        clicks += 1  # the menu, which choosing the language has opened
    else:
        harness.visit(page, "/")
    page.get_by_test_id("stSidebarNav").get_by_text(link, exact=True).click()
    clicks += 1
    harness.settled(page)
    page.get_by_text(re.compile(r"^1\.|Sua|Seu|Your")).first.wait_for(timeout=PATIENCE)
    if page.get_by_role("button", name=button).count():
        page.get_by_role("button", name=button).first.click()
        clicks += 1
    page.get_by_text(re.compile(answer)).first.wait_for(timeout=PATIENCE)
    assert clicks <= 4
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
