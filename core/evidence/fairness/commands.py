"""Declare protected attributes, ask for reports, and store them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.assets.datasets import commands as datasets
from core.assets.datasets import queries as read
from core.assets.datasets.reading import require_column
from core.assets.datasets.schema import Column
from core.assets.registry import queries as registry
from core.assets.registry.lawful_basis import LawfulBasis
from core.assets.registry.version import Version, VersionState
from core.errors import Conflict, Invalid
from core.evidence.fairness import presets, queries
from core.evidence.fairness.parity import Parity
from core.evidence.fairness.report import Report
from core.evidence.fairness.tables import DeclarationRow, ReportRow, TrendRow
from core.evidence.fairness.written import parity_json, to_json
from core.i18n import N_
from core.platform.access.permissions import Permission, require
from core.platform.jobs import commands as jobs
from core.platform.store import Json, UnitOfWork

REASON_CHARACTERS = 20
MOST_MEASURED = 20
"""Versions that are measured anew when the attributes change: the newest."""


@dataclass(frozen=True, slots=True)
class PeopleTable:
    """A table of protected attributes that was read and stored; `key` joins it to the cases."""

    digest: str
    source_digest: str
    name: str
    rows: int
    columns: Sequence[Column]
    key: str
    lawful_basis: str


@dataclass(frozen=True, slots=True)
class Followed:
    """One month of the log, ready to be stored."""

    start: date
    rows: int
    labelled: int
    parities: Sequence[Parity]


def declare(
    uow: UnitOfWork,
    use_case_id: str,
    *,
    attributes: Sequence[str] = (),
    none_reason: str = "",
    favourable: str = "",
    preset: str = presets.DEFAULT,
    table: PeopleTable | None = None,
) -> int:
    """Say which attributes are protected in a use case, or why none is; return how many versions are measured anew.

    A `table` given before stays in use until another one comes. Raise `Refused`, `Invalid`, `NotFound`.
    """
    require(uow.actor, Permission.DESCRIBE_DATA)
    use_case = registry.use_case_by_id(uow.session, use_case_id)
    presets.preset(preset)
    named = list(dict.fromkeys(a for a in attributes if a))
    _sound(named, none_reason.strip())
    ready = queries.ready_versions(uow.session, use_case_id)
    classes = next((v.signature.classes for v in ready if v.signature.classes), ())
    if favourable and classes and favourable not in classes:
        raise Invalid(
            "fairness.favourable",
            N_("{value} is no class of this model."),
            fix=N_("Choose one of: {classes}."),
            field="favourable",
            value=favourable,
            classes=", ".join(classes),
        )
    row = uow.session.get(DeclarationRow, use_case_id, with_for_update=True)
    dataset_id, key = (row.dataset_id, row.key_column) if row else ("", "")
    if table is not None:
        dataset_id, key = _keep(uow, table, named), table.key
    _require_known(uow, named, ready, dataset_id)
    facts: dict[str, Any] = {
        "attributes": named,
        "none_reason": none_reason.strip(),
        "favourable": favourable,
        "preset": preset,
        "dataset_id": dataset_id,
        "key_column": key,
    }
    if row is None:
        row = DeclarationRow(use_case_id=use_case_id, declared_by=uow.actor.id, declared_at=uow.now, **facts)
    elif all(getattr(row, k) == v for k, v in facts.items()):
        raise Conflict("fairness.unchanged", N_("Nothing changed in what is protected."))
    else:
        row.sqlmodel_update({**facts, "declared_by": uow.actor.id, "declared_at": uow.now})
    uow.session.add(row)
    uow.session.flush()
    asked = ready[:MOST_MEASURED]
    for version in asked:
        enqueue_for(uow, version.id)
        if dataset_id:
            follow_for(uow, version.id)
    said: dict[str, Json] = {
        "attributes": [*named],
        "favourable": favourable,
        "preset": preset,
        "table": table.digest if table else "",
        "none": bool(none_reason.strip()),
    }
    uow.record("fairness.declared", "use_case", use_case.id, said)
    return len(asked)


def request_report(uow: UnitOfWork, version_id: str) -> str:
    """Start the job that measures a version; return its id, of the running one where there is one."""
    require(uow.actor, Permission.RUN_CHECKS)
    version = registry.version(uow.session, version_id)
    _require_ready(version)
    running = queries.job(uow.session, version_id)
    if running is not None and not running.over:
        return running.id
    job_id = enqueue_for(uow, version_id)
    uow.record("fairness.requested", "version", version_id, {"job": job_id})
    return job_id


def enqueue_for(uow: UnitOfWork, version_id: str) -> str:
    """Enqueue the measurement as a part of another command: no event of its own."""
    return jobs.enqueue(uow, queries.JOB_KIND, queries.SUBJECT_KIND, version_id, {"version_id": version_id})


def follow_for(uow: UnitOfWork, version_id: str) -> str:
    """Enqueue the measurement over time, after the log has grown: no event of its own."""
    return jobs.enqueue(
        uow, queries.FOLLOW_KIND, queries.SUBJECT_KIND, version_id, {"version_id": version_id}
    )


def store_report(
    uow: UnitOfWork,
    version_id: str,
    report: Report,
    *,
    predictions_digest: str,
    people_digest: str,
    preset: str,
    favourable: str,
) -> None:
    """Store a version's report in place of an older one."""
    require(uow.actor, Permission.RUN_CHECKS)
    facts: dict[str, Any] = {
        "predictions_digest": predictions_digest,
        "people_digest": people_digest,
        "preset": preset,
        "favourable": favourable,
        "rows": report.rows,
        "body": to_json(report),
        "created_at": uow.now,
    }
    row = uow.session.get(ReportRow, version_id, with_for_update=True)
    if row is None:
        row = ReportRow(version_id=version_id, **facts)
    else:
        row.sqlmodel_update(facts)
    uow.session.add(row)
    crossed = presets.preset(preset).crossings(report.single)
    uow.record(
        "fairness.measured",
        "version",
        version_id,
        {
            "predictions": predictions_digest,
            "attributes": [p.attributes[0] for p in report.single],
            "preset": preset,
            "favourable": favourable,
            "rows": report.rows,
            "beyond": [f"{p.attributes[0]}: {g.metric.value}" for p, g, _limit in crossed],
        },
    )


def store_trend(uow: UnitOfWork, version_id: str, people_digest: str, months: Sequence[Followed]) -> None:
    """Store the course over time; bookkeeping of the log, whose batches have their own events."""
    require(uow.actor, Permission.RUN_CHECKS)
    facts: dict[str, Any] = {
        "people_digest": people_digest,
        "rows": sum(m.rows for m in months),
        "body": [
            {
                "start": m.start.isoformat(),
                "rows": m.rows,
                "labelled": m.labelled,
                "parities": [parity_json(p) for p in m.parities],
            }
            for m in months
        ],
        "created_at": uow.now,
    }
    row = uow.session.get(TrendRow, version_id, with_for_update=True)
    if row is None:
        row = TrendRow(version_id=version_id, **facts)
    else:
        row.sqlmodel_update(facts)
    uow.session.add(row)


def _sound(attributes: Sequence[str], none_reason: str) -> None:
    if attributes and none_reason:
        raise Invalid(
            "fairness.both",
            N_("Either attributes are protected, or there is a reason why none is."),
            field="none_reason",
        )
    if not attributes and len(none_reason) < REASON_CHARACTERS:
        raise Invalid(
            "fairness.none",
            N_("No attribute is named."),
            fix=N_("Name at least one, or say in at least {n} characters why none applies."),
            field="attributes",
            n=REASON_CHARACTERS,
        )


def _require_known(
    uow: UnitOfWork, attributes: Sequence[str], ready: Sequence[Version], dataset_id: str
) -> None:
    """Raise `Invalid` for an attribute that stands in neither table; before the first version nothing is known."""
    held = [dataset_id] if dataset_id else []
    held += [ready[0].dataset_id] if ready else []
    tables = [read.dataset(uow.session, each) for each in held]
    columns = [c.name for table in tables for c in table.columns]
    for name in attributes if columns else ():
        require_column(name, columns, name=tables[0].name)


def _keep(uow: UnitOfWork, table: PeopleTable, attributes: Sequence[str]) -> str:
    names = [c.name for c in table.columns]
    require_column(table.key, names, name=table.name)
    if table.lawful_basis not in set(LawfulBasis) - {LawfulBasis.NO_PERSONAL_DATA}:
        raise Invalid(
            "fairness.basis",
            N_("A table of protected attributes needs a lawful basis."),
            fix=N_("Choose the ground on which these attributes may be processed."),
            field="lawful_basis",
        )
    if table.key in attributes:
        raise Invalid(
            "fairness.key",
            N_("The column {column} joins the tables; it cannot be a protected attribute too."),
            field="key_column",
            column=table.key,
        )
    kept = datasets.add_people_table(
        uow,
        digest=table.digest,
        source_digest=table.source_digest,
        name=table.name,
        rows=table.rows,
        columns=table.columns,
        key=table.key,
        lawful_basis=table.lawful_basis,
    )
    return kept.id


def _require_ready(version: Version) -> None:
    if version.state is not VersionState.READY:
        raise Conflict(
            "fairness.version_not_ready",
            N_("Version {number} has not passed its checks, so there is nothing to measure."),
            fix=N_("Wait for its evaluation, or upload a version that loads."),
            number=version.number,
        )
