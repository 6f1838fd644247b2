"""Keep logs small and no older than allowed: merge the parts of each day, drop expired rows, remove what nobody names."""

import logging
from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from core.assets.registry import queries as registry
from core.evidence.monitoring import commands, partition, queries
from core.evidence.monitoring.batches import HASH, BatchKind
from core.evidence.monitoring.identity import find
from core.evidence.monitoring.logged import WAITING, days_of, known_ids, read_parts
from core.evidence.monitoring.records import LogPart
from core.platform.jobs.handling import JobContext
from core.platform.store import SYSTEM, Store

log = logging.getLogger("aval.monitoring")

FEWEST_PARTS = 4
"""A day of fewer parts is left as it is."""
MOST_ROWS = 1_000_000
"""Rows of one merged file."""
FOLLOW = timedelta(minutes=10)
"""How often an outside log is looked at."""
TIDY = timedelta(hours=6)
SWEEP_SECONDS = 60


def tidy(context: JobContext, runner: object = None) -> None:  # noqa: ARG001 - handlers share one shape
    """Merge small parts, then drop rows older than the use case keeps; files are removed once no part names them."""
    version_id = str(context.payload["version_id"])
    store = context.store
    named = _files(store, version_id)
    for kind in BatchKind:
        compact(store, version_id, kind)
    with store.reading() as view:
        setting = queries.log_setting(view, registry.version(view, version_id).use_case_id)
    if setting.keep_days is not None:
        with store.unit_of_work(SYSTEM) as uow:
            commands.expire(uow, version_id, (uow.now - timedelta(days=setting.keep_days)).date())
    for digest in named - _files(store, version_id):
        with store.reading() as view:
            if queries.is_log_file(view, digest):
                continue
        store.files.remove(digest)


def _files(store: Store, version_id: str) -> set[str]:
    with store.reading() as view:
        return {part.digest for kind in BatchKind for part in queries.parts(view, version_id, kind)}


def compact(store: Store, version_id: str, kind: BatchKind, *, fewest: int = FEWEST_PARTS) -> int:
    """Merge the parts of days that have many; return how many parts are gone.

    The merged file is durable before the rows that name it change, in one transaction: a process killed at any point
    leaves every row in the log once. Of labels only the last of each id is kept, and those that waited for a
    prediction that came move to its day.
    """
    with store.reading() as view:
        parts = queries.parts(view, version_id, kind)
        predictions = (
            queries.parts(view, version_id, BatchKind.PREDICTIONS) if kind == BatchKind.LABELS else ()
        )
    by_day: dict[date, list[LogPart]] = {}
    for part in parts:
        if part.profiled:
            by_day.setdefault(part.day, []).append(part)
    gone = 0
    some: list[LogPart] = []
    for day, held in sorted(by_day.items()):
        if len(held) < fewest and not (day == WAITING and predictions):
            continue
        if some and sum(part.rows for part in [*some, *held]) > MOST_ROWS:
            gone += _merge(store, version_id, kind, some, predictions)
            some = []
        some += held
    return gone + (_merge(store, version_id, kind, some, predictions) if some else 0)


def _merge(
    store: Store, version_id: str, kind: BatchKind, parts: Sequence[LogPart], predictions: Sequence[LogPart]
) -> int:
    ordered = sorted(parts, key=lambda part: (part.sequence, part.row_group))
    table = read_parts(store.files, ordered)
    days = days_of(ordered)
    came = False
    if kind == BatchKind.LABELS:
        hashes = table.column(HASH).to_numpy()
        _held, last = np.unique(hashes[::-1], return_index=True)
        kept = np.sort(len(hashes) - 1 - last)
        table, days, hashes = table.take(pa.array(kept)), days[kept], hashes[kept]
        waited = days == np.datetime64(WAITING)
        if waited.any():
            known = known_ids(store.files, predictions)
            held, at = find(known.hashes, hashes)
            days[waited & held] = known.days[at[waited & held]]
            came = bool((waited & held).any())
    body, fresh = partition.write(table, days)
    if len(fresh) >= len(parts) and not came:
        return 0
    digest = store.files.put_bytes(body).digest
    with store.unit_of_work(SYSTEM) as uow:
        replaced = commands.replace_parts(uow, version_id, kind, ordered, digest, fresh)
    return len(parts) - len(fresh) if replaced else 0


def sweep(store: Store, tidied: dict[str, float], now: float) -> None:
    """Ask for outside logs to be followed and for own logs to be tidied; `tidied` remembers when that was, by version."""
    with store.reading() as view:
        due = queries.due_outside(view, store.clock() - FOLLOW)
        versions = [
            one
            for one in queries.logged_versions(view)
            if now - tidied.get(one, -1e9) >= TIDY.total_seconds()
        ]
    for use_case_id in due:
        with store.unit_of_work(SYSTEM) as uow:
            commands.ask_to_follow(uow, use_case_id)
    for version_id in versions:
        tidied[version_id] = now
        with store.unit_of_work(SYSTEM) as uow:
            commands.ask_to_tidy(uow, version_id)
