"""A real Aval on a demo folder, and a real browser that remembers what went wrong."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PAGES = (
    "/",
    "/inbox",
    "/models",
    "/model?use_case=credit",
    "/upload",
    "/kpis",
    "/worth",
    "/monitoring?use_case=credit",
    "/model_health",
    "/alerts",
    "/alert_rules?use_case=credit",
    "/incident",
    "/explainability?use_case=credit",
    "/fairness?use_case=credit&version=2",
    "/model?use_case=credit&version=2&tab=weak",
    "/releases",
    "/scoring",
    "/retraining",
    "/shadow",
    "/glossary",
    "/decisions",
    "/loop_time",
    "/policies",
    "/reviews",
    "/compliance",
    "/compliance?use_case=credit&law=ai_act",
    "/document?use_case=credit&kind=technical_file",
    "/audit_trail",
    "/settings",
    "/settings?tab=notifications",
)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass
class House:
    """A served demo; `url` is its root."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "server.log").read_text(errors="replace")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `aval …` on this house's folder."""
        return subprocess.run(
            [sys.executable, "-m", "app.cli", *arguments, "--folder", str(self.folder)],
            cwd=ROOT,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def environment() -> dict[str, str]:
    """This process's environment without Aval's settings, which would reach the child."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AVAL_", "STREAMLIT_"))}
    return {**kept, "PYTHONUNBUFFERED": "1"}


@contextlib.contextmanager
def demo(folder: Path, *, patience: float = 240) -> Iterator[House]:
    """Build the demo in `folder`, serve it, wait until it says it is ready; end it afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "demo", "--port", str(port), "--folder", str(folder)],
            cwd=ROOT,
            env=environment(),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    house = House(folder, port, process)
    try:
        _wait(house, patience)
        yield house
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _wait(house: House, patience: float) -> None:
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if house.process.poll() is not None:
            raise RuntimeError(f"aval demo ended with {house.process.returncode}:\n{house.log[-4000:]}")
        if _answers(f"{house.url}/healthz"):
            return
        time.sleep(0.3)
    raise RuntimeError(f"aval demo is not ready after {patience} s:\n{house.log[-4000:]}")


def loaded(house: House, *libraries: str) -> set[str]:
    """Return which of these libraries the server's process has mapped; where that cannot be read, none."""
    with contextlib.suppress(OSError):
        maps = Path(f"/proc/{house.process.pid}/maps").read_text()
        return {n for n in libraries if f"/site-packages/{n}/" in maps or f"/site-packages/_{n}." in maps}
    return set()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except OSError:  # an answer such as 503 is one of these too
        return False


def launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, headless=True)


@dataclass
class Watch:
    """What the browser reported: errors on the console, answers that failed, requests to another host."""

    host: str
    errors: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        context.on("request", self._request)
        context.on("response", self._response)
        context.on("requestfailed", self._failed)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.errors.append(str(error.error)[:300]))

    def complaints(self) -> list[str]:
        return [*self.errors, *self.failed, *self.foreign]

    def _request(self, request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self.host:
            self.foreign.append(f"request to another host: {request.url}")

    def _response(self, response) -> None:
        if response.status >= 500 or response.status == 404:
            self.failed.append(f"{response.status} {response.url}")

    def _failed(self, request) -> None:
        if request.failure != "net::ERR_ABORTED":  # leaving a page ends what it was loading
            self.failed.append(f"{request.failure} {request.url}")

    def _console(self, message) -> None:
        if message.type == "error":
            self.errors.append(f"console: {message.text[:300]}")


def ready(page: Page, *, seconds: float = 30) -> None:
    """Wait until the script has ended and the page has its title, or a refusal in its place."""
    limit = seconds * 1000
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=limit)
    page.wait_for_selector("h1, [data-testid=stAlert]", timeout=limit)


DRAWN = """() => !document.querySelector('[data-testid=stSkeleton]')
  && !document.querySelector('[data-stale=true]')
  && document.querySelector('[data-testid=stApp]').getAttribute('data-test-script-state') === 'notRunning'
  && [...document.querySelectorAll('[data-testid=stPlotlyChart]')].every(chart => chart.querySelector('.main-svg'))"""


def settled(page: Page, *, seconds: float = 30) -> None:
    """Wait until the page is ready and nothing is left to draw: no skeleton, charts drawn, no stale part.

    Asked from here: a function that polls inside the page would need `eval`, which Aval's policy refuses.
    """
    ready(page, seconds=seconds)
    until = time.monotonic() + seconds
    calm = 0
    while calm < 2:
        calm = calm + 1 if page.evaluate(DRAWN) else 0
        if time.monotonic() > until:
            raise TimeoutError(f"not drawn after {seconds} s: {page.url}")
        page.wait_for_timeout(200)


def failure(page: Page) -> str:
    """Return the text of an uncaught failure on the page, empty when there is none."""
    box = page.locator("[data-testid=stException], [data-testid=stAlert]:has-text('Something went wrong')")
    return box.first.inner_text() if box.count() else ""


def sign_in(page: Page, name: str, *, then: str = "/") -> None:
    """Enter the demo as the person called `name`, by one click."""
    page.goto("/sign-in")
    page.get_by_role("button", name=name).click()
    settled(page)
    if then != "/":
        visit(page, then)


def visit(page: Page, path: str) -> None:
    """Open `path` and wait until it is drawn."""
    page.goto(path)
    settled(page)


def addresses(page: Page) -> list[str]:
    """Return every page to look at, the first release review that is linked among them."""
    visit(page, "/releases")
    review = page.locator("a[href*='release_review']").first
    found = [review.get_attribute("href") or ""] if review.count() else []
    return [*PAGES, *found]
