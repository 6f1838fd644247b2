"""Streamlit's one HTML page, with a line of ours before its own scripts."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

LINE = b'<script src="/assets/base.js"></script>'
STREAMLIT = b'<div id="root">'


class IndexPage:
    """Put `LINE` at the top of the head of every HTML page that Streamlit answers with."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; hold back an HTML answer until it is whole."""
        if not _may_be_page(scope):
            await self._app(scope, receive, send)
            return
        # The page is small: it is asked for bare, so that it can be changed.
        scope = {
            **scope,
            "headers": [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"],
        }
        start: Message | None = None
        body = bytearray()

        async def watch(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                if dict(message["headers"]).get(b"content-type", b"").startswith(b"text/html"):
                    start = message
                    return
            elif start is not None:
                body.extend(message.get("body", b""))
                if message.get("more_body"):
                    return
                page = bytes(body)
                if STREAMLIT in page:
                    page = page.replace(b"<head>", b"<head>" + LINE, 1)
                kept = [
                    (k, v)
                    for k, v in start["headers"]
                    if k not in {b"content-length", b"etag", b"last-modified"}
                ]
                length = len(page) if page else int(dict(start["headers"]).get(b"content-length", b"0"))
                await send({**start, "headers": [*kept, (b"content-length", str(length).encode())]})
                await send({"type": "http.response.body", "body": page})
                return
            await send(message)

        await self._app(scope, receive, watch)


def _may_be_page(scope: Scope) -> bool:
    return (
        scope["type"] == "http"
        and scope["method"] in {"GET", "HEAD"}
        and not scope["path"].startswith(("/api/", "/_stcore/", "/static/", "/media/"))
        and "." not in scope["path"].rsplit("/", 1)[-1]
    )
