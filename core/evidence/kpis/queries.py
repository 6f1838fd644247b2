"""Reading of KPIs, their revisions and observations; the scoreboard is one query over observations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, func, select

from core.assets.registry import queries as registry
from core.errors import NotFound
from core.evidence.kpis.daily import DaySums
from core.evidence.kpis.definition import Definition, Direction, KpiKind, Status
from core.evidence.kpis.intervals import Method
from core.evidence.kpis.tables import DayRow, KpiRevisionRow, KpiRow, ObservationRow, TraceRow
from core.evidence.monitoring.performance import Metric
from core.evidence.monitoring.windows import Grain, Window
from core.i18n import N_
from core.platform.access import queries as access
from core.platform.access.permissions import Permission, Role, allowed
from core.platform.store import Actor

WINDOWS = 24
POOLED = "∑"
"""What stands in a segment's place for all windows together."""


class State(StrEnum):
    """Where a revision stands: a second person of the owner's area puts it in force, or declines it."""

    PROPOSED = "proposed"
    IN_FORCE = "in_force"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Kpi:
    """A KPI in one of its revisions; `number` counts revisions from 1."""

    id: str
    use_case_id: str
    revision_id: str
    number: int
    definition: Definition
    author_id: str
    created_at: datetime
    retired_at: datetime | None
    state: State = State.IN_FORCE
    decided_by: str = ""
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """What a window showed; `coverage` is the share of its predictions that have a label.

    `note` is the code of a reason why there is no value, `place` the window's order.
    """

    window: Window
    value: float | None
    low: float | None
    high: float | None
    n: int
    coverage: float
    status: Status
    observed_at: datetime
    segment: str = ""
    place: int = 0
    method: Method = Method.CLOSED_FORM
    note: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """What a window showed until `replaced_at`, when late rows or labels moved it."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    coverage: float
    status: Status
    observed_at: datetime
    replaced_at: datetime


@dataclass(frozen=True, slots=True)
class Score:
    """A KPI with its course, oldest first, for the model version that it is shown for."""

    kpi: Kpi
    version_id: str
    history: tuple[Observation, ...]

    @property
    def latest(self) -> Observation | None:
        """The last window with enough data, else the last one: labels come late, and the newest may hold none."""
        judged = (o for o in reversed(self.history) if o.status != Status.NOT_ENOUGH)
        return next(judged, self.history[-1] if self.history else None)

    @property
    def judged(self) -> tuple[Observation, ...]:
        """The windows that hold enough data to be shown as the KPI's value; an unfinished month is none of them."""
        return tuple(o for o in self.history if o.value is not None and o.status != Status.NOT_ENOUGH)

    @property
    def waiting(self) -> bool:
        """Whether windows after the latest one still wait for data."""
        return bool(self.history) and self.latest is not self.history[-1]

    @property
    def status(self) -> Status:
        """How the latest window stands."""
        return self.latest.status if self.latest else Status.NOT_ENOUGH


def kpis(session: Session, use_case_id: str | None = None, *, retired: bool = False) -> tuple[Kpi, ...]:
    """Return the KPIs in force, of one use case or of all, by name; with `retired`, the retired ones too."""
    query = _IN_FORCE.order_by(col(KpiRevisionRow.name), col(KpiRow.id))
    if use_case_id is not None:
        query = query.where(KpiRow.use_case_id == use_case_id)
    if not retired:
        query = query.where(col(KpiRow.retired_at).is_(None))
    return tuple(_kpi(*found) for found in session.exec(query))


def kpi(session: Session, kpi_id: str) -> Kpi:
    """Return a KPI in its revision in force; raise `NotFound`."""
    found = session.exec(_IN_FORCE.where(KpiRow.id == kpi_id)).first()
    if found is None:
        raise NotFound("kpi.unknown", N_("There is no KPI {id}."), id=kpi_id)
    return _kpi(*found)


def revisions(session: Session, kpi_id: str) -> tuple[Kpi, ...]:
    """Return every revision of a KPI, oldest first."""
    query = (
        select(KpiRow, KpiRevisionRow)
        .join(KpiRevisionRow, col(KpiRevisionRow.kpi_id) == KpiRow.id)
        .where(KpiRow.id == kpi_id)
        .order_by(col(KpiRevisionRow.number))
    )
    return tuple(_kpi(*found) for found in session.exec(query))


def proposals(session: Session, use_case_id: str | None = None) -> tuple[Kpi, ...]:
    """Return the revisions that wait for a second person, oldest first."""
    query = (
        select(KpiRow, KpiRevisionRow)
        .join(KpiRevisionRow, col(KpiRevisionRow.kpi_id) == KpiRow.id)
        .where(KpiRevisionRow.state == State.PROPOSED.value, col(KpiRow.retired_at).is_(None))
        .order_by(col(KpiRevisionRow.created_at), col(KpiRevisionRow.id))
    )
    if use_case_id is not None:
        query = query.where(KpiRow.use_case_id == use_case_id)
    return tuple(_kpi(*found) for found in session.exec(query))


def revision(session: Session, revision_id: str) -> Kpi:
    """Return one revision, in force or not; raise `NotFound`."""
    query = (
        select(KpiRow, KpiRevisionRow)
        .join(KpiRevisionRow, col(KpiRevisionRow.kpi_id) == KpiRow.id)
        .where(KpiRevisionRow.id == revision_id)
    )
    found = session.exec(query).first()
    if found is None:
        raise NotFound("kpi.revision_unknown", N_("There is no revision {id}."), id=revision_id)
    return _kpi(*found)


def traces(
    session: Session, revision_id: str, version_id: str, place: int, segment: str = ""
) -> tuple[Trace, ...]:
    """Return what a window showed before, oldest first."""
    query = (
        select(TraceRow)
        .where(
            TraceRow.revision_id == revision_id,
            TraceRow.version_id == version_id,
            TraceRow.place == place,
            TraceRow.segment == segment,
        )
        .order_by(col(TraceRow.replaced_at), col(TraceRow.id))
    )
    return tuple(
        Trace(r.value, r.low, r.high, r.n, r.coverage, Status(r.status), r.observed_at, r.replaced_at)
        for r in session.exec(query)
    )


def days(session: Session, revision_id: str, version_id: str) -> tuple[DaySums, ...]:
    """Return a formula's sums by day, in order."""
    query = (
        select(DayRow)
        .where(DayRow.revision_id == revision_id, DayRow.version_id == version_id)
        .order_by(col(DayRow.day), col(DayRow.place), col(DayRow.segment))
    )
    return tuple(
        DaySums(r.day, r.segment, r.place, r.rows, r.labelled, r.parts, r.note, tuple(r.body))
        for r in session.exec(query)
    )


def scoreboard(
    session: Session,
    use_case_id: str | None = None,
    *,
    versions: Mapping[str, str] | None = None,
    windows: int = WINDOWS,
) -> tuple[Score, ...]:
    """Return every KPI in force with its last windows.

    `versions` names the model version to show per use case (the live one, say); else the one with the latest
    window, of those the highest number.
    """
    held = kpis(session, use_case_id)
    if not held:
        return ()
    nth = func.row_number().over(
        partition_by=(ObservationRow.revision_id, ObservationRow.version_id),
        order_by=col(ObservationRow.place).desc(),
    )
    ranked = (
        sa.select(ObservationRow.__table__, nth.label("nth"))  # type: ignore[attr-defined]
        .where(
            col(ObservationRow.revision_id).in_([one.revision_id for one in held]),
            col(ObservationRow.segment) == "",
        )
        .subquery()
    )
    recent = sa.select(ranked).where(ranked.c.nth <= windows).order_by(ranked.c.place)
    found: dict[str, dict[str, list[Observation]]] = {}
    for row in session.execute(recent):  # plain rows: a board of 200 KPIs has thousands
        by_version = found.setdefault(row.revision_id, {})
        by_version.setdefault(row.version_id, []).append(_observation(row))
    numbers = {one.id: one.number for one in registry.versions(session, use_case_id)}
    scores = []
    for one in held:
        courses = found.get(one.revision_id, {})
        shown = (versions or {}).get(one.use_case_id, "")
        if shown not in courses:
            shown = max(courses, key=lambda v: (courses[v][-1].window.start, numbers.get(v, 0)), default="")
        scores.append(Score(one, shown, tuple(courses.get(shown, ()))))
    return tuple(scores)


def observations(
    session: Session, revision_ids: Sequence[str], version_id: str | None = None, *, segment: str | None = ""
) -> dict[str, tuple[Observation, ...]]:
    """Return the observations under some revisions, by model version, oldest first; of all segments with `None`."""
    query = (
        select(ObservationRow)
        .where(col(ObservationRow.revision_id).in_(revision_ids))
        .order_by(col(ObservationRow.place), col(ObservationRow.segment))
    )
    if segment is not None:
        query = query.where(ObservationRow.segment == segment)
    if version_id is not None:
        query = query.where(ObservationRow.version_id == version_id)
    found: dict[str, list[Observation]] = {}
    for row in session.exec(query):
        found.setdefault(row.version_id, []).append(_observation(row))
    return {key: tuple(some) for key, some in found.items()}


def pooled(session: Session, revision_id: str, version_id: str) -> Observation | None:
    """Return what the windows of a version show together, or none."""
    query = select(ObservationRow).where(
        ObservationRow.revision_id == revision_id,
        ObservationRow.version_id == version_id,
        ObservationRow.segment == POOLED,
    )
    row = session.exec(query).first()
    return None if row is None else _observation(row)


def latest_statuses(
    session: Session, use_case_id: str, version_id: str
) -> tuple[tuple[Status, datetime], ...]:
    """Return how a model version stands to each KPI in force, and since when that is known.

    One statement, for the live address: the last window of each KPI that was judged.
    """
    query = (
        select(ObservationRow.revision_id, ObservationRow.status, ObservationRow.observed_at)
        .join(KpiRevisionRow, col(KpiRevisionRow.id) == ObservationRow.revision_id)
        .join(
            KpiRow,
            (col(KpiRow.id) == KpiRevisionRow.kpi_id) & (col(KpiRow.revision) == KpiRevisionRow.number),
        )
        .where(
            KpiRow.use_case_id == use_case_id,
            col(KpiRow.retired_at).is_(None),
            ObservationRow.version_id == version_id,
            ObservationRow.segment == "",
            ObservationRow.status != Status.NOT_ENOUGH.value,
        )
        .order_by(col(ObservationRow.place))
    )
    found = {revision: (Status(status), at) for revision, status, at in session.exec(query)}
    return tuple(found.values())


def may_approve(session: Session, holder: Actor, kpi: Kpi) -> bool:
    """Say whether somebody could put a proposal in force, for pages that offer it."""
    if not allowed(holder, Permission.APPROVE_KPI) or kpi.state is not State.PROPOSED:
        return False
    if sum(not one.disabled for one in access.people(session)) <= 1:
        return True
    return kpi.author_id != holder.id and bool(areas_of(session, kpi.definition.owner_id) & holder.roles)


def areas_of(session: Session, person_id: str) -> frozenset[str]:
    """Return the areas that a person belongs to: their roles but administrator and viewer."""
    found = access.find(session, person_id)
    return frozenset(found.roles) - {Role.ADMINISTRATOR.value, Role.VIEWER.value} if found else frozenset()


_IN_FORCE = select(KpiRow, KpiRevisionRow).join(
    KpiRevisionRow,
    (col(KpiRevisionRow.kpi_id) == KpiRow.id) & (col(KpiRevisionRow.number) == KpiRow.revision),
)


def _kpi(row: KpiRow, revision: KpiRevisionRow) -> Kpi:
    definition = Definition(
        name=revision.name,
        question=revision.question,
        owner_id=revision.owner_id,
        metric=Metric(revision.metric) if revision.metric else None,
        unit=revision.unit,
        direction=Direction(revision.direction),
        target=revision.target,
        warning=revision.warning,
        critical=revision.critical,
        window=Grain(revision.window),
        minimum_n=revision.minimum_n,
        kind=KpiKind(revision.kind),
        formula=revision.formula,
        currency=revision.currency,
        zone=revision.zone,
        every=revision.every,
        segment=revision.segment,
        counter_metric=revision.counter_metric,
        currency_column=revision.currency_column,
        units=tuple((one[0], one[1]) for one in revision.units),
    )
    return Kpi(
        id=row.id,
        use_case_id=row.use_case_id,
        revision_id=revision.id,
        number=revision.number,
        definition=definition,
        author_id=revision.author_id,
        created_at=revision.created_at,
        retired_at=row.retired_at,
        state=State(revision.state),
        decided_by=revision.decided_by,
        decided_at=revision.decided_at,
    )


def _observation(row: ObservationRow | sa.Row[Any]) -> Observation:
    return Observation(
        window=Window(row.start, row.end),
        value=row.value,
        low=row.low,
        high=row.high,
        n=row.n,
        coverage=row.coverage,
        status=Status(row.status),
        observed_at=row.observed_at,
        segment=row.segment,
        place=row.place,
        method=Method(row.method),
        note=row.note,
    )
