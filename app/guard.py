"""The one guard in front of everything, for HTTP and WebSocket alike: nothing passes that is not named here.

Pages are entered by cookie, the REST interface by bearer token, never the other way round.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import parse_qs, quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.addresses import Addresses
from app.doors import Doors
from app.security_headers import PLAIN_PAGES, SHARED, headers_for
from core import i18n
from core.i18n import _
from core.platform.access.sessions import Open

IDENTITY = b"x-aval-"
TRUSTED_HEADERS = {"X-Aval-Person": "person", "X-Aval-Session": "session"}
"""For Streamlit's `server.trustedUserHeaders`: ids only; names and roles are read where they are used."""

STREAM = "/_stcore/stream"
PULSE = frozenset({"/_stcore/health", "/_stcore/host-config"})
"""Asked for by the page on its own: no sign of a person."""
TOKEN_ONLY = frozenset({"/api", "/metrics"})
OPEN_API = frozenset({"/api/openapi.json", "/api/docs"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
WATCH_SECONDS = 1.0
GOODBYE = "/sign-in"

SESSION_STATE = "aval.session"
KEY_STATE = "aval.key"
BEARER_STATE = "aval.bearer"


class Guard:
    """Pure ASGI: answers refusals itself, strips claimed identity, adds the true one."""

    def __init__(self, app: ASGIApp, doors: Doors, addresses: Addresses) -> None:
        self._app = app
        self._doors = doors
        self._addresses = addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        scope = _without_claims(scope)
        headers = _single(scope)
        host = headers.get(b"host", "")
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send, headers, host)
            return
        i18n.use(headers.get(b"accept-language", "").split(",")[0].split(";")[0])
        send = _with_headers(send, scope["path"], secure=self._addresses.secure(host))
        if not self._addresses.host_allowed(host):
            await _refuse(send, 421, "host.unknown", _("This name is not one of Aval's."))
        elif _crooked(scope["path"]):
            await _refuse(send, 400, "path.crooked", _("This path is not one of Aval's."))
        elif scope["path"] in TOKEN_ONLY or scope["path"].startswith("/api/"):
            await self._api(scope, receive, send, headers, host)
        else:
            await self._page(scope, receive, send, headers, host)

    async def _page(
        self, scope: Scope, receive: Receive, send: Send, headers: dict[bytes, str], host: str
    ) -> None:
        path, method = scope["path"], scope["method"]
        if method not in SAFE_METHODS and not self._addresses.origin_allowed(headers.get(b"origin"), host):
            await _refuse(
                send, 403, "origin.foreign", _("This request does not come from one of Aval's pages.")
            )
            return
        key = _cookie(headers, self._addresses.cookie(host))
        session = await self._doors.session(key, active=path not in PULSE) if key else None
        if session is not None:
            _admit(scope, session, key)
        elif not _is_open(path, method):
            await _to_sign_in(send, scope, headers)
            return
        await self._app(scope, receive, send)

    async def _api(
        self, scope: Scope, receive: Receive, send: Send, headers: dict[bytes, str], host: str
    ) -> None:
        path, method = scope["path"], scope["method"]
        scheme, _gap, text = headers.get(b"authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            found = await self._doors.bearer(text.strip())
            if found is not None:
                scope[BEARER_STATE] = found
                await self._app(scope, receive, send)
                return
        elif path in OPEN_API and method in SAFE_METHODS:
            await self._app(scope, receive, send)
            return
        elif (
            method in {"PUT", "POST"}
            and b"ticket=" in scope["query_string"]
            and self._addresses.origin_allowed(headers.get(b"origin"), host)
        ):
            # The one exception to bearer: an upload from a page. The route redeems the ticket, or refuses.
            await self._app(scope, receive, send)
            return
        await _refuse(
            send,
            401,
            "access.no_token",
            _("This needs an access token: Authorization: Bearer aval_…"),
            fix=_("Create one in Settings."),
            extra=[(b"www-authenticate", b'Bearer realm="aval"')],
        )

    async def _websocket(
        self, scope: Scope, receive: Receive, send: Send, headers: dict[bytes, str], host: str
    ) -> None:
        origin = headers.get(b"origin")
        key = _cookie(headers, self._addresses.cookie(host))
        if scope["path"] != STREAM or not self._addresses.origin_allowed(origin, host) or not key:
            await send({"type": "websocket.close", "code": 4403})
            return
        session = await self._doors.session(key, active=True)
        if session is None:
            await send({"type": "websocket.close", "code": 4401})
            return
        _admit(scope, session, key)
        await self._app(scope, _Watched(self._doors, key, receive, send).receive, send)


class _Watched:
    """A page's connection that ends with its session, also while nobody types."""

    def __init__(self, doors: Doors, key: str, receive: Receive, send: Send) -> None:
        self._doors = doors
        self._key = key
        self._receive = receive
        self._send = send
        self._next: asyncio.Future[Message] | None = None
        self._accepted = False

    async def receive(self) -> Message:
        if not self._accepted:
            self._accepted = True
            return await self._receive()
        while True:
            if self._next is None:
                self._next = asyncio.ensure_future(self._receive())
            try:
                done, _pending = await asyncio.wait({self._next}, timeout=WATCH_SECONDS)
            except asyncio.CancelledError:
                self._next.cancel()
                raise
            message = None
            if done:
                message, self._next = self._next.result(), None
                if message["type"] == "websocket.disconnect":
                    return message
            active = message is not None and _by_hand(message.get("bytes") or b"")
            if await self._doors.session(self._key, active=active) is None:
                return await self._end()
            if message is not None:
                return message

    async def _end(self) -> Message:
        if self._next is not None:
            self._next.cancel()
        await self._send({"type": "websocket.send", "bytes": _redirect(GOODBYE)})
        await self._send({"type": "websocket.close", "code": 4401})
        return {"type": "websocket.disconnect", "code": 4401}


def _by_hand(data: bytes) -> bool:
    """Say whether a message stems from a person: a card that refreshes itself must not keep a session alive."""
    from streamlit.proto.BackMsg_pb2 import BackMsg  # noqa: PLC0415 - a large module, needed with the first page

    message = BackMsg()
    try:
        message.ParseFromString(data)
    except Exception:  # noqa: BLE001 - the runtime behind us judges a malformed message; here it is no activity
        return False
    return message.WhichOneof("type") == "rerun_script" and not message.rerun_script.is_auto_rerun


def _redirect(url: str) -> bytes:
    """Return the message with which Streamlit's page leaves for `url`."""
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg  # noqa: PLC0415 - as above

    message = ForwardMsg()
    message.auth_redirect.url = url
    return bytes(message.SerializeToString())


def _admit(scope: Scope, session: Open, key: str) -> None:
    scope[SESSION_STATE] = session
    scope[KEY_STATE] = key
    scope["headers"] = [
        *scope["headers"],
        (b"x-aval-person", session.person_id.encode()),
        (b"x-aval-session", session.id.encode()),
    ]


def _without_claims(scope: Scope) -> Scope:
    kept = [
        (name, value)
        for name, value in scope["headers"]
        if not name.lower().replace(b"_", b"-").startswith(IDENTITY)
    ]
    return {**scope, "headers": kept}


def _single(scope: Scope) -> dict[bytes, str]:
    """Return headers by name; one that must be single and is not counts as absent."""
    found: dict[bytes, str] = {}
    twice: set[bytes] = set()
    for name, value in scope["headers"]:
        if name in found and name in {b"host", b"origin", b"authorization"}:
            twice.add(name)
        found[name] = (
            f"{found[name]}; {value.decode('latin-1')}" if name in found else value.decode("latin-1")
        )
    for name in twice:
        del found[name]
    return found


def _cookie(headers: dict[bytes, str], name: str) -> str:
    values = [
        value.strip()
        for part in headers.get(b"cookie", "").split(";")
        for key, _, value in [part.partition("=")]
        if key.strip() == name
    ]
    return values[0] if len(values) == 1 and values[0].isascii() and len(values[0]) < 200 else ""


def _is_open(path: str, method: str) -> bool:
    if path in PLAIN_PAGES or path == "/healthz":
        return True
    return path.startswith(("/assets/", SHARED)) and method in SAFE_METHODS


def _crooked(path: str) -> bool:
    return (
        "//" in path
        or "\\" in path
        or "/../" in f"{path}/"
        or any(ord(c) < 32 or ord(c) == 127 for c in path)
    )


async def _to_sign_in(send: Send, scope: Scope, headers: dict[bytes, str]) -> None:
    path = scope["path"]
    wanted = headers.get(b"sec-fetch-mode", "navigate") == "navigate" and not path.startswith(
        ("/_stcore/", "/static/", "/media/", "/component/", "/app/static/")
    )
    if scope["method"] not in SAFE_METHODS or not wanted:
        await _refuse(send, 401, "session.none", _("Sign in first."))
        return
    query = scope["query_string"].decode("latin-1")
    target = path + (f"?{query}" if query else "")
    where = GOODBYE if target == "/" else f"{GOODBYE}?next={quote(target, safe='')}"
    await send(
        {
            "type": "http.response.start",
            "status": 303,
            "headers": [
                (b"location", where.encode()),
                (b"cache-control", b"no-store"),
                (b"content-length", b"0"),
            ],
        }
    )
    await send({"type": "http.response.body", "body": b""})


async def _refuse(
    send: Send,
    status: int,
    code: str,
    detail: str,
    *,
    fix: str = "",
    extra: list[tuple[bytes, bytes]] | None = None,
) -> None:
    """Answer with a problem document (RFC 9457) before any route is chosen."""
    body = json.dumps(
        {
            "type": f"urn:aval:problem:{code}",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": detail,
            "code": code,
            "fix": fix,
            "field": "",
        }
    ).encode()
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", b"application/problem+json"),
                (b"content-length", str(len(body)).encode()),
                (b"cache-control", b"no-store"),
                *(extra or []),
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})


def _with_headers(send: Send, path: str, *, secure: bool) -> Callable[[Message], Awaitable[None]]:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            ours = headers_for(path, secure=secure)
            names = {name for name, _value in ours}
            theirs = [
                (n, v)
                for n, v in message.get("headers", [])
                if n.lower() not in names and n.lower() != b"server"
            ]
            message = {**message, "headers": [*theirs, *ours]}
        await send(message)

    return sending


def ticket_of(query: bytes) -> str:
    """Return the ticket in a query string, or nothing."""
    return parse_qs(query.decode("latin-1")).get("ticket", [""])[0]
