"""Note which evidence a person who may sign has opened: bookkeeping, without an audit event until they sign."""

from sqlmodel import col, delete

from core.decisions.releases.oversight import KEPT, Part
from core.decisions.releases.tables import EvidenceViewRow
from core.platform.access.permissions import Permission, allowed
from core.platform.store import UnitOfWork


def note_opened(uow: UnitOfWork, version_id: str, part: Part) -> None:
    """Note that the actor opened a part of a version's evidence; of others than signers nothing is kept.

    What lies back longer than `oversight.KEPT` is forgotten on the way.
    """
    if not allowed(uow.actor, Permission.DECIDE_RELEASE):
        return
    uow.session.exec(delete(EvidenceViewRow).where(col(EvidenceViewRow.last_at) < uow.now - KEPT))
    row = uow.session.get(EvidenceViewRow, (version_id, uow.actor.id, part.value))
    if row is None:
        row = EvidenceViewRow(
            version_id=version_id, person_id=uow.actor.id, part=part.value, first_at=uow.now, last_at=uow.now
        )
    row.last_at = uow.now
    uow.session.add(row)
