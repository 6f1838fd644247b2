"""A receiver on this machine that writes down what it is sent and answers as the test says."""

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core.platform.notices import commands, work
from core.platform.store import Actor, Store

ADMIN = Actor("per_admin", "person", frozenset({"administrator"}))


@dataclass
class Receiver:
    """What came in, and what is answered: a status, or seconds to hang for before it."""

    server: ThreadingHTTPServer
    status: int = 204
    hang: float = 0.0
    headers: dict = field(default_factory=dict)
    got: list = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook"

    @property
    def kinds(self) -> list[str]:
        return [json.loads(body)["kind"] for _headers, body in self.got]


@pytest.fixture
def receiver():
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
            time.sleep(found.hang)
            self.send_response(found.status)
            for key, value in found.headers.items():
                self.send_header(key, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found = Receiver(server)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()


@dataclass
class Post:
    """A store whose administrator allowed loopback, and hands to use it with."""

    store: Store

    def do(self, command, *args, actor=ADMIN, **kwargs):
        with self.store.unit_of_work(actor) as uow:
            return command(uow, *args, **kwargs)

    def ask(self, query, *args, **kwargs):
        with self.store.reading() as view:
            return query(view, *args, **kwargs)

    def endpoint(self, url: str, *kinds: str) -> tuple[str, str]:
        return self.do(commands.add_endpoint, label="Deployer", url=url, kinds_asked=kinds or ("release.*",))

    def happens(self, action: str, subject: str = "rel_1", **data) -> None:
        with self.store.unit_of_work(ADMIN) as uow:
            uow.record(action, "release", subject, data)

    def carry(self) -> int:
        return work.carry_waiting(self.store)


def _post(store: Store) -> Post:
    store.settings = store.settings.with_(webhook_networks="127.0.0.0/8 ::1/128")
    return Post(store)


@pytest.fixture
def post(store: Store) -> Post:
    return _post(store)


@pytest.fixture
def any_post(any_store: Store) -> Post:
    return _post(any_store)
