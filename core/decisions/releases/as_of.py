"""What was live at a moment, and the decision, policy and evidence it stood on, as they were known then."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from core.assets.intake import queries as intake
from core.assets.intake.evaluation import Evaluation
from core.assets.registry import Version
from core.assets.registry import queries as registry
from core.decisions.releases import pledges, queries
from core.decisions.releases.policies import Policy
from core.decisions.releases.release import Deployment, GateResult, Release, Signed
from core.decisions.releases.snapshot import Snapshot
from core.decisions.releases.standing import FactKind, Worth


@dataclass(frozen=True, slots=True)
class AsOf:
    """One environment at `at`: `valid` says whether the approval had not expired then.

    `worth` is what the approval was worth as it was known then, and `reasons` why it was worth less.
    """

    at: datetime
    deployment: Deployment
    version: Version
    release: Release
    round: int
    snapshot: Snapshot
    snapshot_digest: str
    signatures: tuple[Signed, ...]
    policy: Policy
    gates: tuple[GateResult, ...]
    evaluation: Evaluation | None
    valid: bool
    worth: Worth
    reasons: tuple[FactKind, ...]


def state(session: Session, slug: str, environment: str, at: datetime) -> AsOf | None:
    """Return what was live in `environment` at `at` (UTC-aware), or none. Raise `NotFound` for an unknown use case.

    Rounds, signatures and gates are those up to that moment: the last run of the checks by then, what its standing
    was by then as the sweep wrote it down.
    """
    use_case = registry.use_case(session, slug)
    found = next((d for d in queries.deployments(session, use_case.id, environment) if _alive(d, at)), None)
    if found is None:
        return None
    release = queries.release(session, found.request_id)
    known = [r for r in queries.rounds(session, release.id) if r.opened_at <= at]
    last = known[-1]
    signatures = queries.signatures(session, release.id, last.number)
    version = registry.version(session, found.version_id)
    evaluation = intake.evaluation(session, version.id)
    worth, reasons = pledges.last_standing(session, found.id, at)
    return AsOf(
        at=at,
        deployment=found,
        version=version,
        release=release,
        round=last.number,
        snapshot=last.snapshot,
        snapshot_digest=last.snapshot_digest,
        signatures=tuple(s for s in signatures if s.signed_at <= at),
        policy=queries.policy(session, release.policy_digest),
        gates=queries.gates(session, last.id, at),
        evaluation=evaluation if evaluation and evaluation.finished_at <= at else None,
        valid=release.expires_at is None or at < release.expires_at,
        worth=worth,
        reasons=reasons,
    )


def states(session: Session, slug: str, at: datetime) -> dict[str, AsOf]:
    """Return what was live at `at`, by environment, for those where anything was."""
    use_case = registry.use_case(session, slug)
    places = sorted({d.environment for d in queries.deployments(session, use_case.id)})
    found = {place: state(session, slug, place, at) for place in places}
    return {place: known for place, known in found.items() if known is not None}


def everywhere(session: Session, at: datetime) -> tuple[AsOf, ...]:
    """Return everything that was live at `at`, over all use cases, in the order of their slugs."""
    held = {(d.use_case_id, d.environment) for d in queries.deployments(session) if _alive(d, at)}
    names = sorted((registry.use_case_by_id(session, case).slug, place) for case, place in held)
    return tuple(found for slug, place in names if (found := state(session, slug, place, at)))


def _alive(deployment: Deployment, at: datetime) -> bool:
    return deployment.started_at <= at and (deployment.ended_at is None or at < deployment.ended_at)
