"""Dossiers over REST: a decision with everything that a stranger needs to check it."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from app.api.identity import actor
from app.downloads import dossier_answer
from app.wiring import store
from core.platform.store import Actor

router = APIRouter(tags=["releases"])


@router.get(
    "/releases/{request_id}/dossier",
    summary="The dossier of a decided release",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}}, "description": "A ZIP with verify.py inside"}},
)
def dossier(request_id: str, caller: Annotated[Actor, Depends(actor)], *, artifact: bool = True) -> Response:
    """Answer with a ZIP that proves bytes, approvers, policy and log entry offline; `artifact=false` for a small one."""
    return dossier_answer(store(), caller, request_id, artifact=artifact)
