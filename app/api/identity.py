"""Who calls: the guard has looked the token up; a route asks for the actor and nothing else."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.doors import Bearer
from app.guard import BEARER_STATE, ticket_of
from app.wiring import unit_of_work
from core.errors import Unauthenticated
from core.i18n import N_
from core.platform.access import ways_in
from core.platform.access.sessions import Purpose
from core.platform.store import SYSTEM, Actor

_shown = HTTPBearer(
    auto_error=False, scheme_name="token", description="An access token, `aval_…`, made in Settings."
)


def actor(
    request: Request,
    _token: Annotated[HTTPAuthorizationCredentials | None, Security(_shown)],
) -> Actor:
    """Return who the bearer token acts as; raise `Unauthenticated` where only a ticket was shown."""
    found = request.scope.get(BEARER_STATE)
    if not isinstance(found, Bearer):
        raise Unauthenticated(
            "access.no_token",
            N_("This needs an access token: Authorization: Bearer aval_…"),
            fix=N_("Create one in Settings."),
        )
    return found.actor


def actor_or_ticket(purpose: Purpose, subject: str) -> Callable[..., Actor]:
    """Return a dependency that also takes a single-use ticket, `?ticket=…`, for the path parameter `subject`.

    The ticket is used up by the request, whatever becomes of it: a page asks for a fresh one to try again.
    """

    def caller(
        request: Request,
        token: Annotated[HTTPAuthorizationCredentials | None, Security(_shown)],
    ) -> Actor:
        secret = ticket_of(request.scope["query_string"])
        if BEARER_STATE in request.scope or not secret:
            return actor(request, token)
        with unit_of_work(SYSTEM) as uow:
            return ways_in.redeem_ticket(uow, secret, purpose, str(request.path_params[subject]))

    return caller
