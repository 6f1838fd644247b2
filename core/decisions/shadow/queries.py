"""Read shadow runs, their months, and the rows on which the models differ."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pyarrow as pa
from sqlmodel import Session, col, select

from core.assets.registry import queries as registry
from core.assets.registry.version import Version, VersionState
from core.decisions.retraining import queries as retraining
from core.decisions.shadow.agreement import Case, Month
from core.decisions.shadow.tables import ShadowMonthRow, ShadowRow
from core.errors import NotFound
from core.evidence.monitoring import queries as monitoring
from core.evidence.monitoring.batches import HASH, ID, MOMENT, SAID, BatchKind
from core.evidence.monitoring.identity import find
from core.evidence.monitoring.logged import known_labels, read_parts
from core.evidence.monitoring.windows import Grain, window_of
from core.i18n import N_
from core.platform.jobs import queries as jobs
from core.platform.jobs.queries import Job
from core.platform.store import Store

JOB_KIND, SUBJECT_KIND = "shadow.score", "shadow"
GROWN = 1.05
"""How far the newest month grows before it is scored again by itself."""


@dataclass(frozen=True, slots=True)
class Shadow:
    """One shadow run; `ended_at` is none while it goes on."""

    id: str
    use_case_id: str
    champion: str
    challenger: str
    started_by: str
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A logged row on which the models differ, with its outcome where it is known."""

    prediction_id: str
    at: datetime
    champion: str | float
    challenger: str | float
    gap: float
    label: str | float | None


def shadow(session: Session, shadow_id: str) -> Shadow:
    """Return one run; raise `NotFound`."""
    row = session.get(ShadowRow, shadow_id)
    if row is None:
        raise NotFound("shadow.unknown", N_("There is no shadow run {id}."), id=shadow_id)
    return read(row)


def shadows(session: Session, use_case_id: str | None = None) -> tuple[Shadow, ...]:
    """Return the runs of a use case or of all, newest first."""
    query = select(ShadowRow).order_by(col(ShadowRow.started_at).desc(), col(ShadowRow.id))
    if use_case_id is not None:
        query = query.where(ShadowRow.use_case_id == use_case_id)
    return tuple(read(row) for row in session.exec(query))


def months(session: Session, shadow_id: str) -> tuple[Month, ...]:
    """Return what the months of a run showed, oldest first."""
    query = select(ShadowMonthRow).where(ShadowMonthRow.shadow_id == shadow_id)
    return tuple(Month.from_json(row.body) for row in session.exec(query.order_by(col(ShadowMonthRow.start))))


def stale(session: Session, found: Shadow, *, by_itself: bool = False) -> dict[date, tuple[int, int]]:
    """Return the months whose rows or outcomes are others than when they were scored, with both counts.

    `by_itself` leaves the newest month out until it has grown by a twentieth, so that a stream of small batches does
    not score it each time; one that has shrunk is scored at once.
    """
    now = {one.start: (one.rows, one.labelled) for one in retraining.data(session, found.champion)}
    query = select(ShadowMonthRow).where(ShadowMonthRow.shadow_id == found.id)
    held = {row.start: (row.rows, row.labelled) for row in session.exec(query)}
    changed = {start: counts for start, counts in sorted(now.items()) if held.get(start) != counts}
    newest = max(now, default=None)
    if by_itself and newest in changed and newest in held:
        (rows, labelled), (rows_then, labelled_then) = now[newest], held[newest]
        grown = rows >= GROWN * rows_then or labelled >= GROWN * labelled_then + 1
        if not grown and rows >= rows_then and labelled >= labelled_then:
            del changed[newest]
    return changed


def job(session: Session, shadow_id: str) -> Job | None:
    """Return the newest job of a run."""
    return jobs.latest(session, SUBJECT_KIND, shadow_id, JOB_KIND)


def candidates(session: Session, use_case_id: str) -> tuple[Version, ...]:
    """Return the versions that could run in the live one's shadow, newest first; none where nothing is live."""
    live = retraining.champion(session, use_case_id)
    if live is None:
        return ()
    champion = registry.version(session, live)
    running = {one.challenger for one in shadows(session, use_case_id) if one.ended_at is None}
    return tuple(
        one
        for one in sorted(registry.versions(session, use_case_id), key=lambda v: -v.number)
        if one.id not in running and obstacle(champion, one) == ""
    )


def obstacle(champion: Version, challenger: Version) -> str:
    """Return why a version cannot answer what another was asked: `self`, `state`, `model` or `features`; else nothing."""
    if challenger.id == champion.id or challenger.use_case_id != champion.use_case_id:
        return "self"
    if challenger.state is not VersionState.READY:
        return "state"
    if not challenger.signature.features or challenger.score_column:
        return "model"
    return "features" if unlogged(champion, challenger) else ""


def unlogged(champion: Version, challenger: Version) -> tuple[str, ...]:
    """Return the features of a challenger that the champion's log does not hold."""
    logged = {*champion.signature.names, *champion.mapping.values()}
    return tuple(
        name
        for name in challenger.signature.names
        if name not in logged and challenger.mapping.get(name, name) not in logged
    )


def disagreements(store: Store, found: Shadow, month: Month) -> tuple[Disagreement, ...]:
    """Return the kept rows on which they differ as the log holds them now; erased ones are gone.

    The caller asks for the right: which decision was taken about whom is personal data.
    """
    with store.reading() as view:
        parts = [
            part
            for part in monitoring.parts(view, found.champion, BatchKind.PREDICTIONS)
            if window_of(part.day, Grain.MONTH).start == month.start
        ]
        labels = monitoring.parts(view, found.champion, BatchKind.LABELS)
    wanted: Mapping[int, Case] = {int(one.id_hash): one for one in month.cases}
    tables = []
    for part in parts if wanted else ():
        table = read_parts(store.files, [part], [ID, HASH, MOMENT, SAID])
        hit = np.isin(table.column(HASH).to_numpy(), np.array(list(wanted), dtype=np.uint64))
        if hit.any():
            tables.append(table.filter(pa.array(hit)))
    if not tables:
        return ()
    table = pa.concat_tables(tables, promote_options="default")
    known = known_labels(store.files, labels)
    held, place = find(known.hashes, table.column(HASH).to_numpy())
    told = []
    for i, row in enumerate(table.to_pylist()):
        case = wanted[row[HASH]]
        label = known.labels[int(place[i])].as_py() if held[i] else None
        told.append(Disagreement(row[ID], row[MOMENT], row[SAID], case.answer, case.gap, label))
    return tuple(sorted(told, key=lambda one: (-one.gap, one.prediction_id)))


def read(row: ShadowRow) -> Shadow:
    """Return a row as the run it stands for."""
    return Shadow(
        row.id, row.use_case_id, row.champion, row.challenger, row.started_by, row.started_at, row.ended_at
    )
