"""Pictures of every page, to look at: `python -m tests.browser.pictures FOLDER [--at URL] [--only models,kpis]`."""

import argparse
import re
import tempfile
from pathlib import Path

from playwright.sync_api import TimeoutError as PlaywrightTimeout
from playwright.sync_api import sync_playwright

from tests.browser import harness

KINDS = {
    "light": ("Lukas Brandt", "light", (1440, 1000)),
    "dark": ("Lukas Brandt", "dark", (1440, 1000)),
    "pt": ("Beatriz Sampaio", "light", (1440, 1000)),
    "phone": ("Lukas Brandt", "light", (390, 844)),
}


def take(url: str, folder: Path, only: list[str], kinds: list[str]) -> None:
    """Write one picture per page and kind; say what the browser complained about."""
    with sync_playwright() as playwright:
        browser = harness.launch(playwright)
        for kind in kinds:
            name, scheme, (width, height) = KINDS[kind]
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme, base_url=url
            )
            watch = harness.Watch(url.removeprefix("http://"))
            watch.over(context)
            page = context.new_page()
            harness.sign_in(page, name)
            for path in harness.addresses(page):
                slug = re.sub(r"\W+", "_", path.split("?")[0].strip("/")) or "overview"
                if only and slug not in only:
                    continue
                page.set_viewport_size({"width": width, "height": height})
                try:
                    harness.visit(page, path)
                except (TimeoutError, PlaywrightTimeout) as late:
                    print(f"{path} {kind}: {late}")
                # Streamlit scrolls inside the page, so the window is made as high as what it holds.
                high = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
                page.set_viewport_size({"width": width, "height": min(max(high, height), 4000)})
                page.wait_for_timeout(500)
                page.screenshot(path=folder / f"{slug}_{kind}.png")
                if trouble := harness.failure(page):
                    print(f"{path} {kind}: {trouble}")
            context.close()
            for complaint in watch.complaints():
                print(f"{kind}: {complaint}")
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--at", default="", help="a demo that is served already")
    parser.add_argument("--only", default="")
    parser.add_argument("--kinds", default=",".join(KINDS))
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    only, kinds = [x for x in asked.only.split(",") if x], asked.kinds.split(",")
    if asked.at:
        take(asked.at, asked.folder, only, kinds)
        return
    with tempfile.TemporaryDirectory() as store, harness.demo(Path(store)) as house:
        take(house.url, asked.folder, only, kinds)


if __name__ == "__main__":
    main()
