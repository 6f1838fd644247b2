"""Versions over REST: what was submitted, what the checks found."""

import math
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from app.api.identity import actor
from app.api.jobs import Trouble
from app.api.upstream import UpstreamOut
from app.wiring import reading
from core.assets.intake import queries as intake
from core.assets.intake.evaluation import Evaluation
from core.assets.registry import queries
from core.assets.registry.card import Audience
from core.assets.registry.card_export import FORMS, Head
from core.assets.registry.version import Version
from core.platform.access.permissions import Permission, require
from core.platform.store import Actor

router = APIRouter(tags=["versions"])
MEDIA = {"md": "text/markdown; charset=utf-8", "json": "application/json", "pdf": "application/pdf"}


class EstimateOut(BaseModel):
    """A metric with its bootstrap 95 % interval over `n` rows; null where it has no value."""

    value: float | None
    low: float | None
    high: float | None
    n: int


class EvaluationOut(BaseModel):
    """What the evaluation found; latencies are milliseconds per row, memory is MiB."""

    started_at: datetime
    finished_at: datetime
    rows: int
    metrics: dict[str, EstimateOut]
    threshold: float | None
    latency_p50_ms: float
    latency_p95_ms: float
    memory_mb: float
    reproducible: bool


class VersionOut(BaseModel):
    """A version: `page` is the path of its page; `refusal` says why it was refused, and what to do.

    `mlflow` is where it was imported from, with what was logged there: reported by MLflow, not measured by Aval.
    """

    id: str
    use_case: str
    number: int
    model: str
    state: str
    author: str
    created_at: datetime
    artifact_name: str
    artifact_digest: str
    artifact_size: int
    format: str
    verdict: str
    isolation: str
    dataset_digest: str
    label_column: str
    positive_label: str
    operating_threshold: float | None
    features: list[str]
    note: str
    page: str
    refusal: Trouble | None
    mlflow: UpstreamOut | None = None
    evaluation: EvaluationOut | None = None


@router.get("/use-cases/{slug}/versions", summary="Versions of a use case")
def list_versions(slug: str, caller: Annotated[Actor, Depends(actor)]) -> list[VersionOut]:
    """Answer every version, newest first, without evaluations."""
    require(caller, Permission.VIEW)
    with reading() as view:
        case = queries.use_case(view, slug)
        return [_out(version) for version in queries.versions(view, case.id)]


@router.get("/use-cases/{slug}/versions/{number}", summary="One version with its metrics")
def get_version(slug: str, number: int, caller: Annotated[Actor, Depends(actor)]) -> VersionOut:
    """Answer one version; `evaluation` is null until its checks have ended."""
    require(caller, Permission.VIEW)
    with reading() as view:
        queries.use_case(view, slug)
        version = queries.version_by_number(view, slug, number)
        return _out(version, intake.evaluation(view, version.id))


@router.get(
    "/use-cases/{slug}/versions/{number}/card",
    summary="The model card as a document",
    response_class=Response,
    responses={200: {"content": {kind: {} for kind in MEDIA.values()}}},
)
def get_card(
    slug: str,
    number: int,
    caller: Annotated[Actor, Depends(actor)],
    form: Literal["md", "json", "pdf"] = "json",
    audience: Audience = Audience.TECHNICAL,
) -> Response:
    """Answer the card of a version for an audience, in the caller's language."""
    require(caller, Permission.VIEW)
    with reading() as view:
        case = queries.use_case(view, slug)
        version = queries.version_by_number(view, slug, number)
        card = intake.card(view, version.id)
    head = Head(slug, case.title, version.model_name, version.number, version.artifact_digest)
    return Response(FORMS[form](card, head, audience), media_type=MEDIA[form])


def _out(version: Version, evaluation: Evaluation | None = None) -> VersionOut:
    refusal = version.refusal
    return VersionOut(
        id=version.id,
        use_case=version.use_case_slug,
        number=version.number,
        model=version.model_name,
        state=version.state.value,
        author=version.author_id,
        created_at=version.created_at,
        artifact_name=version.artifact_name,
        artifact_digest=version.artifact_digest,
        artifact_size=version.artifact_size,
        format=version.format,
        verdict=version.verdict,
        isolation=version.isolation,
        dataset_digest=version.dataset_digest,
        label_column=version.label_column,
        positive_label=version.positive_label,
        operating_threshold=version.operating_threshold,
        features=list(version.signature.names),
        note=version.note,
        page=f"/model?use_case={version.use_case_slug}&version={version.number}",
        refusal=None
        if refusal is None
        else Trouble(code=refusal.code, detail=refusal.text(), fix=refusal.fix_text()),
        mlflow=None if version.upstream is None else UpstreamOut.of(version.upstream),
        evaluation=None if evaluation is None else _evaluation(evaluation),
    )


def _evaluation(found: Evaluation) -> EvaluationOut:
    return EvaluationOut(
        started_at=found.started_at,
        finished_at=found.finished_at,
        rows=found.rows,
        metrics={
            name: EstimateOut(value=_finite(m.value), low=_finite(m.low), high=_finite(m.high), n=m.n)
            for name, m in found.metrics.items()
        },
        threshold=found.threshold,
        latency_p50_ms=found.latency_p50_ms,
        latency_p95_ms=found.latency_p95_ms,
        memory_mb=found.memory_mb,
        reproducible=found.reproducible,
    )


def _finite(value: float) -> float | None:
    """JSON has no NaN."""
    return value if math.isfinite(value) else None
