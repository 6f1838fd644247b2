"""Write beside the log. A checkpoint is about the log and therefore no entry of it."""

from sqlmodel import select

from core.platform.audit.tables import AuditCheckpoint
from core.platform.store import UnitOfWork

KEY_ROTATED = "audit.key_rotated"


def keep_checkpoint(uow: UnitOfWork, *, size: int, note: str, key: str, places: list[str]) -> None:
    """Keep a signed note; one that is already kept stays as it is."""
    if uow.session.exec(select(AuditCheckpoint.size).where(AuditCheckpoint.size == size)).first() is None:
        uow.session.add(AuditCheckpoint(size=size, note=note, key=key, time=uow.now, places=places))


def record_rotation(uow: UnitOfWork, *, old: str, new: str, endorsed: str, acknowledged: str) -> None:
    """Record that the log is signed by another key from here on; `rotation` makes and reads the signatures."""
    uow.record(
        KEY_ROTATED,
        "log_key",
        new.split("+", 2)[1],
        {"old": old, "new": new, "endorsed_by_old": endorsed, "acknowledged_by_new": acknowledged},
    )
