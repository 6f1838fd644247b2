"""Fairness over REST: what is protected, a table of it, a version's report, and its course over the log."""

from datetime import date, datetime
from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from app import wiring
from app.api.drafts import BODY
from app.api.identity import actor, actor_or_ticket
from app.api.streaming import Turns, receive
from app.wiring import reading, store, unit_of_work
from core.assets.registry import queries as registry
from core.errors import NotFound
from core.evidence.fairness import commands, presets, queries, words, work
from core.evidence.fairness.written import parity_json, to_json
from core.i18n import N_
from core.platform.access.permissions import Permission, require
from core.platform.access.sessions import Purpose
from core.platform.store import Actor

router = APIRouter(tags=["fairness"])
Caller = Annotated[Actor, Depends(actor)]
Sender = Annotated[Actor, Depends(actor_or_ticket(Purpose.UPLOAD, "use_case"))]


class DeclarationIn(BaseModel):
    """Which attributes are protected, or why none applies (20 characters at least)."""

    attributes: list[str] = []
    none_reason: str = Field(default="", max_length=2000)
    favourable: str = Field(default="", description="The class that is good for the person")
    preset: str = Field(default=presets.DEFAULT, description="four_fifths, eu or brazil")


class DeclarationOut(DeclarationIn):
    """What holds for a use case; `key_column` joins the table of its own, where there is one."""

    dataset_id: str
    key_column: str
    declared_at: datetime | None


class AcceptedOut(BaseModel):
    """How many versions are measured anew, in the background."""

    measured_anew: int


class StartedOut(BaseModel):
    """The job that measures the version; follow it at /jobs/{job}."""

    job: str


class ReportOut(BaseModel):
    """A stored report.

    `single` and `crossed` hold groups (a hidden one has no figures) and gaps with ratio, difference and intervals;
    `thresholds` counts rows at every hundredth; `proxies` says which features tell an attribute apart.
    """

    use_case: str
    version: int
    preset: str
    favourable: str
    verdict: str
    created_at: datetime
    report: dict[str, Any]


class MonthOut(BaseModel):
    """One month of the prediction log."""

    start: date
    rows: int
    labelled: int
    parities: list[dict[str, Any]]


@cache
def turns() -> Turns:
    """Return this process's count of tables per person."""
    return Turns(lambda: wiring.store().clock())


@router.get("/fairness/{use_case}/declaration", summary="What is protected")
def declaration(use_case: str, caller: Caller) -> DeclarationOut:
    """Answer what was declared last."""
    require(caller, Permission.VIEW)
    with reading() as view:
        found = queries.declaration(view, registry.use_case(view, use_case).id)
    if found is None:
        raise NotFound(
            "fairness.undeclared",
            N_("Nobody has declared what is protected in {use_case}."),
            fix=N_("Put a declaration there."),
            use_case=use_case,
        )
    return DeclarationOut(
        attributes=list(found.attributes),
        none_reason=found.none_reason,
        favourable=found.favourable,
        preset=found.preset,
        dataset_id=found.dataset_id,
        key_column=found.key_column,
        declared_at=found.declared_at,
    )


@router.put("/fairness/{use_case}/declaration", status_code=202, summary="Say what is protected")
def declare(use_case: str, body: DeclarationIn, caller: Caller) -> AcceptedOut:
    """Declare protected attributes; the newest versions are measured anew."""
    with reading() as view:
        use_case_id = registry.use_case(view, use_case).id
    with unit_of_work(caller) as uow:
        count = commands.declare(
            uow,
            use_case_id,
            attributes=body.attributes,
            none_reason=body.none_reason,
            favourable=body.favourable,
            preset=body.preset,
        )
    return AcceptedOut(measured_anew=count)


@router.put(
    "/fairness/{use_case}/people",
    status_code=202,
    summary="Send a table of protected attributes",
    openapi_extra=BODY,
)
async def send_people(
    use_case: str,
    request: Request,
    caller: Sender,
    key: Annotated[str, Query(min_length=1, description="Column that joins it to cases and predictions")],
    lawful_basis: Annotated[str, Query(description="On which ground these attributes are processed")] = "",
    name: Annotated[str, Query(max_length=255)] = "people.csv",
    attribute: Annotated[list[str] | None, Query(description="Protected columns; all but the key")] = None,
) -> AcceptedOut:
    """Take a CSV or Parquet table with one row per case, that no model sees; it is kept apart from the features."""
    use_case_id = await run_in_threadpool(_may_send, use_case, caller)
    with turns().turn(caller.id, "people"):
        stored = await receive(request, store().files, store().settings.upload_limit)
        count = await run_in_threadpool(
            lambda: work.take_table(
                store(),
                caller,
                use_case_id,
                stored,
                name,
                key=key,
                lawful_basis=lawful_basis,
                attributes=attribute or (),
            )
        )
    return AcceptedOut(measured_anew=count)


@router.get("/fairness/{use_case}/{version}", summary="A version's groups")
def report(use_case: str, version: int, caller: Caller) -> ReportOut:
    """Answer the stored report."""
    require(caller, Permission.VIEW)
    with reading() as view:
        found = queries.measured(view, registry.version_by_number(view, use_case, version).id)
    if found is None:
        raise NotFound(
            "fairness.none",
            N_("Version {version} of {use_case} has no fairness report."),
            fix=N_("Declare what is protected, or start a measurement."),
            version=version,
            use_case=use_case,
        )
    return ReportOut(
        use_case=use_case,
        version=version,
        preset=found.preset.id,
        favourable=found.favourable,
        verdict=words.verdict(found.preset, found.report.single)[1],
        created_at=found.created_at,
        report=to_json(found.report),
    )


@router.post("/fairness/{use_case}/{version}", status_code=202, summary="Measure a version")
def start(use_case: str, version: int, caller: Caller) -> StartedOut:
    """Start the job that measures a version; a running one is returned instead of a second."""
    with reading() as view:
        version_id = registry.version_by_number(view, use_case, version).id
    with unit_of_work(caller) as uow:
        return StartedOut(job=commands.request_report(uow, version_id))


@router.get("/fairness/{use_case}/{version}/months", summary="Groups over time")
def months(use_case: str, version: int, caller: Caller) -> list[MonthOut]:
    """Answer each month of the prediction log, oldest first; empty without a table that joins it."""
    require(caller, Permission.VIEW)
    with reading() as view:
        found = queries.trend(view, registry.version_by_number(view, use_case, version).id)
    return [
        MonthOut(
            start=m.start, rows=m.rows, labelled=m.labelled, parities=[parity_json(p) for p in m.parities]
        )
        for m in found
    ]


def _may_send(use_case: str, caller: Actor) -> str:
    """Refuse before a byte is read; in a unit of work, so that the refusal is in the log."""
    with unit_of_work(caller) as uow:
        require(uow.actor, Permission.DESCRIBE_DATA)
        return registry.use_case(uow.session, use_case).id
