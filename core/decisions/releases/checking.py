"""Judge the gates on demand: for continuous integration, and before anybody is asked. Decides nothing."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from core.assets.registry import queries as registry
from core.decisions.releases import facts
from core.decisions.releases.gates import Comparison, GateKind, GateVerdict, Verdict
from core.decisions.releases.tables import GateCheckRow
from core.errors import NotFound
from core.i18n import N_
from core.ids import new_id
from core.platform.access.permissions import Permission, require
from core.platform.jobs.commands import enqueue
from core.platform.store import UnitOfWork


@dataclass(frozen=True, slots=True)
class Check:
    """What the gates of a version for an environment said; empty while the job runs."""

    id: str
    version_id: str
    environment: str
    policy_digest: str
    asked_at: datetime
    judged_at: datetime | None
    verdicts: tuple[GateVerdict, ...]

    @property
    def passes(self) -> bool:
        """Whether it was judged and nothing blocks."""
        return self.judged_at is not None and not any(v.blocks for v in self.verdicts)


def check_gates(uow: UnitOfWork, *, version_id: str, environment: str) -> str:
    """Have the gates of a version judged against its sealed thresholds; return the check's id."""
    require(uow.actor, Permission.REQUEST_RELEASE)
    version = registry.version(uow.session, version_id)
    sealed = facts.thresholds_of(uow.session, version, environment)
    row = GateCheckRow(
        id=new_id("check"), version_id=version_id, environment=environment, policy_digest=sealed.policy_digest,
        asked_by=uow.actor.id, asked_at=uow.now, verdicts=[],
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    enqueue(uow, "releases.check", "version", version_id, {"check_id": row.id})
    uow.record("gates.asked", "version", version_id, {"check": row.id, "environment": environment})
    return row.id


def keep_check(uow: UnitOfWork, check_id: str, verdicts: Sequence[GateVerdict]) -> None:
    """Store what the gates said."""
    require(uow.actor, Permission.REQUEST_RELEASE)
    row = uow.session.get(GateCheckRow, check_id)
    if row is None or row.judged_at is not None:
        return
    row.verdicts = [asdict(v) for v in verdicts]
    row.judged_at = uow.now
    uow.session.add(row)
    uow.record(
        "gates.answered",
        "version",
        row.version_id,
        {"check": row.id, "gates": {v.kind.value: v.verdict.value for v in verdicts}},
    )


def check(session: Session, check_id: str) -> Check:
    """Return a check; raise `NotFound`."""
    row = session.get(GateCheckRow, check_id)
    if row is None:
        raise NotFound("check.unknown", N_("There is no check {id}."), id=check_id)
    return Check(
        row.id, row.version_id, row.environment, row.policy_digest, row.asked_at, row.judged_at,
        tuple(_verdict(v) for v in row.verdicts),
    )  # fmt: skip


def _verdict(stored: dict[str, Any]) -> GateVerdict:
    typed = {
        "kind": GateKind(stored["kind"]),
        "verdict": Verdict(stored["verdict"]),
        "comparison": Comparison(stored["comparison"]),
    }
    return GateVerdict(**{**stored, **typed})
