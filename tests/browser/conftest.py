"""One served demo for all browser tests; every page that a test opens is watched."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from core.platform.store import Store
from tests.browser import harness
from tests.browser.harness import House, Watch
from tests.seeded import seeded_copy
from tests.served import open_folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    if not shutil.which(harness.CHROMIUM):
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = harness.launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def house(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The demo organisation, served; asked for only where there is a browser."""
    with harness.demo(seeded_copy(tmp_path_factory)) as served:
        yield served


@pytest.fixture
def store(house: House) -> Iterator[Store]:
    """What the served demo keeps."""
    opened = open_folder(house.folder)
    yield opened
    opened.close()


@pytest.fixture
def open_as(chromium: Browser, house: House) -> Iterator[Callable[..., Page]]:
    """`open_as("Lukas Brandt", scheme="dark")` → a page of that person of the demo, signed in.

    At the end of the test: no error on a console, no failed answer, no request to another host.
    """
    watches: list[Watch] = []
    contexts = []

    def enter(
        name: str, *, scheme: str = "light", locale: str = "en-US", size: tuple[int, int] = (1440, 1000)
    ) -> Page:
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            locale=locale,
            base_url=house.url,
        )
        context.set_default_timeout(90_000)  # a busy machine is no failure
        contexts.append(context)
        watch = Watch(house.url.removeprefix("http://"))
        watch.over(context)
        watches.append(watch)
        page = context.new_page()
        harness.sign_in(page, name)
        return page

    yield enter
    for context in contexts:
        context.close()
    assert [complaint for watch in watches for complaint in watch.complaints()] == []
