"""A real server process over a store of its own, to be measured or killed."""

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import psutil

from app.wiring import open_store
from core.platform.access import commands as access
from core.platform.access import queries as people
from core.platform.access import ways_in
from core.platform.store import SYSTEM, Actor, Store
from core.platform.store.migrate import upgrade
from core.settings import Settings
from tests.browser.harness import ROOT, environment, free_port


def open_folder(folder: Path) -> Store:
    """Open the store in `folder`, migrated; jobs written here are found by the worker's sweep."""
    store = open_store(Settings(folder=str(folder)))
    upgrade(store.engine)
    return store


def person(store: Store, name: str, *roles: str) -> Actor:
    """Add a person and return them as commands know them."""
    with store.unit_of_work(SYSTEM) as uow:
        person_id = access.add_person(uow, name=name, email=f"{name}@example.org", roles=roles)
    with store.reading() as view:
        return people.actor(view, person_id, "page")


def token(store: Store, holder: Actor) -> str:
    """Create a personal token for the REST interface."""
    with store.unit_of_work(holder) as uow:
        return access.create_token(
            uow, label="test", roles=holder.roles, expires_at=uow.now + timedelta(days=30)
        )[1]


def cookie(store: Store, holder: Actor) -> str:
    """Open a browser session and return its Cookie header."""
    with store.unit_of_work(holder) as uow:
        return f"aval={ways_in.open_session(uow, holder.id, 'password')}"


@dataclass
class Served:
    """`aval serve` or `aval demo` on a folder."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]
    began: float

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "server.log").read_text(errors="replace")

    def api(self, key: str, **options: object) -> httpx.Client:
        """A client of the REST interface that holds `key`."""
        return httpx.Client(
            base_url=f"{self.url}/api/v1/", headers={"Authorization": f"Bearer {key}"}, timeout=30, **options
        )

    def ready(self, patience: float = 60) -> float:
        """Wait for `/healthz`; return the seconds since the start."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise RuntimeError(f"aval ended with {self.process.returncode}:\n{self.log[-4000:]}")
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/healthz", timeout=2).status_code == 200:
                    return time.monotonic() - self.began
            time.sleep(0.02)
        raise RuntimeError(f"aval is not ready after {patience} s:\n{self.log[-4000:]}")

    def kill(self, *, worker: bool = False) -> None:
        """SIGKILL to the server, and to everything it started where `worker` says so."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        self.process.wait(10)
        for child in children if worker else []:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        psutil.wait_procs(children, timeout=20)

    def end(self) -> None:
        """SIGTERM, and what does not listen is killed."""
        if self.process.poll() is not None:
            return
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(20)
        for left in [self.process, *children]:
            with contextlib.suppress(psutil.NoSuchProcess):
                left.kill()
        self.process.wait(10)


def start(folder: Path, *words: str, command: str = "serve") -> Served:
    """Start the process; it writes to `server.log` in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", command, "--folder", str(folder), "--port", str(port), *words],
            cwd=ROOT,
            env=environment(),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Served(folder, port, process, time.monotonic())


@contextlib.contextmanager
def serving(folder: Path, *words: str, command: str = "serve", patience: float = 60) -> Iterator[Served]:
    """Start, wait until it is ready, end it afterwards."""
    served = start(folder, *words, command=command)
    try:
        served.ready(patience)
        yield served
    finally:
        served.end()
