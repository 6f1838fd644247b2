"""Reading of declared protected attributes, reports, and their course over time."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, select

from core.assets.datasets import queries as datasets
from core.assets.registry import queries as registry
from core.assets.registry.version import Version, VersionState
from core.evidence.fairness import presets
from core.evidence.fairness.joining import Joined
from core.evidence.fairness.parity import Figure, Parity
from core.evidence.fairness.report import Report
from core.evidence.fairness.tables import DeclarationRow, ReportRow, TrendRow
from core.evidence.fairness.written import from_json, parity_from
from core.platform.jobs import queries as jobs
from core.platform.jobs.queries import Job

JOB_KIND = "fairness.measure"
FOLLOW_KIND = "fairness.follow"
SUBJECT_KIND = "version"


@dataclass(frozen=True, slots=True)
class Declaration:
    """Which attributes are protected, or why none is; `favourable` is the class that is good for the person.

    Where the values lie in a table of their own, `dataset_id` names it and `key_column` joins it.
    """

    use_case_id: str
    attributes: tuple[str, ...]
    none_reason: str
    favourable: str
    preset: str
    dataset_id: str
    key_column: str
    declared_by: str
    declared_at: datetime | None


@dataclass(frozen=True, slots=True)
class Measured:
    """The stored report of a version, and by what it was judged."""

    version_id: str
    report: Report
    preset: presets.Preset
    favourable: str
    created_at: datetime
    people_digest: str


@dataclass(frozen=True, slots=True)
class Month:
    """One month of the log: the groups of each attribute, with how many of its predictions had a label."""

    start: date
    rows: int
    labelled: int
    parities: tuple[Parity, ...]


def declaration(session: Session, use_case_id: str) -> Declaration | None:
    """Return what was declared last for a use case, or none."""
    row = session.get(DeclarationRow, use_case_id)
    if row is None:
        return None
    return Declaration(
        use_case_id=row.use_case_id,
        attributes=tuple(row.attributes),
        none_reason=row.none_reason,
        favourable=row.favourable,
        preset=row.preset,
        dataset_id=row.dataset_id,
        key_column=row.key_column,
        declared_by=row.declared_by,
        declared_at=row.declared_at,
    )


def in_force(session: Session, version: Version) -> Declaration:
    """Return what holds for a version: the declaration, or what its evaluation table says by itself."""
    found = declaration(session, version.use_case_id)
    if found is not None:
        return found
    protected = datasets.dataset(session, version.dataset_id).protected
    return Declaration(version.use_case_id, protected, "", "", presets.DEFAULT, "", "", "", None)


def apart(session: Session, declared: Declaration) -> Joined | None:
    """Return the table of their own in which declared attributes lie, or none."""
    if not declared.dataset_id:
        return None
    dataset = datasets.dataset(session, declared.dataset_id)
    held = tuple(a for a in declared.attributes if dataset.column(a) is not None)
    return Joined(dataset.digest, declared.key_column, held) if held else None


def measured(session: Session, version_id: str) -> Measured | None:
    """Return the report of a version, or none before it is measured."""
    row = session.get(ReportRow, version_id)
    if row is None:
        return None
    return Measured(
        row.version_id,
        from_json(row.body),
        presets.preset(row.preset),
        row.favourable,
        row.created_at,
        row.people_digest,
    )


def worst(session: Session, version_id: str) -> dict[str, Figure] | None:
    """Return the worst gaps of a version by `<metric>_ratio` and `<metric>_difference`, or none before they are known."""
    found = measured(session, version_id)
    return None if found is None else found.report.worst()


def trend(session: Session, version_id: str) -> tuple[Month, ...]:
    """Return a version's groups month by month, oldest first; empty where the log or the attributes are missing."""
    row = session.get(TrendRow, version_id)
    if row is None:
        return ()
    return tuple(
        Month(
            date.fromisoformat(one["start"]),
            int(one["rows"]),
            int(one["labelled"]),
            tuple(parity_from(p) for p in one["parities"]),
        )
        for one in row.body
    )


def job(session: Session, version_id: str) -> Job | None:
    """Return the newest job that measures this version."""
    return jobs.latest(session, SUBJECT_KIND, version_id, JOB_KIND)


def ready_versions(session: Session, use_case_id: str) -> tuple[Version, ...]:
    """Return the versions of a use case that can be measured, newest first."""
    found = [v for v in registry.versions(session, use_case_id) if v.state is VersionState.READY]
    return tuple(sorted(found, key=lambda v: -v.number))


def reported(session: Session) -> frozenset[str]:
    """Return the ids of the versions that have a report."""
    return frozenset(session.exec(select(ReportRow.version_id)))
