"""Reading of drafts and evaluations."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlmodel import Session, col, select

from core.assets.datasets import queries as datasets
from core.assets.intake import classification, facts, multiclass, regression
from core.assets.intake.draft import ArtifactFile, Draft, TableFile
from core.assets.intake.evaluation import Confusion, Estimate, Evaluation
from core.assets.intake.filled import Measured
from core.assets.intake.tables import DraftRow, EvaluationRow, NamesReviewRow
from core.assets.registry import Version
from core.assets.registry import queries as registry
from core.assets.registry.card import Card, fill
from core.errors import NotFound
from core.i18n import N_
from core.platform.access import queries as people

__all__ = ["Draft", "Estimate", "Evaluation"]


def draft(session: Session, draft_id: str) -> Draft:
    """Return a draft; raise `NotFound`."""
    row = session.get(DraftRow, draft_id)
    if row is None:
        raise NotFound("draft.unknown", N_("There is no upload {id}."), id=draft_id)
    return Draft(
        id=row.id,
        author_id=row.author_id,
        created_at=row.created_at,
        artifact=None if row.artifact is None else ArtifactFile.from_json(row.artifact),
        table=None if row.table is None else TableFile.from_json(row.table),
        version_id=row.version_id,
    )


def evaluation(session: Session, version_id: str) -> Evaluation | None:
    """Return the evaluation of a version, or `None` before it is ready."""
    row = session.exec(select(EvaluationRow).where(EvaluationRow.version_id == version_id)).first()
    if row is None:
        return None
    return Evaluation(
        id=row.id,
        version_id=row.version_id,
        dataset_id=row.dataset_id,
        started_at=row.started_at,
        finished_at=row.finished_at,
        rows=row.rows,
        metrics={name: Estimate.from_json(row.metrics[name]) for name in _ordered(row.metrics)},
        threshold=row.threshold,
        confusion=None if row.confusion is None else Confusion.from_json(row.confusion),
        curves=row.curves,
        latency_p50_ms=row.latency_p50_ms,
        latency_p95_ms=row.latency_p95_ms,
        memory_mb=row.memory_mb,
        reproducible=row.reproducible,
        predictions_digest=row.predictions_digest,
        notes=tuple(row.notes),
    )


def earlier_metrics(session: Session, version: Version, *, most: int = 12) -> tuple[dict[str, float], ...]:
    """Return the metrics of the evaluated versions before this one, oldest first, without their curves."""
    before = [v.id for v in registry.versions(session, version.use_case_id) if v.number < version.number][
        :most
    ]
    query = select(EvaluationRow.version_id, EvaluationRow.metrics).where(
        col(EvaluationRow.version_id).in_(before)
    )
    found = {
        version_id: {name: float(estimate["value"]) for name, estimate in metrics.items()}
        for version_id, metrics in session.exec(query)
    }
    return tuple(found[i] for i in reversed(before) if i in found)


def measured(session: Session, version_ids: Collection[str]) -> dict[str, tuple[Measured, datetime]]:
    """Return what the evaluations of these versions hold, and when each began, without their curves."""
    query = select(
        EvaluationRow.version_id, EvaluationRow.metrics, EvaluationRow.notes, EvaluationRow.started_at
    ).where(col(EvaluationRow.version_id).in_(version_ids))
    return {
        version_id: (
            Measured(
                len(metrics),
                sum(m.get("low") is not None and m.get("high") is not None for m in metrics.values()),
                any(note.startswith("type: ") for note in notes),
            ),
            started,
        )
        for version_id, metrics, notes, started in session.exec(query)
    }


def names_approved(session: Session, artifact_digest: str, names_digest: str, list_version: str) -> bool:
    """Whether a person has approved exactly these names in exactly this file under this list."""
    query = select(NamesReviewRow.id).where(
        NamesReviewRow.artifact_digest == artifact_digest,
        NamesReviewRow.names_digest == names_digest,
        NamesReviewRow.list_version == list_version,
    )
    return session.exec(query).first() is not None


def card(session: Session, version_id: str) -> Card:
    """Return the model card: what is on record, the data, the evaluation, and what people typed last."""
    version = registry.version(session, version_id)
    revisions = registry.card_revisions(session, version_id)
    use_case = registry.use_case_by_id(session, version.use_case_id)
    found = facts.of(
        version,
        use_case,
        datasets.dataset(session, version.dataset_id),
        evaluation(session, version_id),
        bundle=registry.bundle(session, version_id),
        owner=people.names(session, {use_case.owner_id}).get(use_case.owner_id, ""),
    )
    return fill(found, revisions[-1].values if revisions else {}, revisions[-1].number if revisions else 0)


def _ordered(metrics: Iterable[str]) -> list[str]:
    """Put metrics in the order in which they are shown: stored JSON keeps none."""
    order = [*classification.BINARY, *multiclass.WITH_PROBABILITIES, *regression.METRICS]
    return sorted(metrics, key=lambda name: order.index(name) if name in order else len(order))
