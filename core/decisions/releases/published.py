"""Reading of published policies and of the thresholds sealed from them."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlmodel import Session, col, select

from core.assets.registry import RiskTier
from core.decisions.releases import policies
from core.decisions.releases.gates import Rule
from core.decisions.releases.policies import Policy
from core.decisions.releases.states import PRODUCTION
from core.decisions.releases.tables import PolicyRow, SealedRow
from core.errors import Conflict, NotFound
from core.i18n import N_


@dataclass(frozen=True, slots=True)
class Sealed:
    """The thresholds of one version for one environment."""

    policy_digest: str
    digest: str
    rules: tuple[Rule, ...]
    sealed_at: datetime


_parsed = lru_cache(maxsize=256)(policies.read)


def policy(session: Session, digest: str) -> Policy:
    """Return a published policy; raise `NotFound`, and `Conflict` where its text is not the published one."""
    row = session.get(PolicyRow, digest)
    if row is None:
        raise NotFound("policy.unknown", N_("There is no policy {digest}."), digest=digest)
    found = _parsed(row.text)
    if found.digest != row.digest:
        raise Conflict(
            "policy.altered",
            N_(
                "The text of policy {name} is not the one that was published, so nothing is decided under it."
            ),
            fix=N_("Restore the store; the audit log holds the digest of the published text."),
            name=row.name,
        )
    return found


def policies_of(session: Session, tier: str | None = None) -> tuple[Policy, ...]:
    """Return the policies in force: the newest of each tier and environment."""
    query = select(PolicyRow).order_by(col(PolicyRow.published_at), PolicyRow.digest)
    if tier is not None:
        query = query.where(PolicyRow.tier == tier)
    newest = {(row.tier, row.environment): row.text for row in session.exec(query)}
    return tuple(_parsed(newest[key]) for key in sorted(newest))


def policy_published(session: Session, digest: str) -> tuple[str, datetime]:
    """Return who published a policy, and when."""
    row = session.get(PolicyRow, digest)
    if row is None:
        raise NotFound("policy.unknown", N_("There is no policy {digest}."), digest=digest)
    return row.published_by, row.published_at


def environments(session: Session, tier: RiskTier) -> tuple[str, ...]:
    """Return the environments that have a policy for this tier, staging before production."""
    found = {p.environment for p in policies_of(session, tier.value)}
    return tuple(sorted(found, key=lambda e: (e == PRODUCTION, e)))


def sealed(session: Session, version_id: str, environment: str) -> Sealed | None:
    """Return the thresholds sealed last for a version and environment, or none.

    Raise `Conflict` where they are not what was sealed.
    """
    row = session.exec(
        select(SealedRow)
        .where(SealedRow.version_id == version_id, SealedRow.environment == environment)
        .order_by(col(SealedRow.sealed_at).desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    if policies.thresholds_digest(row.thresholds) != row.digest:
        raise Conflict(
            "release.seal_broken",
            N_("The sealed thresholds of this version are not the ones in the audit log."),
            fix=N_("Restore the store; nothing is decided on altered thresholds."),
        )
    return Sealed(row.policy_digest, row.digest, policies.rules(row.thresholds), row.sealed_at)
