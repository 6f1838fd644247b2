"""Reading across nouns: what a round decides on now, and who had a hand in it."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlmodel import Session

from core.assets.datasets import queries as datasets
from core.assets.intake import queries as intake
from core.assets.registry import Version
from core.assets.registry import queries as registry
from core.decisions.releases import pledges, queries
from core.decisions.releases.delegation import Delegation, lent
from core.decisions.releases.eligibility import Deed, Involvement, bars
from core.decisions.releases.policies import Policy
from core.decisions.releases.queries import Sealed
from core.decisions.releases.snapshot import Snapshot
from core.errors import Conflict
from core.evidence.kpis import queries as kpis
from core.evidence.kpis.queries import State
from core.i18n import N_
from core.platform.access import queries as access


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
        bundle_digest=registry.bundle(session, version.id).digest,
    )


def alone(session: Session, policy: Policy) -> bool:
    """Say whether the policy lets one person decide alone, and there is one person alone."""
    return policy.single_person and sum(not p.disabled for p in access.people(session)) == 1


def lent_to(
    session: Session,
    person_id: str,
    hands: Sequence[Involvement],
    *,
    registered_at: datetime,
    signed: Collection[str],
    now: datetime,
) -> tuple[Delegation, ...]:
    """Return the seats that others have lent to a person and that count for this version and round."""
    found = tuple(d for d in pledges.delegations(session, person_id) if d.delegate_id == person_id)
    if not found:
        return ()
    holders = {d.person_id: access.find(session, d.person_id) for d in found}
    held = [d for d in found if (p := holders[d.person_id]) and not p.disabled and d.area in p.roles]
    barred = {i for i in {person_id, *holders} if bars(i, hands, registered_at)}
    return lent(held, person_id, barred=barred, signed=signed, now=now)


def involvements(session: Session, version: Version, policy_digest: str) -> tuple[Involvement, ...]:
    """Collect who made the version, or the measure it is judged by; nobody where one person decides alone."""
    if alone(session, queries.policy(session, policy_digest)):
        return ()
    found = [Involvement(version.author_id, Deed.UPLOADED_VERSION, version.created_at)]
    uploaded = datasets.uploader(session, version.dataset_id) if version.dataset_id else None
    if uploaded is not None:
        found.append(Involvement(uploaded[0], Deed.UPLOADED_DATA, uploaded[1]))
    found += [
        Involvement(revision.author_id, Deed.EDITED_CARD, revision.created_at)
        for revision in registry.card_revisions(session, version.id)
    ]
    found += [
        Involvement(
            revision.author_id,
            Deed.SET_KPI,
            revision.decided_at or revision.created_at,
            revision.definition.name,
        )
        for kpi in kpis.kpis(session, version.use_case_id)
        for revision in kpis.revisions(session, kpi.id)
        if revision.state is State.IN_FORCE
    ]
    publisher, published_at = queries.policy_published(session, policy_digest)
    name = queries.policy(session, policy_digest).name
    found.append(Involvement(publisher, Deed.SET_THRESHOLDS, published_at, name))
    return tuple(found)
