"""That one entry is in the log: the entry, its path, and the signed note the path leads to."""

from dataclasses import dataclass

from sqlmodel import Session

from core.platform.audit import queries
from core.platform.audit.queries import KeptCheckpoint, RecordedEvent
from core.platform.store import Json


@dataclass(frozen=True, slots=True)
class Proof:
    """An entry, and its path to the root that `checkpoint` signs."""

    event: RecordedEvent
    path: tuple[bytes, ...]
    checkpoint: KeptCheckpoint

    def to_json(self) -> dict[str, Json]:
        """Return it as plain JSON values; hashes are hexadecimal."""
        return {
            "index": self.event.index,
            "body": self.event.body,
            "leaf": self.event.leaf,
            "size": self.checkpoint.size,
            "path": [node.hex() for node in self.path],
            "checkpoint": self.checkpoint.note,
            "key": self.checkpoint.key,
        }


def proof_of(session: Session, index: int) -> Proof | None:
    """Return the proof of one entry under the newest checkpoint; none while no checkpoint covers it."""
    event, last = queries.event(session, index), queries.last_checkpoint(session)
    if event is None or last is None or last.size <= index:
        return None
    return Proof(event, tuple(queries.prove_inclusion(session, index, last.size)), last)
