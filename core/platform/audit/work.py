"""Seal the log: sign its size and root, hand the note out to places that this installation cannot rewrite."""

import logging
import subprocess
from pathlib import Path

import fsspec

from core.platform.audit import commands, queries
from core.platform.audit.checkpoint import Checkpoint, public_bytes, sign, verifier_key
from core.platform.audit.keys import signing_key
from core.platform.store import SYSTEM, Store

log = logging.getLogger("aval.audit")


def seal(store: Store) -> str | None:
    """Sign a checkpoint of the log as it stands and hand it out; return the note, or none when nothing is new.

    A place that does not answer is logged and named missing in the checkpoint's row; the next checkpoint covers it.
    """
    with store.reading() as session:
        size, root = queries.head(session)
        last = queries.last_checkpoint(session)
    if size == 0 or (last is not None and last.size >= size):
        return None
    key = signing_key(store.settings)
    origin = store.settings.log_origin
    note = sign(Checkpoint(origin, size, bytes.fromhex(root)), key)
    reached = [place for place in store.settings.checkpoint_to.split() if _hand_out(place, size, note)]
    with store.unit_of_work(SYSTEM) as uow:
        commands.keep_checkpoint(
            uow,
            size=size,
            note=note,
            key=verifier_key(origin, public_bytes(key.public_key())),
            places=reached,
        )
    return note


def due(store: Store, every: int = 256, seconds: float = 60.0) -> bool:
    """Say whether enough entries or enough time lie after the last checkpoint."""
    with store.reading() as session:
        size, _ = queries.head(session)
        last = queries.last_checkpoint(session)
    if last is None:
        return size > 0
    new = size - last.size
    return new >= every or (new > 0 and (store.clock() - last.time).total_seconds() >= seconds)


def _hand_out(place: str, size: int, note: str) -> bool:
    name = f"checkpoint-{size:012d}.note"
    try:
        if place.startswith("git:"):
            folder = Path(place.removeprefix("git:"))
            (folder / name).write_text(note, encoding="utf-8")
            _git(folder, "add", name)
            _git(folder, "commit", "--quiet", "--message", f"Checkpoint of {size} entries")
        else:
            with fsspec.open(f"{place.rstrip('/')}/{name}", "w", encoding="utf-8", auto_mkdir=True) as file:
                file.write(note)
    except Exception:
        log.exception("checkpoint of %d entries did not reach %s", size, place)
        return False
    return True


def _git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=Aval", "-c", "user.email=aval@localhost")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, timeout=30)
