"""The REST interface: one router per noun, mounted under /api."""

from importlib import import_module
from importlib.metadata import version

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse

from app.api.pace import Pace
from app.api.problems import Problem, answer_with_problems
from app.templates import render

NOUNS = (
    "people",
    "audit",
    "use_cases",
    "drafts",
    "parts",
    "datasets",
    "versions",
    "jobs",
    "explanations",
    "fairness",
    "robustness",
    "slices",
    "predictions",
    "prediction_logs",
    "alerts",
    "incidents",
    "kpis",
    "worth",
    "shares",
    "releases",
    "emergencies",
    "findings",
    "gates",
    "live",
    "dossiers",
    "retraining",
    "shadows",
    "policies",
    "compliance",
    "inbox",
    "loop_time",
    "reviews",
    "comments",
    "decisions",
    "webhooks",
)


def create() -> FastAPI:
    """Build the application; its document needs no token, every route does."""
    application = FastAPI(
        title="Aval",
        version=version("aval"),
        summary="Govern machine-learning models: the same commands as the pages.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        responses={
            status: {"model": Problem, "description": text, "content": {"application/problem+json": {}}}
            for status, text in (
                (401, "No token"),
                (403, "Not permitted"),
                (422, "Wrong input"),
                (429, "Too many"),
            )
        },
    )
    for noun in NOUNS:
        application.include_router(_router(noun), prefix="/v1")
    application.include_router(_router("infer"), prefix="/v2")
    application.add_api_route("/docs", _docs, include_in_schema=False, response_class=HTMLResponse)
    answer_with_problems(application)
    application.add_middleware(Pace)
    return application


def _router(noun: str) -> APIRouter:
    router = import_module(f"app.api.{noun}").router
    if not isinstance(router, APIRouter):
        raise TypeError(noun)
    return router


def _docs(_request: Request) -> HTMLResponse:
    return HTMLResponse(render("api_docs.html"))
