"""Write beside the log. A checkpoint is about the log and therefore no entry of it."""

from sqlmodel import select

from core.platform.audit.tables import AuditCheckpoint
from core.platform.store import UnitOfWork


def keep_checkpoint(uow: UnitOfWork, *, size: int, note: str, key: str, places: list[str]) -> None:
    """Keep a signed note; one that is already kept stays as it is."""
    if uow.session.exec(select(AuditCheckpoint.size).where(AuditCheckpoint.size == size)).first() is None:
        uow.session.add(AuditCheckpoint(size=size, note=note, key=key, time=uow.now, places=places))
