"""What the clock and the disk do to releases, one short command each; `work.sweep` calls them."""

from datetime import datetime

from sqlmodel import col, select

from core.decisions.releases import effective, pledges, queries
from core.decisions.releases.rows import locked, round_of
from core.decisions.releases.standing import Standing
from core.decisions.releases.states import OPEN, ReleaseState, Step, after
from core.decisions.releases.tables import ArtifactCheckRow, DeploymentRow, StandingRow
from core.decisions.releases.timeouts import Nudge, next_nudge
from core.ids import new_id
from core.platform.access.permissions import Permission, require
from core.platform.store import UnitOfWork


def nudge(uow: UnitOfWork, request_id: str) -> Nudge | None:
    """Remind, escalate or end a request that has waited as long as its policy allows; return what was done."""
    require(uow.actor, Permission.MANAGE_SETTINGS)
    row = locked(uow, request_id)
    state = ReleaseState(row.state)
    if state not in OPEN:
        return None
    current = round_of(uow, row)
    policy = queries.policy(uow.session, row.policy_digest)
    owed = next_nudge(
        current.opened_at,
        policy.patience,
        reminded=row.reminded_at is not None,
        escalated=row.escalated_at is not None,
        now=uow.now,
    )
    if owed is None:
        return None
    if owed is Nudge.REMIND:
        row.reminded_at = uow.now
    elif owed is Nudge.ESCALATE:
        row.escalated_at = uow.now
    else:
        row.state, row.closed_at = after(state, Step.EXPIRE).value, uow.now
    actions = {
        Nudge.REMIND: "release.reminded",
        Nudge.ESCALATE: "release.escalated",
        Nudge.EXPIRE: "release.expired",
    }
    uow.session.add(row)
    uow.record(
        actions[owed],
        "release",
        row.id,
        {"round": row.round, "state": row.state, "areas": list(policy.areas), "due": row.due_at.isoformat()},
    )
    return owed


def keep_artifact_check(uow: UnitOfWork, deployment_id: str, found_digest: str) -> bool:
    """Store what re-hashing a live file found; return whether it is the approved one.

    The same result again only moves `last_at`: bookkeeping. A result that is new has its event.
    """
    require(uow.actor, Permission.MANAGE_SETTINGS)
    deployed = uow.session.exec(
        select(DeploymentRow).where(DeploymentRow.id == deployment_id).with_for_update()
    ).one()
    ok = found_digest == deployed.artifact_digest
    last = uow.session.exec(
        select(ArtifactCheckRow)
        .where(ArtifactCheckRow.deployment_id == deployment_id)
        .order_by(col(ArtifactCheckRow.first_at).desc(), ArtifactCheckRow.id)
        .limit(1)
    ).first()
    if last is not None and last.found_digest == found_digest:
        last.last_at = uow.now
        uow.session.add(last)
        return ok
    uow.session.add(
        ArtifactCheckRow(
            id=new_id("chk"), deployment_id=deployment_id, found_digest=found_digest, ok=ok, first_at=uow.now,
            last_at=uow.now,
        )
    )  # fmt: skip
    uow.session.flush()
    uow.record(
        "artifact.verified" if ok else "artifact.differs",
        "release",
        deployed.request_id,
        {"deployment": deployment_id, "approved": deployed.artifact_digest, "found": found_digest},
    )
    return ok


def note_standing(uow: UnitOfWork, deployment_id: str) -> Standing | None:
    """Write down that a deployment's standing changed, with its reasons; return it, or none where it has not."""
    require(uow.actor, Permission.MANAGE_SETTINGS)
    locking = select(DeploymentRow.id).where(DeploymentRow.id == deployment_id).with_for_update()
    uow.session.exec(locking).first()
    found = effective.live_by_deployment(uow.session, deployment_id)
    if found is None:
        return None
    held = found.standing(uow.now)
    worth, reasons = pledges.last_standing(uow.session, deployment_id)
    if (worth, reasons) == (held.worth, held.reasons):
        return None
    served = Standing(worth, reasons, held.expires_at).serves
    uow.session.add(
        StandingRow(
            id=new_id("std"), deployment_id=deployment_id, worth=held.worth.value,
            reasons=[reason.value for reason in held.reasons], at=uow.now,
        )
    )  # fmt: skip
    uow.session.flush()
    action = "standing_changed" if served == held.serves else "restored" if held.serves else "lapsed"
    uow.record(
        f"release.{action}",
        "release",
        found.release.id,
        {
            "deployment": deployment_id,
            "use_case": found.version.use_case_slug,
            "environment": found.deployment.environment,
            "version": found.version.id,
            "before": worth.value,
            "worth": held.worth.value,
            "reasons": [reason.value for reason in held.reasons],
        },
    )
    return held


def stale_since(now: datetime, found: datetime | None, hours: int) -> bool:
    """Say whether a file must be hashed again."""
    return found is None or (now - found).total_seconds() >= hours * 3600
