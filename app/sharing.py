"""Links for people without an account: the digest of a scope, read-only, while the link stands."""

import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from app import digest
from app.templates import render
from core import i18n
from core.errors import AvalError, NotFound
from core.i18n import N_, _, day
from core.platform.access import shares
from core.platform.access.shares import Share
from core.platform.store import SYSTEM, Store

FRESH_SECONDS = 60.0
MOST_KEPT = 64
MEDIA = {"html": "text/html; charset=utf-8", "pdf": "application/pdf"}


class Shared:
    """The route, over one store. What was made is sent again for a minute: a link may be forwarded to many."""

    def __init__(self, store: Store, *, ticks: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._ticks = ticks
        self._made: OrderedDict[tuple[str, str], tuple[float, bytes]] = OrderedDict()

    def routes(self) -> list[Route]:
        """Return the route, to be mounted at the root; the guard lets it through without a session."""
        return [Route("/shared/{secret}", self.answer, methods=["GET"])]

    async def answer(self, request: Request) -> Response:
        """Answer with the page, or with `?format=pdf` the PDF; a link that does not stand tells nothing."""
        form = "pdf" if request.query_params.get("format") == "pdf" else "html"
        try:
            name, body = await run_in_threadpool(self._answer, request.path_params["secret"], form)
        except AvalError as problem:
            return HTMLResponse(render("problem.html", problem=problem, languages=()), problem.status)
        headers = {"cache-control": "no-store", "x-robots-tag": "noindex, nofollow"}
        if form == "pdf":
            headers["content-disposition"] = f'inline; filename="{name}"'
        return Response(body, media_type=MEDIA[form], headers=headers)

    def _answer(self, secret: str, form: str) -> tuple[str, bytes]:
        now = self._store.clock()
        with self._store.reading() as view:
            found = shares.find_share(view, secret, now)
        if found is None:
            raise NotFound(
                "share.gone",
                N_("This link shows nothing: it is taken back, expired or mistyped."),
                fix=N_("Ask whoever sent it for a new one."),
            )
        kept = self._made.get((found.id, form))
        if kept is not None and self._ticks() - kept[0] < FRESH_SECONDS:
            return _name(found, form), kept[1]
        with self._store.unit_of_work(SYSTEM) as uow:
            shares.note_opening(uow, found.id)
        body = self._make(found, form)
        while len(self._made) >= MOST_KEPT:
            self._made.popitem(last=False)
        self._made[found.id, form] = self._ticks(), body
        return _name(found, form), body

    def _make(self, found: Share, form: str) -> bytes:
        with i18n.speaking(found.language):
            facts = digest.document(self._store, found.scope)
            if form == "pdf":
                return digest.paper(facts)
            foot = _("Shared for reading only, until {day}.", day=day(found.expires_at))
            return digest.page(facts, pdf_address="?format=pdf", foot=foot).encode()


def _name(found: Share, form: str) -> str:
    return f"kpis-{found.created_at:%Y-%m-%d}.{form}"
