"""`/metrics` for Prometheus: behind the guard like the REST interface, with an access token that may view."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.doors import Bearer
from app.guard import BEARER_STATE
from core.errors import AvalError
from core.overview.gauges import CONTENT_TYPE, gauges, written
from core.platform.access.permissions import Permission, require
from core.platform.store import Store


class Prometheus:
    """The route, over one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> list[Route]:
        """Return the route, to be mounted at the root behind the guard."""
        return [Route("/metrics", self.answer, methods=["GET"])]

    async def answer(self, request: Request) -> Response:
        """Answer with every gauge."""
        bearer = request.scope.get(BEARER_STATE)
        if not isinstance(bearer, Bearer):
            return JSONResponse({"code": "access.no_token"}, 401)
        try:
            require(bearer.actor, Permission.VIEW)
        except AvalError as problem:
            return JSONResponse({"code": problem.code, "detail": problem.text()}, problem.status)
        return Response(await run_in_threadpool(self._read), media_type=CONTENT_TYPE)

    def _read(self) -> str:
        with self._store.reading() as view:
            return written(gauges(view, self._store.clock()))
