"""Uploads over REST: open a draft, stream its two files to disk, submit."""

from functools import cache, partial
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, status
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from app import wiring
from app.api.identity import actor, actor_or_ticket
from app.api.streaming import Turns, receive
from app.api.upstream import UpstreamIn
from app.submission import Submission, own_draft, submit
from core.assets.intake import commands, queries
from core.assets.intake.commands import Examined
from core.assets.intake.draft import ArtifactFile, Draft, FileKind, TableFile
from core.platform.access.permissions import Permission, require
from core.platform.access.sessions import Purpose
from core.platform.store import Actor

router = APIRouter(tags=["uploads"])

Sender = Annotated[Actor, Depends(actor_or_ticket(Purpose.UPLOAD, "draft_id"))]
FileName = Annotated[str, Query(min_length=1, max_length=255, description="What you call the file")]
BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class ArtifactOut(BaseModel):
    """A model file that has arrived: SHA-256, bytes, and the format found in its content."""

    name: str
    digest: str
    size: int
    format: str


class ColumnOut(BaseModel):
    """A column of the table."""

    name: str
    kind: str
    missing: int


class TableOut(BaseModel):
    """A table that has arrived: SHA-256 and bytes of what was sent, and its columns."""

    name: str
    digest: str
    size: int
    rows: int
    columns: list[ColumnOut]
    protected: list[str]
    personal: list[str]


class DraftOut(BaseModel):
    """An upload under way; `version_id` is set once it has been submitted."""

    id: str
    artifact: ArtifactOut | None
    table: TableOut | None
    version_id: str


class SubmissionIn(BaseModel):
    """What the two files mean. A threshold applies to tasks with two outcomes and is sealed on submission."""

    use_case: str = Field(examples=["consumer-credit"])
    label_column: str
    positive_label: str = ""
    operating_threshold: float | None = Field(default=None, ge=0, le=1)
    protected_columns: list[str] = []
    mapping: dict[str, str] = Field(
        default={},
        description="Column of the table for each feature of the model that is called otherwise there",
    )
    score_column: str = Field(
        default="",
        description="Column with the model's own scores, for a model that Aval does not load or that is not sent",
    )
    model_name: str = Field(default="", max_length=80)
    note: str = Field(default="", max_length=2000)
    mlflow: UpstreamIn | None = Field(
        default=None,
        description="The registered version that the file comes from, as `aval mlflow import` says",
    )


class VersionRef(BaseModel):
    """The version that came of it, and where to read it."""

    id: str
    use_case: str
    number: int
    url: str


class JobRef(BaseModel):
    """The evaluation, and where to ask how far it has come."""

    id: str
    url: str


class SubmittedOut(BaseModel):
    """Accepted: the checks run in the background."""

    version: VersionRef
    job: JobRef


@router.post("/drafts", status_code=status.HTTP_201_CREATED, summary="Begin an upload")
def open_draft(caller: Annotated[Actor, Depends(actor)]) -> DraftOut:
    """Open a draft; send its two files next, then submit it."""
    with wiring.unit_of_work(caller) as uow:
        draft_id = commands.open_draft(uow)
        return _draft(queries.draft(uow.session, draft_id))


@router.get("/drafts/{draft_id}", summary="What has arrived")
def get_draft(draft_id: str, caller: Annotated[Actor, Depends(actor)]) -> DraftOut:
    """Answer what has arrived of one's own upload."""
    require(caller, Permission.UPLOAD_MODEL)
    with wiring.reading() as view:
        return _draft(own_draft(view, draft_id, caller))


@router.put("/drafts/{draft_id}/artifact", summary="Send the model file", openapi_extra=BODY)
async def put_artifact(draft_id: str, name: FileName, request: Request, caller: Sender) -> ArtifactOut:
    """Stream the model file; it is recognised by its content. A second one replaces the first."""
    found = await _take(request, caller, draft_id, "artifact", name)
    if found.artifact is None:
        raise RuntimeError(draft_id)
    return _artifact(found.artifact)


@router.put("/drafts/{draft_id}/table", summary="Send the evaluation table", openapi_extra=BODY)
async def put_table(draft_id: str, name: FileName, request: Request, caller: Sender) -> TableOut:
    """Stream the evaluation table, CSV or Parquet; it is read and checked before it is kept."""
    found = await _take(request, caller, draft_id, "table", name)
    if found.table is None:
        raise RuntimeError(draft_id)
    return _table(found.table)


@router.post("/drafts/{draft_id}/submit", status_code=status.HTTP_202_ACCEPTED, summary="Check and register")
def submit_draft(draft_id: str, body: SubmissionIn, caller: Annotated[Actor, Depends(actor)]) -> SubmittedOut:
    """Freeze the version, seal the thresholds, start the evaluation."""
    with wiring.unit_of_work(caller) as uow:
        done = submit(
            uow,
            draft_id,
            Submission(
                use_case=body.use_case,
                label_column=body.label_column,
                positive_label=body.positive_label,
                operating_threshold=body.operating_threshold,
                protected_columns=tuple(body.protected_columns),
                mapping=body.mapping,
                score_column=body.score_column,
                model_name=body.model_name,
                note=body.note,
                imported=None if body.mlflow is None else body.mlflow.read(),
            ),
        )
    version = done.version
    return SubmittedOut(
        version=VersionRef(
            id=version.id,
            use_case=version.use_case_slug,
            number=version.number,
            url=f"/api/v1/use-cases/{version.use_case_slug}/versions/{version.number}",
        ),
        job=JobRef(id=done.job_id, url=f"/api/v1/jobs/{done.job_id}"),
    )


@cache
def turns() -> Turns:
    """Return this process's count of uploads per person."""
    return Turns(lambda: wiring.store().clock())


async def _take(request: Request, caller: Actor, draft_id: str, kind: FileKind, name: str) -> Draft:
    await run_in_threadpool(_may_send, caller, draft_id)
    store = wiring.store()
    with turns().turn(caller.id, kind):
        found: list[Examined] = []

        def examine(path: Path) -> None:
            found.append(commands.examine(store, kind, path, name))

        stored = await receive(request, store.files, store.settings.upload_limit, examine=examine)
        enter = partial(commands.receive_file, store, caller, draft_id, kind, stored, name, examined=found[0])
        return await run_in_threadpool(enter)


def _may_send(caller: Actor, draft_id: str) -> None:
    """Refuse before a byte is read; in a unit of work, so that the refusal is in the log."""
    with wiring.unit_of_work(caller) as uow:
        require(caller, Permission.UPLOAD_MODEL)
        own_draft(uow.session, draft_id, caller)


def _draft(draft: Draft) -> DraftOut:
    return DraftOut(
        id=draft.id,
        artifact=None if draft.artifact is None else _artifact(draft.artifact),
        table=None if draft.table is None else _table(draft.table),
        version_id=draft.version_id,
    )


def _artifact(file: ArtifactFile) -> ArtifactOut:
    return ArtifactOut(name=file.name, digest=file.digest, size=file.size, format=file.format)


def _table(file: TableFile) -> TableOut:
    return TableOut(
        name=file.name,
        digest=file.source_digest,
        size=file.size,
        rows=file.rows,
        columns=[ColumnOut(name=c.name, kind=c.kind.value, missing=c.missing) for c in file.columns],
        protected=list(file.protected),
        personal=list(file.personal),
    )
