"""Publish policies, and seal a version's thresholds from them before its evaluation starts."""

from importlib.resources import files

from sqlmodel import select

from core.assets.registry import queries as registry
from core.decisions.releases import policies
from core.decisions.releases.policies import Policy
from core.decisions.releases.queries import policies_of
from core.decisions.releases.tables import PolicyRow, SealedRow
from core.errors import Conflict
from core.i18n import N_
from core.ids import new_id
from core.platform.access.permissions import Permission, require
from core.platform.store import Json, UnitOfWork


def publish_policy(uow: UnitOfWork, text: str) -> Policy:
    """Publish a policy; from then on it never changes, and its digest names it."""
    require(uow.actor, Permission.PUBLISH_POLICY)
    policy = policies.read(text)
    taken = select(PolicyRow.digest).where(
        PolicyRow.tier == policy.tier,
        PolicyRow.environment == policy.environment,
        PolicyRow.version == policy.version,
    )
    if uow.session.exec(taken).first() or uow.session.get(PolicyRow, policy.digest):
        raise Conflict(
            "policy.published",
            N_("Version {version} of policy {name} is published already."),
            fix=N_("A published policy never changes; give the new one another version."),
            field="version",
            version=policy.version,
            name=policy.name,
        )
    uow.session.add(
        PolicyRow(
            digest=policy.digest,
            name=policy.name,
            version=policy.version,
            tier=policy.tier,
            environment=policy.environment,
            text=text.replace("\r\n", "\n"),
            published_by=uow.actor.id,
            published_at=uow.now,
        )
    )
    uow.session.flush()
    facts: dict[str, Json] = {
        "name": policy.name,
        "version": policy.version,
        "tier": policy.tier,
        "environment": policy.environment,
    }
    if policy.single_person:
        facts["single_person"] = True
    uow.record("policy.published", "policy", policy.digest, facts)
    return policy


def publish_shipped(uow: UnitOfWork) -> int:
    """Publish the policies that come with Aval where none is published yet; return how many were."""
    require(uow.actor, Permission.PUBLISH_POLICY)
    published = 0
    for file in sorted(files("data").joinpath("policies").iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".toml"):
            continue
        text = file.read_text(encoding="utf-8")
        policy = policies.read(text)
        if policy.environment not in {p.environment for p in policies_of(uow.session, policy.tier)}:
            publish_policy(uow, text)
            published += 1
    return published


def seal_thresholds(uow: UnitOfWork, version_id: str) -> None:
    """Fix the gates of a version for every environment of its tier, in the transaction that submits it.

    The evaluation starts later, so nobody can choose a threshold knowing the result.
    """
    require(uow.actor, Permission.UPLOAD_MODEL)
    version = registry.version(uow.session, version_id)
    use_case = registry.use_case_by_id(uow.session, version.use_case_id)
    current = policies_of(uow.session, use_case.risk_tier.value)
    if not current:
        raise Conflict(
            "policy.none",
            N_("No release policy is published for risk tier {tier}, so nothing could be judged fairly."),
            fix=N_("Publish one first; Aval comes with policies for every tier."),
            tier=use_case.risk_tier.value,
        )
    digests: dict[str, str] = {}
    for policy in current:
        sealed = policies.thresholds(policy.rules[use_case.task.value])
        digests[policy.environment] = policies.thresholds_digest(sealed)
        uow.session.add(
            SealedRow(
                id=new_id("seal"),
                version_id=version_id,
                environment=policy.environment,
                policy_digest=policy.digest,
                thresholds=sealed,
                digest=digests[policy.environment],
                sealed_at=uow.now,
            )
        )
    uow.session.flush()
    uow.record(
        "thresholds.sealed",
        "version",
        version_id,
        {"thresholds": digests, "policies": {p.environment: p.digest for p in current}},
    )
