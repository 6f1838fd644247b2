"""Every error of the REST interface is a problem document (RFC 9457): what happened, and what to do about it."""

import logging
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from core.errors import AvalError
from core.i18n import _

log = logging.getLogger("aval.api")
MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """RFC 9457, with a stable `code`, the `fix` and the `field` at fault."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    fix: str = ""
    field: str = ""


def problem(status: int, code: str, detail: str, *, fix: str = "", field: str = "") -> JSONResponse:
    """Return the document as an answer."""
    body = Problem(
        type=f"urn:aval:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        fix=fix,
        field=field,
    )
    return JSONResponse(body.model_dump(), status, media_type=MEDIA_TYPE)


def answer_with_problems(application: FastAPI) -> None:
    """Register the handlers: our own errors, wrong requests, unknown paths, and what nobody foresaw."""
    application.add_exception_handler(AvalError, _known)
    application.add_exception_handler(RequestValidationError, _malformed)
    application.add_exception_handler(HTTPException, _plain)
    application.add_exception_handler(Exception, _unforeseen)


def _known(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, AvalError):
        raise error
    return problem(error.status, error.code, error.text(), fix=error.fix_text(), field=error.field)


def _malformed(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    place = [str(part) for part in first["loc"] if part not in {"body", "query", "path", "header"}]
    field = ".".join(place)
    detail = _("{field}: {reason}", field=field, reason=first["msg"]) if field else str(first["msg"])
    return problem(
        422,
        "request.malformed",
        detail,
        fix=_("The document at /api/docs says what this address takes."),
        field=field,
    )


def _plain(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    texts = {
        404: _("There is nothing at this address."),
        405: _("This address does not take that method."),
    }
    answer = problem(
        error.status_code,
        f"http.{error.status_code}",
        texts.get(error.status_code, str(error.detail)),
        fix=_("The document at /api/docs lists every address."),
    )
    answer.headers.update(error.headers or {})
    return answer


def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem(
        500,
        "server.failed",
        _("Aval failed to answer."),
        fix=_("Try again; the server's log has the details."),
    )
