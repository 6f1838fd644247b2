"""What a person does with Streamlit's widgets."""

import re

from playwright.sync_api import Locator, Page

from tests.browser import harness


def type_into(page: Page | Locator, label: str, text: str) -> None:
    """Fill a field and leave it, as a person does; wait for the page."""
    field = page.get_by_label(label, exact=True).first
    field.fill(text)
    field.press("Tab")
    harness.settled(_page(page))


def choose(page: Page | Locator, label: str, option: str) -> None:
    """Choose the first option that begins with `option` in a select box."""
    whole = _page(page)
    box = page.get_by_role("combobox", name=re.compile(re.escape(label))).first
    box.scroll_into_view_if_needed()
    whole.wait_for_timeout(300)  # a page that still scrolls closes the list again
    box.click()
    whole.get_by_role("option", name=re.compile("^" + re.escape(option), re.IGNORECASE)).first.click()
    harness.settled(whole)


def press(page: Page | Locator, name: str) -> None:
    """Press a button and wait for what follows."""
    page.get_by_role("button", name=name).first.click()
    harness.settled(_page(page))


def _page(place: Page | Locator) -> Page:
    return place.page if isinstance(place, Locator) else place


def sign(page: Page, review: str, name: str) -> None:
    """Open a review and sign it, in the language in which the page says whom it signs for."""
    harness.visit(page, review)
    lang = page.evaluate("document.documentElement.lang")
    rationale, who, button, done = _SIGNING[lang]
    type_into(page, rationale, f"{name}: gates, intervals and drivers were looked at; they are good enough.")
    page.get_by_text(who.format(name=name)).click()
    harness.settled(page)
    press(page, button)
    page.get_by_text(done.format(name=name)).first.wait_for()


_SIGNING = {
    "en": ("Rationale", "It is me, {name}, who signs", "Sign and record", "{name} · signed"),
    "pt-BR": ("Justificativa", "Sou eu, {name}, quem assina", "Assinar e registrar", "{name} · assinou"),
}
