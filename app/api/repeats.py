"""Repeatable requests: `Idempotency-Key` gives a program one effect and one answer, however often it asks."""

import hashlib
from collections.abc import Callable
from typing import Annotated

from fastapi import Header, Request, Response
from pydantic import BaseModel

from app.wiring import unit_of_work
from core.platform.access import repeats
from core.platform.store import Actor, UnitOfWork

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="A name of your own for this very request; sent again within 24 hours, it is not done again.",
    ),
]


def once(
    caller: Actor,
    request: Request,
    key: str | None,
    body: BaseModel | None,
    do: Callable[[UnitOfWork], BaseModel],
    *,
    status: int = 201,
) -> Response:
    """Run `do` in one unit of work and answer what it returns; under a known key, answer what was answered before.

    The answer is stored in the same transaction as what was done, so that neither is there without the other.
    """
    with unit_of_work(caller) as uow:
        if key is not None:
            asked = f"{request.method} {request.url.path}\n{body.model_dump_json() if body else ''}"
            before = repeats.begin(uow, key, hashlib.sha256(asked.encode()).hexdigest())
            if before is not None:
                return _answer(before.body, before.status, {"Idempotency-Replayed": "true"})
        text = do(uow).model_dump_json()
        if key is not None:
            repeats.keep(uow, key, status, text)
    return _answer(text, status, {})


def _answer(text: str, status: int, headers: dict[str, str]) -> Response:
    return Response(text, status_code=status, media_type="application/json", headers=headers)
