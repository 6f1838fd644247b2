"""Files that a page offers and that are too large for a page's memory: streamed, for whoever is signed in."""

import tempfile
from collections.abc import Iterator
from typing import BinaryIO
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from app.guard import SESSION_STATE
from app.monitoring_report import report
from core.decisions.releases import queries
from core.decisions.releases.dossier_making import dossier_name, write_dossier
from core.errors import AvalError
from core.evidence.monitoring.windows import WHOLE_DAYS, Grain
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
        ]

    async def monitoring(self, request: Request) -> Response:
        """Answer with the monitoring report of a version; `?format=` is html or pdf, `?window=` month, week or day."""
        session = request.scope.get(SESSION_STATE)
        if not isinstance(session, Open):
            return JSONResponse({"code": "session.none"}, 401)
        who = Actor(session.person_id, "person", session.roles, "page")
        try:
            return await run_in_threadpool(
                monitoring_answer,
                self._store,
                who,
                request.path_params["version"],
                request.query_params.get("format", "html"),
                request.query_params.get("window", "month"),
            )
        except AvalError as problem:
            return JSONResponse(
                {"code": problem.code, "detail": problem.text(), "fix": problem.fix_text()}, problem.status
            )

    async def dossier(self, request: Request) -> Response:
        """Answer with the dossier of a decided release; `?artifact=no` leaves the model's bytes out."""
        session = request.scope.get(SESSION_STATE)
        if not isinstance(session, Open):
            return JSONResponse({"code": "session.none"}, 401)
        who = Actor(session.person_id, "person", session.roles, "page")
        try:
            return await run_in_threadpool(
                dossier_answer,
                self._store,
                who,
                request.path_params["release"],
                artifact=request.query_params.get("artifact") != "no",
            )
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
