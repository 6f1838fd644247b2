"""A limit of requests per token, and the caller's language, before a route is chosen."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.problems import problem
from app.doors import Bearer
from app.guard import BEARER_STATE
from core import i18n
from core.i18n import _

PER_MINUTE = 120
SCORED_PER_MINUTE = 30_000
"""Real traffic asks for rows far more often than a program asks anything else."""
MOST_TOKENS = 4096


class Pace:
    """Sliding window of one minute for each token, in this process."""

    def __init__(
        self, app: ASGIApp, *, limit: int = PER_MINUTE, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._limit = limit
        self._ticks = ticks
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Set the language and let the request through, or answer 429 with Retry-After."""
        if scope["type"] == "http":
            wanted = Request(scope).headers.get("accept-language", "").split(",")[0].split(";")[0]
            i18n.use(wanted)
            found = scope.get(BEARER_STATE)
            scores = "/v2/" in scope["path"]
            limit = SCORED_PER_MINUTE if scores else self._limit
            wait = self._wait(f"{found.id}{scores}", limit) if isinstance(found, Bearer) else 0.0
            if wait > 0:
                answer = problem(
                    429,
                    "request.too_many",
                    _("More than {limit} requests in a minute.", limit=limit),
                    fix=_("Wait {seconds} seconds.", seconds=int(wait) + 1),
                )
                answer.headers["retry-after"] = str(int(wait) + 1)
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _wait(self, token: str, limit: int) -> float:
        now = self._ticks()
        seen = self._seen.setdefault(token, deque())
        self._seen.move_to_end(token)
        while len(self._seen) > MOST_TOKENS:
            self._seen.popitem(last=False)
        while seen and now - seen[0] >= 60.0:
            seen.popleft()
        if len(seen) >= limit:
            return 60.0 - (now - seen[0])
        seen.append(now)
        return 0.0
