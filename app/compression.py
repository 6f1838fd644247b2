"""Streamlit's bundles, compressed once: 9 MB of text become 3 MB for the first visit, at no cost per visit.

Streamlit serves them bare because compressing at each hit costs too much; their names carry a hash of their
content, so one compressed copy in memory stands for good.
"""

import gzip

from anyio import to_thread
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PREFIXES = ("/static/", "/assets/docs/")
TEXT = (b".js", b".css", b".svg", b".json", b".html")
MOST_BYTES = 8 * 2**20
LEAST_BYTES = 1024
LEVEL = 6


class Packed:
    """Answers GETs of text assets from memory, for browsers that take gzip; all else passes untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kept: dict[str, tuple[list[tuple[bytes, bytes]], bytes]] = {}
        self._size = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, or pass on."""
        if not self._wanted(scope):
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        if path not in self._kept and not await self._fill(scope, receive, send):
            return
        headers, body = self._kept[path]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _wanted(self, scope: Scope) -> bool:
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(PREFIXES):
            return False
        if not scope["path"].encode().endswith(TEXT):
            return False
        headers = dict(scope["headers"])
        conditional = any(name in headers for name in (b"range", b"if-none-match", b"if-modified-since"))
        return b"gzip" in headers.get(b"accept-encoding", b"") and not conditional

    async def _fill(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Ask the application once; keep the answer if it is good, else hand it on as it is and say so."""
        messages: list[Message] = []

        async def collect(message: Message) -> None:
            messages.append(message)

        bare = {**scope, "headers": [(n, v) for n, v in scope["headers"] if n != b"accept-encoding"]}
        await self._app(bare, receive, collect)
        start = messages[0]
        body = b"".join(message.get("body", b"") for message in messages[1:])
        if start["status"] == 200 and len(body) >= LEAST_BYTES:
            packed = await to_thread.run_sync(lambda: gzip.compress(body, LEVEL, mtime=0))
            if self._size + len(packed) <= MOST_BYTES:
                replaced = {b"content-length", b"content-encoding", b"vary", b"accept-ranges"}
                self._kept[scope["path"]] = (
                    [
                        *((n, v) for n, v in start["headers"] if n.lower() not in replaced),
                        (b"content-length", str(len(packed)).encode()),
                        (b"content-encoding", b"gzip"),
                        (b"vary", b"Accept-Encoding"),
                    ],
                    packed,
                )
                self._size += len(packed)
                return True
        for message in messages:
            await send(message)
        return False
