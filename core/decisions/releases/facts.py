"""Reading across nouns: what a round decides on now, and who had a hand in it."""

from sqlmodel import Session

from core.assets.intake import queries as intake
from core.assets.registry import Version
from core.assets.registry import queries as registry
from core.decisions.releases import queries
from core.decisions.releases.eligibility import Deed, Involvement
from core.decisions.releases.queries import Sealed
from core.decisions.releases.snapshot import Snapshot
from core.errors import Conflict
from core.evidence.kpis import queries as kpis
from core.i18n import N_


def thresholds_of(session: Session, version: Version, environment: str) -> Sealed:
    """Return the sealed thresholds of a version; raise `Conflict` where none were sealed."""
    found = queries.sealed(session, version.id, environment)
    if found is None:
        raise Conflict(
            "release.not_sealed",
            N_("No thresholds were sealed for this version and environment before it was evaluated."),
            fix=N_("Submit the version again: its gates are then fixed before the evaluation starts."),
            field="environment",
        )
    return found


def snapshot(session: Session, version: Version, environment: str) -> Snapshot:
    """Collect the facts that a signature would be bound to now."""
    sealed = thresholds_of(session, version, environment)
    evaluation = intake.evaluation(session, version.id)
    return Snapshot(
        artifact_digest=version.artifact_digest,
        dataset_digest=version.dataset_digest,
        evaluation_id=evaluation.id if evaluation else "",
        thresholds_digest=sealed.digest,
        policy_digest=sealed.policy_digest,
        card_revision=len(registry.card_revisions(session, version.id)),
        kpi_versions=tuple(sorted(k.revision_id for k in kpis.kpis(session, version.use_case_id))),
    )


def involvements(session: Session, version: Version, policy_digest: str) -> tuple[Involvement, ...]:
    """Collect who made the version, or the measure it is judged by."""
    found = [Involvement(version.author_id, Deed.UPLOADED_VERSION, version.created_at)]
    found += [
        Involvement(revision.author_id, Deed.EDITED_CARD, revision.created_at)
        for revision in registry.card_revisions(session, version.id)
    ]
    found += [
        Involvement(revision.author_id, Deed.SET_KPI, revision.created_at, revision.definition.name)
        for kpi in kpis.kpis(session, version.use_case_id)
        for revision in kpis.revisions(session, kpi.id)
    ]
    publisher, published_at = queries.policy_published(session, policy_digest)
    name = queries.policy(session, policy_digest).name
    found.append(Involvement(publisher, Deed.SET_THRESHOLDS, published_at, name))
    return tuple(found)
