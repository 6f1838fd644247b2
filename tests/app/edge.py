"""A real server over a store of its own, for the tests of the edge."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx

from app.wiring import open_store
from core.platform.access import commands, passwords, queries, ways_in
from core.platform.store import SYSTEM, Actor, Store
from core.platform.store.migrate import upgrade
from core.settings import Settings

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery"


@dataclass
class Edge:
    """The server's address, its store, and people who may come in."""

    port: int
    store: Store
    process: subprocess.Popen[bytes]
    people: dict[str, Actor] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def stream(self) -> str:
        return f"ws://127.0.0.1:{self.port}/_stcore/stream"

    def add(self, name: str, *roles: str) -> Actor:
        """Add a person who signs in with PASSWORD."""
        protected = passwords.protect(PASSWORD)
        with self.store.unit_of_work(SYSTEM) as uow:
            person_id = commands.add_person(
                uow, name=name, email=f"{name}@example.org", roles=roles, password=protected
            )
        with self.store.reading() as view:
            self.people[name] = queries.actor(view, person_id, "page")
        return self.people[name]

    def key(self, name: str) -> str:
        """Open a session and return its cookie's value."""
        with self.store.unit_of_work(self.people[name]) as uow:
            return ways_in.open_session(uow, self.people[name].id, "password")

    def token(self, name: str) -> tuple[str, str]:
        """Create a token and return its id and text."""
        holder = self.people[name]
        with self.store.unit_of_work(holder) as uow:
            return commands.create_token(
                uow, label="t", roles=holder.roles, expires_at=uow.now + timedelta(days=1)
            )

    def browser(self, key: str = "", **headers: str) -> httpx.Client:
        """A client that sends what a browser would from one of our pages."""
        cookies = {"aval": key} if key else {}
        return httpx.Client(
            base_url=self.url, cookies=cookies, headers={"Origin": self.url, **headers}, timeout=20
        )

    def form(self, client: httpx.Client, path: str, **fields: str) -> httpx.Response:
        """Open a page and send its form."""
        page = client.get(path)
        csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
        return client.post(
            path.split("?", maxsplit=1)[0], data={"csrf": csrf.group(1) if csrf else "", **fields}
        )


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextlib.contextmanager
def serving(folder: Path, **environment: str) -> Iterator[Edge]:
    """Serve `folder` without workers until the block ends."""
    port = free_port()
    store = open_store(Settings(folder=str(folder)), announce=lambda _: None)
    upgrade(store.engine)
    clean = {key: value for key, value in os.environ.items() if not key.startswith("AVAL_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "serve", "--folder", str(folder), "--port", str(port)],
        cwd=ROOT,
        env={**clean, "AVAL_WORKERS": "0", **environment},
        stdout=(folder / "server.log").open("ab"),
        stderr=subprocess.STDOUT,
    )
    try:
        until = time.monotonic() + 60
        while True:
            assert process.poll() is None, (folder / "server.log").read_text()
            assert time.monotonic() < until, (folder / "server.log").read_text()
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200:
                    break
            time.sleep(0.1)
        yield Edge(port, store, process)
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(15)
        process.kill()
        store.close()
