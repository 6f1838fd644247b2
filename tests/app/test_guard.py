"""Probes of a real server: what gets in, what does not, over HTTP and WebSocket."""

import asyncio
import json
import socket
import time

import httpx
import pytest
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from core.platform.access import commands, queries, secrets, ways_in
from core.platform.access.sessions import Purpose
from core.platform.store import SYSTEM
from tests.app.edge import serving


@pytest.fixture(scope="module")
def edge(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("edge")) as served:
        served.add("root", "administrator")
        served.add("ana", "data_scientist")
        served.add("zuleika", "viewer")
        yield served


def raw(edge, request: bytes) -> str:
    """Send bytes as they are: clients tidy paths and headers before they leave."""
    with socket.create_connection(("127.0.0.1", edge.port), 10) as wire:
        wire.sendall(request)
        wire.settimeout(10)
        return wire.recv(65536).decode("latin-1")


def status(answer: str) -> int:
    return int(answer.split(" ", 2)[1])


def get(edge, path, **headers):
    lines = {"Host": f"127.0.0.1:{edge.port}", "Connection": "close", **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return raw(edge, f"GET {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1"))


async def knock(edge, key="", origin: str | None = "own", path="/_stcore/stream", **headers):
    """Open the page's WebSocket; return None when it opened, else the status of the refusal."""
    address = f"ws://127.0.0.1:{edge.port}{path}"
    cookie = {"Cookie": f"aval={key}"} if key else {}
    try:
        async with websockets.connect(
            address,
            origin=edge.url if origin == "own" else origin,
            subprotocols=["streamlit"],
            additional_headers={**cookie, **headers},
            user_agent_header=None,
        ):
            return None
    except websockets.InvalidStatus as refused:
        return refused.response.status_code


def test_a_page_needs_a_session(edge):
    answer = edge.browser().get("/models?x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fmodels%3Fx%3D1")
    assert edge.browser(edge.key("ana")).get("/").status_code == 200
    assert edge.browser("x" * 43).get("/").status_code == 303


@pytest.mark.parametrize(
    "path",
    [
        "/_stcore/health",
        "/_stcore/host-config",
        "/_stcore/metrics",
        "/_stcore/agent/openapi.json",
        "/_stcore/upload_file/x/y",
        "/media/x",
        "/app/static/logo_light.svg",
        "/static/js/none.js",
        "/auth/login",
        "/API/v1/me",
        "/sign-in/../models",
        "/sign-in/x",
        "/healthz/x",
        "/assets",
    ],
)
def test_nothing_else_is_open(edge, path):
    assert status(get(edge, path)) in {303, 400, 401, 404, 307}
    assert status(get(edge, path)) != 200


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/assets/..%2f..%2fcli.py",
        "/api//v1/me",
        "/a%00b",
        "/a%5Cb",
    ],
)
def test_crooked_paths_are_refused(edge, path):
    assert status(get(edge, path)) in {400, 404}


def test_what_is_open_is_open(edge):
    for path in (
        "/sign-in",
        "/healthz",
        "/api/openapi.json",
        "/api/docs",
        "/assets/entrance.css",
        "/assets/docs/start.js",
    ):
        assert status(get(edge, path)) == 200, path


def test_rest_takes_a_bearer_token_and_never_the_cookie(edge):
    token_id, text = edge.token("ana")
    key = edge.key("ana")
    answer = httpx.get(f"{edge.url}/api/v1/me", headers={"Authorization": f"Bearer {text}"})
    assert answer.json()["id"] == edge.people["ana"].id
    for headers in (
        {},
        {"Cookie": f"aval={key}"},
        {"Authorization": f"Bearer {key}"},
        {"Authorization": f"Basic {text}"},
        {"Cookie": f"aval={text}"},
    ):
        refused = httpx.get(f"{edge.url}/api/v1/me", headers=headers)
        assert refused.status_code == 401, headers
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["code"] == "access.no_token"
        assert refused.headers["www-authenticate"].startswith("Bearer")
    with edge.store.reading() as view:
        assert queries.token(view, token_id).last_used_at is not None


def test_a_token_does_not_open_pages(edge):
    _, text = edge.token("ana")
    assert edge.browser(Authorization=f"Bearer {text}").get("/").status_code == 303
    assert edge.browser(text).get("/").status_code == 303


def test_unknown_addresses_of_the_rest_interface_tell_nothing_without_a_token(edge):
    assert httpx.get(f"{edge.url}/api/v1/nowhere").status_code == 401
    _, text = edge.token("ana")
    found = httpx.get(
        f"{edge.url}/api/v1/nowhere", headers={"Authorization": f"Bearer {text}", "Accept-Language": "en"}
    )
    assert (found.status_code, found.json()["code"]) == (404, "http.404")


def test_a_revoked_token_stops_within_five_seconds(edge):
    token_id, text = edge.token("ana")
    ask = lambda: httpx.get(f"{edge.url}/api/v1/me", headers={"Authorization": f"Bearer {text}"}).status_code  # noqa: E731
    assert ask() == 200
    with edge.store.unit_of_work(edge.people["ana"]) as uow:
        commands.revoke_token(uow, token_id)
    began = time.monotonic()
    while ask() == 200:
        assert time.monotonic() - began < 5
        time.sleep(0.1)


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "192.168.0.9:8501", ""]
)
def test_a_foreign_host_is_refused(edge, host):
    key = edge.key("ana")
    for path in ("/", "/sign-in", "/api/v1/me", "/healthz"):
        assert status(get(edge, path, Host=host, Cookie=f"aval={key}")) in {400, 421}


def test_two_cookies_of_one_name_are_none(edge):
    key = edge.key("ana")
    assert status(get(edge, "/", Cookie=f"aval={key}; aval={key}")) == 303


@pytest.mark.parametrize(
    "origin", [None, "http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1"]
)
def test_a_foreign_origin_changes_nothing(edge, origin):
    key = edge.key("ana")
    headers = {"Cookie": f"aval={key}", **({"Origin": origin} if origin else {})}
    for path in ("/sign-out", "/sign-in", "/enter", "/_stcore/upload_file/a/b"):
        assert httpx.post(f"{edge.url}{path}", headers=headers).status_code == 403
    with edge.store.reading() as view:
        assert queries.open_session(view, secrets.digest(key), edge.store.clock()) is not None


def test_answers_carry_what_the_browser_must_refuse(edge):
    for path in ("/", "/sign-in", "/api/v1/me", "/healthz", "/assets/entrance.css", "/api/docs"):
        headers = edge.browser(edge.key("ana")).get(path).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path
        assert "unsafe-eval" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "server" not in headers
        assert "strict-transport-security" not in headers
    assert edge.browser().get("/api/v1/me").headers["cache-control"] == "no-store"
    assert "'unsafe-inline'" not in edge.browser().get("/sign-in").headers["content-security-policy"]


def test_the_stream_needs_a_session_and_our_origin(edge):
    key = edge.key("ana")

    async def probes():
        assert await knock(edge, key) is None
        assert await knock(edge) == 403
        assert await knock(edge, "x" * 43) == 403
        assert await knock(edge, key, origin=None) == 403
        assert await knock(edge, key, origin="http://evil.example") == 403
        assert await knock(edge, key, origin="null") == 403
        assert await knock(edge, key, path="/api/v1/me") == 403
        assert await knock(edge, key, path="/_stcore/other") == 403
        assert await knock(edge, key, Authorization=f"Bearer {edge.token('ana')[1]}") is None
        assert await knock(edge, Authorization=f"Bearer {edge.token('ana')[1]}") == 403

    asyncio.run(probes())


async def first_run(wire):
    message = BackMsg()
    message.rerun_script.query_string = ""
    await wire.send(message.SerializeToString())
    while True:
        answer = ForwardMsg()
        answer.ParseFromString(await asyncio.wait_for(wire.recv(), 30))
        if answer.WhichOneof("type") == "new_session":
            return answer.new_session.initialize.user_info
        if answer.WhichOneof("type") == "auth_redirect":
            raise AssertionError("sent away")


def test_forged_identity_never_arrives(edge):
    """The client's own copies of the identity headers, in every spelling, are not what Streamlit is told."""
    forged = {
        "X-Aval-Person": edge.people["root"].id,
        "X-Aval-Session": "ses_x",
        "X_Aval_Person": edge.people["root"].id,
    }

    async def probe():
        async with websockets.connect(
            edge.stream,
            origin=edge.url,
            subprotocols=["streamlit"],
            max_size=None,
            additional_headers={"Cookie": f"aval={edge.key('zuleika')}", **forged},
        ) as wire:
            await first_run(wire)
            return await person_seen(wire)

    shown = asyncio.run(probe())
    assert "zuleika" in shown
    assert "root" not in shown
    without_session = httpx.get(f"{edge.url}/", headers={"X-Aval-Person": edge.people["root"].id})
    assert without_session.status_code == 303


async def person_seen(wire):
    """Everything that one run sends to the browser, as text."""
    text = ""
    while True:
        answer = ForwardMsg()
        answer.ParseFromString(await asyncio.wait_for(wire.recv(), 30))
        text += str(answer)
        if answer.WhichOneof("type") == "script_finished":
            return text


@pytest.mark.parametrize("how", ["signed out", "disabled", "another process"])
def test_an_open_page_is_sent_away_when_its_session_ends(edge, how):
    name = f"bo{len(edge.people)}"
    holder = edge.add(name, "viewer")
    key = edge.key(name)

    async def probe():
        async with websockets.connect(
            edge.stream,
            origin=edge.url,
            subprotocols=["streamlit"],
            max_size=None,
            additional_headers={"Cookie": f"aval={key}"},
        ) as wire:
            await first_run(wire)
            began = time.monotonic()
            if how == "signed out":
                with edge.browser(key) as browser:
                    assert browser.post("/sign-out").headers["location"] == "/sign-in"
            else:
                with edge.store.unit_of_work(SYSTEM) as uow:
                    if how == "disabled":
                        commands.disable_person(uow, holder.id)
                    else:
                        commands.change_password(uow, holder.id, "x")
            last = ForwardMsg()
            with pytest.raises(websockets.ConnectionClosed) as closed:
                while True:
                    data = await asyncio.wait_for(wire.recv(), 10)
                    last.Clear()
                    last.ParseFromString(data)
            assert closed.value.rcvd.code == 4401
            assert last.auth_redirect.url == "/sign-in"
            return time.monotonic() - began

    assert asyncio.run(probe()) < (2.5 if how == "signed out" else 5)
    assert edge.browser(key).get("/").status_code == 303


def test_a_card_that_refreshes_itself_is_no_sign_of_a_person():
    from app.guard import _by_hand

    message = BackMsg()
    message.rerun_script.query_string = ""
    assert _by_hand(message.SerializeToString())
    message.rerun_script.is_auto_rerun = True
    assert not _by_hand(message.SerializeToString())
    assert not _by_hand(b"")
    assert not _by_hand(b"\xff\xff\xff")


def test_an_upload_ticket_opens_its_draft_once_and_nothing_else(edge):
    with edge.store.unit_of_work(edge.people["ana"]) as uow:
        secret = ways_in.issue_ticket(uow, Purpose.UPLOAD, "drf_none")
    path = f"/api/v1/drafts/drf_none/table?name=a.csv&ticket={secret}"
    with edge.browser() as page:
        assert page.get(f"/api/v1/me?ticket={secret}").status_code == 401
        assert (
            page.put(
                f"/api/v1/drafts/drf_other/table?name=a.csv&ticket={secret}", content=b"a\n1\n"
            ).status_code
            == 401
        )
        assert httpx.put(f"{edge.url}{path}", content=b"a\n1\n").status_code == 401, (
            "a ticket needs our origin"
        )
        first, second = page.put(path, content=b"a\n1\n"), page.put(path, content=b"a\n1\n")
    assert first.status_code == 404, first.text  # the person got in; there is no such draft
    assert (second.status_code, second.json()["code"]) == (401, "ticket.spent")


def test_the_120th_request_of_a_minute_passes_and_the_121st_waits(edge):
    _, text = edge.token("root")
    with httpx.Client(base_url=edge.url, headers={"Authorization": f"Bearer {text}"}) as client:
        answers = [client.get("/api/v1/me") for _ in range(121)]
    assert {answer.status_code for answer in answers[:120]} == {200}
    assert answers[120].status_code == 429
    assert 1 <= int(answers[120].headers["retry-after"]) <= 60
    assert answers[120].json()["code"] == "request.too_many"


def test_problems_name_the_field_in_the_callers_language(edge):
    _, text = edge.token("ana")
    headers = {"Authorization": f"Bearer {text}"}
    wrong = httpx.get(f"{edge.url}/api/v1/audit/events?limit=many", headers=headers)
    assert wrong.status_code == 422
    assert wrong.headers["content-type"] == "application/problem+json"
    assert set(wrong.json()) == {"type", "title", "status", "detail", "code", "fix", "field"}
    assert wrong.json()["field"] == "limit"
    other = httpx.post(f"{edge.url}/api/v1/me", headers=headers)
    assert (other.status_code, other.json()["code"]) == (405, "http.405")


def test_the_log_over_rest_hashes_to_its_leaves(edge):
    import hashlib

    _, text = edge.token("ana")
    headers = {"Authorization": f"Bearer {text}"}
    events = httpx.get(f"{edge.url}/api/v1/audit/events?limit=3", headers=headers).json()
    assert len(events) == 3
    for event in events:
        assert hashlib.sha256(b"\x00" + event["body"].encode()).hexdigest() == event["leaf"]
        assert json.loads(event["body"])["action"] == event["action"]
    older = httpx.get(
        f"{edge.url}/api/v1/audit/events?before={events[-1]['index']}&limit=1", headers=headers
    ).json()
    assert older[0]["index"] == events[-1]["index"] - 1
    root = httpx.get(f"{edge.url}/api/v1/audit/root", headers=headers).json()
    assert root["size"] > events[0]["index"]
    assert len(root["root"]) == 64


def test_bundles_come_packed_once(edge):
    key = edge.key("ana")
    index = edge.browser(key).get("/").text
    path = index.split('src="./static/js/index.')[1].split('"')[0]
    with edge.browser(key, **{"Accept-Encoding": "gzip"}) as browser:
        first, again = (browser.get(f"/static/js/index.{path}") for _ in range(2))
    bare = edge.browser(key, **{"Accept-Encoding": "identity"}).get(f"/static/js/index.{path}")
    assert first.headers["content-encoding"] == again.headers["content-encoding"] == "gzip"
    assert first.content == again.content == bare.content
    assert int(first.headers["content-length"]) < len(bare.content) / 2
    assert "content-encoding" not in bare.headers
