"""Take in what payload loggers send: halves wait in a table until their call is whole, then enter the log as a batch."""

import json
from collections.abc import Sequence
from datetime import timedelta

from sqlmodel import Session, col, func, select

from core.assets.registry import queries as registry
from core.assets.registry.version import VersionState
from core.errors import AvalError, Conflict
from core.evidence.monitoring import work
from core.evidence.monitoring.batches import BatchKind
from core.evidence.monitoring.payloads import Half, Payload, Row, rows_of
from core.evidence.monitoring.tables import PayloadRow
from core.i18n import N_
from core.platform.access.permissions import Permission, require
from core.platform.jobs import commands as jobs
from core.platform.jobs import queries as jobs_known
from core.platform.jobs.handling import JobContext
from core.platform.jobs.state import JobState
from core.platform.store import SYSTEM, UnitOfWork

PAYLOAD_JOB = "monitoring.payloads"
AT_ONCE = 20_000
WAIT = timedelta(days=1)
"""How long a half waits for the other."""


def keep(uow: UnitOfWork, version_id: str, payloads: Sequence[Payload]) -> int:
    """Keep halves of calls, and ask for the whole ones to enter the log; one sent again changes nothing.

    Return how many were new. Bookkeeping: the batch that the calls enter the log with has the event.
    Raises `Refused`, `NotFound`, `Conflict` before the version is ready.
    """
    require(uow.actor, Permission.SEND_PREDICTIONS)
    version = registry.version(uow.session, version_id)
    if version.state != VersionState.READY:
        raise Conflict(
            "batch.version_not_ready",
            N_("Version {number} has not been evaluated yet; there is nothing to compare with."),
            fix=N_("Send the batch again when the version is ready."),
            number=version.number,
        )
    new = 0
    for one in payloads:
        if uow.session.get(PayloadRow, (version_id, one.event_id, one.half.value)) is None:
            new += 1
            uow.session.add(
                PayloadRow(
                    version_id=version_id,
                    event_id=one.event_id,
                    half=one.half.value,
                    at=one.at or uow.now,
                    body=dict(one.body),
                    received_at=uow.now,
                )
            )
            uow.session.flush()
    last = jobs_known.latest(uow.session, "version", version_id, PAYLOAD_JOB)
    if new and (last is None or last.state != JobState.QUEUED):
        jobs.enqueue(uow, PAYLOAD_JOB, "version", version_id, {"version_id": version_id})
    return new


def collect(context: JobContext, runner: object = None) -> None:  # noqa: ARG001 - handlers share one shape
    """Enter the calls that are whole into the log, and forget their halves; a call that cannot be joined is left out.

    Killed in between, the same calls are taken again: their ids are known by then.
    """
    version_id = str(context.payload["version_id"])
    store = context.store
    while True:
        with store.reading() as view:
            version = registry.version(view, version_id)
            expected = work.expected_rows(view, version)
            whole = _whole(view, version_id)
        if not whole:
            return
        rows: list[Row] = []
        for request, response in whole:
            try:
                rows += rows_of(request.event_id, request.at, request.body, response.body, expected)
            except AvalError:
                continue
        if rows:
            body = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
            digest = store.files.put_bytes(body).digest
            work.take(store, context.actor, version_id, BatchKind.PREDICTIONS, digest, "ndjson")
        with store.unit_of_work(SYSTEM) as uow:
            forget(uow, version_id, [request.event_id for request, _response in whole])


def forget(uow: UnitOfWork, version_id: str, event_ids: Sequence[str]) -> None:
    """Remove halves whose calls are in the log, and halves that waited too long. Bookkeeping: no event."""
    require(uow.actor, Permission.SEND_PREDICTIONS)
    for start in range(0, len(event_ids), 500):
        some = event_ids[start : start + 500]
        for row in uow.session.exec(
            select(PayloadRow).where(PayloadRow.version_id == version_id, col(PayloadRow.event_id).in_(some))
        ):
            uow.session.delete(row)
    for row in uow.session.exec(select(PayloadRow).where(col(PayloadRow.received_at) < uow.now - WAIT)):
        uow.session.delete(row)


def waiting(session: Session, version_id: str) -> int:
    """Return how many halves wait for the other."""
    query = select(func.count()).where(PayloadRow.version_id == version_id)
    return int(session.exec(query).one())


def _whole(session: Session, version_id: str) -> list[tuple[PayloadRow, PayloadRow]]:
    pairs = (
        select(PayloadRow.event_id)
        .where(PayloadRow.version_id == version_id)
        .group_by(PayloadRow.event_id)
        .having(func.count() == len(Half))
        .limit(AT_ONCE // 2)
    )
    rows = session.exec(
        select(PayloadRow).where(PayloadRow.version_id == version_id, col(PayloadRow.event_id).in_(pairs))
    )
    by_call: dict[str, dict[str, PayloadRow]] = {}
    for row in rows:
        by_call.setdefault(row.event_id, {})[row.half] = row
    return [
        (halves[Half.REQUEST.value], halves[Half.RESPONSE.value])
        for halves in by_call.values()
        if len(halves) == len(Half)
    ]
