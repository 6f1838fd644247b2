"""Files that a page offers and that are too large for a page's memory: streamed, for whoever is signed in."""

import tempfile
from collections.abc import Callable, Iterator
from typing import BinaryIO
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from app import digest
from app.guard import SESSION_STATE
from app.monitoring_report import report
from core.assets.registry import queries as registry
from core.decisions.releases import queries
from core.decisions.releases.dossier_making import dossier_name, write_dossier
from core.errors import AvalError
from core.evidence.monitoring.windows import WHOLE_DAYS, Grain
from core.i18n import speaking
from core.platform.access import queries as people
from core.platform.access.permissions import Permission, require
from core.platform.access.sessions import Open
from core.platform.store import Actor, Store

CHUNK = 1 << 20


class Downloads:
    """The routes, over one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> list[Route]:
        """Return the routes, to be mounted at the root behind the guard."""
        return [
            Route("/download/dossier/{release}", self.dossier, methods=["GET"]),
            Route("/download/monitoring/{version}", self.monitoring, methods=["GET"]),
            Route("/download/digest", self.digest, methods=["GET"]),
        ]

    async def monitoring(self, request: Request) -> Response:
        """Answer with the monitoring report of a version; `?format=` is html or pdf, `?window=` month, week or day."""
        version, asked = request.path_params["version"], request.query_params
        form, window = asked.get("format", "html"), asked.get("window", "month")
        return await _given(request, lambda who: monitoring_answer(self._store, who, version, form, window))

    async def digest(self, request: Request) -> Response:
        """Answer with the week's digest; `?use_case=` is an id, empty for all, `?format=` html or pdf."""
        asked = request.query_params
        scope, form = asked.get("use_case", ""), asked.get("format", "html")
        return await _given(request, lambda who: digest_answer(self._store, who, scope, form))

    async def dossier(self, request: Request) -> Response:
        """Answer with the dossier of a decided release; `?artifact=no` leaves the model's bytes out."""
        release, whole = request.path_params["release"], request.query_params.get("artifact") != "no"
        return await _given(request, lambda who: dossier_answer(self._store, who, release, artifact=whole))


async def _given(request: Request, make: Callable[[Actor], Response]) -> Response:
    """Answer whoever is signed in with what `make` makes, or with the reason why not."""
    session = request.scope.get(SESSION_STATE)
    if not isinstance(session, Open):
        return JSONResponse({"code": "session.none"}, 401)
    try:
        return await run_in_threadpool(make, Actor(session.person_id, "person", session.roles, "page"))
    except AvalError as problem:
        return JSONResponse(
            {"code": problem.code, "detail": problem.text(), "fix": problem.fix_text()}, problem.status
        )


def monitoring_answer(store: Store, who: Actor, version_id: str, form: str, window: str) -> Response:
    """Make the monitoring report of a version."""
    require(who, Permission.VIEW)
    grain = Grain(window) if window in set(WHOLE_DAYS) else Grain.MONTH
    made = report(store, version_id, form, grain)
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(made.name)}",
        "cache-control": "no-store",
    }
    return Response(made.body, media_type=made.media_type, headers=headers)


def digest_answer(store: Store, who: Actor, use_case_id: str, form: str) -> Response:
    """Make the digest of a use case, or of all, as its reader speaks."""
    require(who, Permission.VIEW)
    with store.reading() as view:
        name = registry.use_case_by_id(view, use_case_id).slug if use_case_id else "all"
        person = people.find(view, who.id)
    with speaking(person.language if person else "en"):
        facts = digest.document(store, use_case_id)
        headers = {"cache-control": "no-store"}
        if form != "pdf":
            address = f"/download/digest?use_case={use_case_id}&format=pdf"
            return Response(
                digest.page(facts, pdf_address=address),
                media_type="text/html; charset=utf-8",
                headers=headers,
            )
        headers["content-disposition"] = f"attachment; filename*=UTF-8''{quote(f'kpis-{name}.pdf')}"
        return Response(digest.paper(facts), media_type="application/pdf", headers=headers)


def dossier_answer(store: Store, who: Actor, release_id: str, *, artifact: bool) -> Response:
    """Make a dossier in a temporary file and stream it; the file goes with the answer."""
    require(who, Permission.VIEW)
    with store.reading() as view:
        name = dossier_name(queries.release(view, release_id))
    made = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the answer has been sent
    try:
        write_dossier(store, release_id, made, artifact=artifact)
    except BaseException:
        made.close()
        raise
    size = made.tell()
    made.seek(0)
    headers = {
        "content-length": str(size),
        "content-disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        "cache-control": "no-store",
    }
    return StreamingResponse(_chunks(made), media_type="application/zip", headers=headers)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK):
            yield chunk
