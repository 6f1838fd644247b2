"""The prediction log over REST: send predictions and labels, read drift, performance and alerts."""

import math
from datetime import UTC, date, datetime
from functools import cache
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, status
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from app import wiring
from app.api.identity import actor, actor_or_ticket
from app.api.streaming import Turns, receive
from core.assets.registry import queries as registry
from core.errors import TooLarge
from core.evidence.alerts import commands as alert_commands
from core.evidence.alerts import queries as alerts
from core.evidence.alerts.alert import Alert
from core.evidence.monitoring import distances, payload_work, payloads, queries, work
from core.evidence.monitoring.batches import BatchKind
from core.evidence.monitoring.drift import ColumnDrift
from core.evidence.monitoring.performance import Metric
from core.evidence.monitoring.reading import format_of
from core.evidence.monitoring.records import Batch, Drift, Point
from core.evidence.monitoring.season import Against
from core.evidence.monitoring.windows import Grain
from core.i18n import N_
from core.platform.access.permissions import Permission, require
from core.platform.access.sessions import Purpose
from core.platform.store import Actor, StoredFile

router = APIRouter(tags=["monitoring"])

Caller = Annotated[Actor, Depends(actor)]
PageSender = Annotated[Actor, Depends(actor_or_ticket(Purpose.UPLOAD, "version_id"))]
Named = Annotated[str, Query(description="ndjson, csv or parquet; else by content type, else by content")]
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("application/x-ndjson", "text/csv", "application/vnd.apache.parquet")
        },
    }
}
VARIANTS = ("psi", "js", "hellinger", "ks", "wasserstein_binned", "chi2", "linf", "p_ks", "p_chi2")
AT_ONCE = 8
PAYLOAD_LIMIT = 16 << 20
PER_HOUR = 3600


class RefusedOut(BaseModel):
    """Rows refused for one reason; `examples` are the first of them, counted from 1."""

    reason: str
    rows: int
    examples: list[int]


class ReceiptOut(BaseModel):
    """What became of a batch; `repeated` rows were known already and changed nothing."""

    id: str
    kind: BatchKind
    rows: int
    accepted: int
    repeated: int
    revised: int
    refused: int
    waiting: int = Field(description="Labels whose prediction has not come yet; they are kept for it")
    reasons: list[RefusedOut]
    ignored_columns: list[str]
    first_day: date | None
    last_day: date | None
    received_at: datetime
    digest: str = Field(description="SHA-256 of the file as it arrived")


class WindowOut(BaseModel):
    """A window's statistics for one column; null where there is nothing to compare. Hours begin with a moment."""

    start: date | datetime
    end: date | datetime
    rows: int
    psi: float | None
    psi_noise: float | None
    js: float | None
    ks: float | None
    ks_error: float | None
    hellinger: float | None
    wasserstein: float | None
    chi2: float | None
    linf: float | None
    p_value: float | None
    reference_rows: int
    missing: float | None
    missing_reference: float | None
    new_categories: float | None
    out_of_range: float | None


class ColumnOut(BaseModel):
    """One column over the windows."""

    name: str
    part: str
    reference_rows: int
    missing_reference: float | None
    windows: list[WindowOut]


class DriftOut(BaseModel):
    """Windows compared with the reference; `variants` name how each statistic is computed."""

    use_case: str
    version: int
    grain: Grain
    against: Against
    reference_dataset: str
    variants: dict[str, str]
    columns: list[ColumnOut]


class PointOut(BaseModel):
    """A metric in one window with its 95 % interval; `coverage` is the share of predictions with a label."""

    start: date
    end: date
    value: float
    low: float | None
    high: float | None
    n: int
    rows: int
    coverage: float


class AlertOut(BaseModel):
    """One episode that a rule raised."""

    id: str
    rule: str
    rule_version: str
    subject: str
    first: date
    last: date
    worst: float | None
    limit: float
    reason: str
    open: bool
    raised_at: datetime
    resolved_at: datetime | None
    succeeded_by: str
    acknowledged_at: datetime | None
    acknowledged_by: str


@router.post(
    "/predictions/{use_case}/{version}",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Send predictions",
    openapi_extra=BODY,
)
async def send_predictions(
    use_case: str,
    version: int,
    request: Request,
    caller: Caller,
    format: Named = "",  # noqa: A002 - the name in the address
) -> ReceiptOut:
    """Take rows of `prediction_id`, `timestamp`, every feature, and `probability` or `prediction`.

    Sending a row again changes nothing. Refused rows are listed with reasons; the others stand.
    """
    version_id = await run_in_threadpool(_may_send, caller, use_case, version)
    return await _take(request, caller, version_id, BatchKind.PREDICTIONS, format)


@router.post(
    "/labels/{use_case}/{version}",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Send labels",
    openapi_extra=BODY,
)
async def send_labels(
    use_case: str,
    version: int,
    request: Request,
    caller: Caller,
    format: Named = "",  # noqa: A002 - the name in the address
) -> ReceiptOut:
    """Take rows of `prediction_id`, `label` and, if known, `label_time`; the last label of an id counts."""
    version_id = await run_in_threadpool(_may_send, caller, use_case, version)
    return await _take(request, caller, version_id, BatchKind.LABELS, format)


class KeptOut(BaseModel):
    """What became of served calls; `waiting` halves have no other half yet."""

    new: int
    waiting: int


@router.post(
    "/payloads/{use_case}/{version}",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Send served calls as CloudEvents",
)
async def send_payloads(use_case: str, version: int, request: Request, caller: Caller) -> KeptOut:
    """Take what KServe's payload logger sends: the request and the response of each call, joined by the event's id.

    Binary, structured and batched mode; bodies of the V1 and V2 protocol. The row's id is that of the event, with
    `-0`, `-1` … where a call holds several rows.
    """
    version_id = await run_in_threadpool(_may_send, caller, use_case, version)
    body = await request.body()
    if len(body) > PAYLOAD_LIMIT:
        raise TooLarge(
            "payload.too_large",
            N_("The event is larger than {limit} MiB."),
            fix=N_("Send such calls as a batch of predictions."),
            limit=PAYLOAD_LIMIT >> 20,
        )
    kind = request.headers.get("content-type", "")

    def keep() -> KeptOut:
        if "ce-id" in request.headers:
            events: tuple[payloads.Payload, ...] = (payloads.from_headers(request.headers, body),)
        elif "cloudevents" in kind or body.lstrip()[:1] in (b"[", b"{"):
            events = payloads.from_structured(body)
        else:
            events = (payloads.from_headers(request.headers, body),)
        with wiring.unit_of_work(caller) as uow:
            new = payload_work.keep(uow, version_id, events)
            return KeptOut(new=new, waiting=payload_work.waiting(uow.session, version_id))

    return await run_in_threadpool(keep)


@router.put("/versions/{version_id}/batches/{kind}", include_in_schema=False)
async def send_from_page(
    version_id: str, kind: BatchKind, request: Request, caller: PageSender
) -> ReceiptOut:
    """Take what a page's drop zone sends, on a single-use ticket for the version."""
    await run_in_threadpool(_may_send_to, caller)
    return await _take(request, caller, version_id, kind, "")


@router.get("/drift/{use_case}/{version}", summary="Drift against the reference")
def get_drift(
    use_case: str,
    version: int,
    caller: Caller,
    grain: Grain = Grain.MONTH,
    against: Against = Against.EVALUATION,
    since: date | datetime | None = None,
    until: date | datetime | None = None,
    column: Annotated[list[str], Query(description="Only these; all when left out")] = [],  # noqa: B006 - FastAPI copies it
) -> DriftOut:
    """Answer every column's statistics per window: at most the last 120 windows, or 336 hours."""
    require(caller, Permission.VIEW)
    with wiring.reading() as view:
        found = registry.version_by_number(view, use_case, version)
        drift = queries.drift(
            view,
            found.id,
            grain,
            since=_utc(since),
            until=_utc(until),
            tested=True,
            against=against,
            columns=column,
        )
    return _drift(use_case, version, grain, against, drift)


def _utc(at: date | datetime | None) -> date | datetime | None:
    return at.replace(tzinfo=UTC) if isinstance(at, datetime) and at.tzinfo is None else at


@router.get("/performance/{use_case}/{version}", summary="Performance over time")
def get_performance(
    use_case: str, version: int, metric: Metric, caller: Caller, grain: Grain = Grain.MONTH
) -> list[PointOut]:
    """Answer one metric per window, as far as labels are in."""
    require(caller, Permission.VIEW)
    with wiring.reading() as view:
        found = registry.version_by_number(view, use_case, version)
        return [_point(one) for one in queries.performance(view, found.id, metric, grain)]


class ExpectedOut(BaseModel):
    """A metric as expected without labels, and as it was once they came; `held` says whether the intervals meet."""

    start: date
    end: date
    method: str = Field(description="cbpe or dle")
    expected: float
    low: float
    high: float
    n: int
    realized: float | None
    gap: float | None = Field(description="expected minus realized")
    held: bool | None


class JointOut(BaseModel):
    """A measure over several columns in one window; `where` names those in which it was largest."""

    start: date
    end: date
    measure: str
    variant: str
    value: float
    before: float | None
    after: float | None
    where: list[str]
    rows: int


@router.get("/expected/{use_case}/{version}", summary="Performance expected before labels")
def get_expected(
    use_case: str, version: int, metric: Metric, caller: Caller, grain: Grain = Grain.MONTH
) -> list[ExpectedOut]:
    """Answer one metric per window from the predictions alone (CBPE, DLE), beside what it truly was."""
    require(caller, Permission.VIEW)
    with wiring.reading() as view:
        found = registry.version_by_number(view, use_case, version)
        return [
            ExpectedOut(
                start=one.window.start,
                end=one.window.end,
                method=one.method,
                expected=one.expected.value,
                low=one.expected.low,
                high=one.expected.high,
                n=one.expected.n,
                realized=None if one.realized is None else _known(one.realized.value),
                gap=one.gap,
                held=one.held,
            )
            for one in queries.estimates(view, found.id, metric, grain)
        ]


@router.get("/joint/{use_case}/{version}", summary="How columns hang together")
def get_joint(use_case: str, version: int, caller: Caller, grain: Grain = Grain.MONTH) -> list[JointOut]:
    """Answer correlations, reconstruction, domain classifier, repeated rows, label drift, links with the label."""
    require(caller, Permission.VIEW)
    with wiring.reading() as view:
        found = registry.version_by_number(view, use_case, version)
        return [
            JointOut(
                start=one.window.start,
                end=one.window.end,
                measure=one.measure,
                variant=one.variant,
                value=one.value,
                before=one.before,
                after=one.after,
                where=list(one.where),
                rows=one.rows,
            )
            for one in queries.joint(view, found.id, grain)
        ]


@router.get("/alerts/{use_case}/{version}", summary="Alerts of a version")
def get_alerts(use_case: str, version: int, caller: Caller, only_open: bool = False) -> list[AlertOut]:
    """Answer the alerts, open ones first."""
    require(caller, Permission.VIEW)
    with wiring.reading() as view:
        found = registry.version_by_number(view, use_case, version)
        return [_alert(one) for one in alerts.alerts(view, version_id=found.id, only_open=only_open)]


@router.post("/alerts/{alert_id}/acknowledge", summary="Acknowledge an alert")
def acknowledge(alert_id: str, caller: Caller) -> AlertOut:
    """Note that somebody takes care of it; the alert stays open until the values come to rest."""
    with wiring.unit_of_work(caller) as uow:
        alert_commands.acknowledge(uow, alert_id)
        return _alert(alerts.alert(uow.session, alert_id))


@cache
def turns() -> Turns:
    """Return this process's count of batches per sender: serving stacks send small ones often."""
    return Turns(lambda: wiring.store().clock(), at_once=AT_ONCE, per_hour=PER_HOUR)


def _may_send(caller: Actor, use_case: str, number: int) -> str:
    """Refuse before a byte is read; in a unit of work, so that the refusal is in the log."""
    _may_send_to(caller)
    with wiring.reading() as view:
        return registry.version_by_number(view, use_case, number).id


def _may_send_to(caller: Actor) -> None:
    with wiring.unit_of_work(caller):
        require(caller, Permission.SEND_PREDICTIONS)


async def _take(request: Request, caller: Actor, version_id: str, kind: BatchKind, named: str) -> ReceiptOut:
    store = wiring.store()
    content_type = request.headers.get("content-type", "")

    def take(stored: StoredFile) -> Batch:
        chosen = format_of(content_type, named, store.files.path(stored.digest))
        return work.take(store, caller, version_id, kind, stored.digest, chosen)

    with turns().turn(caller.id, kind.value):
        stored = await receive(request, store.files, store.settings.upload_limit)
        return _receipt(await run_in_threadpool(take, stored))


def _receipt(batch: Batch) -> ReceiptOut:
    return ReceiptOut(
        id=batch.id,
        kind=batch.kind,
        rows=batch.rows,
        accepted=batch.accepted,
        repeated=batch.repeated,
        revised=batch.revised,
        refused=batch.refused,
        waiting=batch.waiting,
        reasons=[
            RefusedOut(reason=one.text(), rows=one.count, examples=list(one.examples))
            for one in batch.reasons
        ],
        ignored_columns=list(batch.ignored),
        first_day=batch.first_day,
        last_day=batch.last_day,
        received_at=batch.received_at,
        digest=batch.source_digest,
    )


def _drift(use_case: str, version: int, grain: Grain, against: Against, drift: Drift | None) -> DriftOut:
    variants = {key: distances.VARIANTS[key] for key in VARIANTS}
    return DriftOut(
        use_case=use_case,
        version=version,
        grain=grain,
        against=against,
        reference_dataset=drift.reference.dataset_digest if drift else "",
        variants=variants,
        columns=[_column(column, drift) for column in drift.columns] if drift else [],
    )


def _column(column: ColumnDrift, drift: Drift) -> ColumnOut:
    return ColumnOut(
        name=column.name,
        part=column.part.value,
        reference_rows=column.reference_rows,
        missing_reference=_known(column.missing_reference),
        windows=[
            WindowOut(
                start=window.start,
                end=window.end,
                rows=int(column.rows[at]),
                psi=_known(column.psi[at]),
                psi_noise=_known(column.psi_noise[at]),
                js=_known(column.js[at]),
                ks=_known(column.ks[at]),
                ks_error=_known(column.ks_error[at]),
                hellinger=_known(column.hellinger[at]),
                wasserstein=_known(column.wasserstein[at]),
                chi2=_known(column.chi2[at]),
                linf=_known(column.linf[at]),
                p_value=_known(column.p_value[at]),
                reference_rows=int(column.held[at]),
                missing=_known(column.missing[at]),
                missing_reference=_known(column.missing_before[at]),
                new_categories=_known(column.new_share[at]),
                out_of_range=_known(column.out_of_range[at]),
            )
            for at, window in enumerate(drift.windows)
        ],
    )


def _point(one: Point) -> PointOut:
    measure = one.measure
    return PointOut(
        start=one.window.start,
        end=one.window.end,
        value=measure.value,
        low=_known(measure.low),
        high=_known(measure.high),
        n=measure.n,
        rows=one.rows,
        coverage=one.coverage,
    )


def _alert(one: Alert) -> AlertOut:
    return AlertOut(
        id=one.id,
        rule=one.rule,
        rule_version=one.rule_version,
        subject=one.subject,
        first=one.first,
        last=one.last.end,
        worst=_known(one.worst),
        limit=one.limit,
        reason=one.text(),
        open=one.open,
        raised_at=one.raised_at,
        resolved_at=one.resolved_at,
        succeeded_by=one.succeeded_by,
        acknowledged_at=one.acknowledged_at,
        acknowledged_by=one.acknowledged_by,
    )


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
