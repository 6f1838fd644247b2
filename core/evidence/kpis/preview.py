"""What a formula would show over the last windows, before anybody proposes it."""

from dataclasses import dataclass

from sqlmodel import Session

from core.assets.registry import queries as registry
from core.assets.registry.version import Version, VersionState
from core.evidence.kpis import observing
from core.evidence.kpis.definition import Definition, check_formula
from core.evidence.kpis.formula import Column, Formula
from core.evidence.kpis.logged import LogReader, log_columns
from core.evidence.kpis.queries import Observation
from core.evidence.monitoring import queries as monitoring
from core.evidence.monitoring import work as monitoring_work
from core.evidence.monitoring.batches import BatchKind
from core.evidence.monitoring.windows import windows_of
from core.platform.store import Store

WINDOWS = 3
MOST_ROWS = 300_000


@dataclass(frozen=True, slots=True)
class Preview:
    """A formula as it was read, and what it gives over the last windows of a version's log, oldest first."""

    formula: Formula
    version_number: int
    windows: tuple[Observation, ...]
    shortened: bool


def columns_for(session: Session, use_case_id: str) -> tuple[Column, ...]:
    """Return the columns that formulas of a use case may name, after its newest evaluated version."""
    task = registry.use_case_by_id(session, use_case_id).task.value
    return log_columns(task, _newest(session, use_case_id))


def preview(store: Store, use_case_id: str, definition: Definition) -> Preview:
    """Work a definition's formula out over the last windows; of long ones only the newest days.

    Raise `Invalid` with the field at fault, `FormulaError` with the character.
    """
    with store.reading() as view:
        task = registry.use_case_by_id(view, use_case_id).task.value
        known = [v for v in registry.versions(view, use_case_id) if v.state is VersionState.READY]
        newest = max(known, key=lambda one: one.number, default=None)
        formula = check_formula(definition, log_columns(task, newest))
        watched = monitoring.health(view)
        version = max(
            (v for v in known if v.id in watched), key=lambda v: (watched[v.id].last, v.number), default=None
        )
        if version is None:
            return Preview(formula, 0, (), shortened=False)
        predictions = monitoring.parts(view, version.id, BatchKind.PREDICTIONS)
        labels = monitoring.parts(view, version.id, BatchKind.LABELS)
        expected = monitoring_work.expected_rows(view, version)
    first = windows_of([p.day for p in predictions], definition.window)[-WINDOWS:][0].start
    recent = [p for p in predictions if p.day >= first]
    kept: set[object] = set()
    rows = 0
    for part in sorted(recent, key=lambda one: one.day, reverse=True):
        rows += part.rows
        if rows > MOST_ROWS and kept:
            break
        kept.add(part.day)
    shortened = any(p.day not in kept for p in recent)
    log = observing.Log.of((p for p in recent if p.day in kept), (p for p in labels if p.day in kept))
    reader = LogReader(store.files, expected, definition.zone, ordered=bool(definition.every))
    found = observing.observe_formula(definition, formula, log, reader, (), store.clock())
    windows = tuple(one for one in found.windows if not one.segment)[-WINDOWS:]
    return Preview(formula, version.number, windows, shortened)


def _newest(session: Session, use_case_id: str) -> Version | None:
    known = [v for v in registry.versions(session, use_case_id) if v.state is VersionState.READY]
    return max(known, key=lambda one: one.number, default=None)
