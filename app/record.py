"""Read what the record of a model shows: one question per tab, each in one view."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session

from app.ui.lineage_graph import Graph
from app.ui.lineage_record import lineage_details, lineage_of
from app.ui.model_record import activity, decisions
from app.ui.timeline import Happening
from app.ui.version_comparison import Side
from core.assets.datasets import queries as datasets
from core.assets.intake import queries as intake
from core.assets.intake.evaluation import Evaluation
from core.assets.registry import queries as registry
from core.assets.registry.usecase import UseCase
from core.assets.registry.version import Version
from core.decisions.releases import queries as released
from core.evidence.explain import queries as explain
from core.evidence.explain.queries import Comparison
from core.evidence.explain.words import unit_name
from core.evidence.monitoring import queries as monitoring
from core.platform.access import queries as access
from core.platform.access.permissions import MATRIX, Permission, Role
from core.platform.audit import queries as audit

MOST_REQUESTS = 20


@dataclass(frozen=True, slots=True)
class Record:
    """A use case with its versions, newest first, and the one that is looked at; `live` names environments by version."""

    use_case: UseCase
    versions: tuple[Version, ...]
    version: Version | None
    evaluation: Evaluation | None
    names: Mapping[str, str]
    live: Mapping[str, list[str]]
    environments: tuple[str, ...]


def record(view: Session, slug: str, number: str | None) -> Record:
    """Return the record of a use case; raise `NotFound`."""
    case = registry.use_case(view, slug)
    versions = registry.versions(view, case.id)
    version = next((v for v in versions if str(v.number) == number), None)
    live: dict[str, list[str]] = {}
    for one in released.deployments(view, case.id, only_live=True):
        live.setdefault(one.version_id, []).append(one.environment)
    return Record(
        use_case=case,
        versions=versions,
        version=version,
        evaluation=intake.evaluation(view, version.id) if version else None,
        names=access.names(view, {case.owner_id, *(v.author_id for v in versions)}),
        live=live,
        environments=tuple(released.environments(view, case.risk_tier)),
    )


def owners(view: Session) -> dict[str, str]:
    """Return who may own a use case, names by id."""
    return {
        person.id: person.name
        for person in access.people(view)
        if not person.disabled
        and any(Permission.DEFINE_USE_CASE in MATRIX[Role(role)] for role in person.roles)
    }


def side(view: Session, version: Version) -> Side:
    """Return what a comparison holds of one version."""
    return Side(
        version,
        intake.evaluation(view, version.id),
        datasets.dataset(view, version.dataset_id),
        intake.card(view, version.id),
        registry.bundle(view, version.id).digest,
    )


def explained(view: Session, left: Version, right: Version) -> tuple[Comparison | None, str]:
    """Return how two versions' importances compare, and in which unit; none before both are explained."""
    before, after = explain.explanation(view, left.id), explain.explanation(view, right.id)
    if before is None or after is None:
        return None, ""
    return explain.comparison(before, after), unit_name(after)


def lineage(view: Session, case: UseCase, version: Version) -> tuple[Graph, Mapping[str, tuple[str, ...]]]:
    """Return the graph of a version's lineage, and what it has no room for."""
    dataset = datasets.dataset(view, version.dataset_id)
    log = monitoring.coverage(view, version.id)
    mine = [one for one in released.deployments(view, case.id) if one.version_id == version.id]
    requests = [r for r in released.releases(view, use_case_id=case.id) if r.version.id == version.id]
    graph = lineage_of(
        version, dataset, registry.bundle(view, version.id), requests, mine, case.applications, log
    )
    return graph, lineage_details(version, dataset, mine, log)


def decided(view: Session, case: UseCase) -> list[Happening]:
    """Return requests, signatures and deployments of a use case."""
    requests = released.releases(view, use_case_id=case.id)[:MOST_REQUESTS]
    deployments = released.deployments(view, case.id)[:MOST_REQUESTS]
    signatures = {r.id: released.signatures(view, r.id) for r in requests}
    signers = {s.person_id for found in signatures.values() for s in found}
    who = access.names(
        view, signers | {r.requested_by for r in requests} | {d.started_by for d in deployments}
    )
    return decisions(requests, signatures, deployments, who)


def happened(view: Session, case: UseCase, version: Version) -> list[Happening]:
    """Return what the log holds of a use case, a version and its data."""
    subjects = (("version", version.id, 30), ("use_case", case.id, 20), ("dataset", version.dataset_id, 20))
    events = [
        event
        for kind, subject, most in subjects
        for event in audit.events(view, subject_kind=kind, subject_id=subject, limit=most)
    ]
    return activity(events, access.names(view, {event.actor_id for event in events}))
