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
DECISIONS = "release."
"""Actions after which the log is sealed at once: what people decided is worth a checkpoint of its own."""


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
    reached = [place for place in store.settings.checkpoint_to.split() if _hand_out(store, place, size, note)]
    with store.unit_of_work(SYSTEM) as uow:
        commands.keep_checkpoint(
            uow,
            size=size,
            note=note,
            key=verifier_key(origin, public_bytes(key.public_key())),
            places=reached,
        )
    return note


def due(store: Store, every: int = 256, seconds: float = 60.0, at_once: str = DECISIONS) -> bool:
    """Say whether enough entries, enough time or an action that begins with `at_once` lie after the last checkpoint."""
    with store.reading() as session:
        size, _ = queries.head(session)
        last = queries.last_checkpoint(session)
        new = size - (last.size if last else 0)
        if new <= 0 or last is None:
            return new > 0
        if new >= every or (store.clock() - last.time).total_seconds() >= seconds:
            return True
        return queries.happened_since(session, last.size, at_once)


def note_name(size: int) -> str:
    """Name of a handed-out note; names sort as sizes do."""
    return f"checkpoint-{size:012d}.note"


def leaves_name(size: int) -> str:
    """Name of the leaf hashes beside a note: 32 bytes each, from the note before it that reached the same place."""
    return f"leaves-{size:012d}.bin"


def write_beside(
    store: Store, folder: Path, size: int, note: str, *, since: int = 0, named: str = ""
) -> None:
    """Write a note and the leaf hashes of entries [since, size) into a local folder."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_leaves(store, str(folder / leaves_name(size)), since, size)
    (folder / (named or note_name(size))).write_text(note, encoding="utf-8")


def _hand_out(store: Store, place: str, size: int, note: str) -> bool:
    with store.reading() as session:
        reached = (c.size for c in queries.checkpoints(session, limit=1_000) if place in c.places)
        since = next(reached, 0)
    try:
        if place.startswith("git:"):
            folder = Path(place.removeprefix("git:"))
            write_beside(store, folder, size, note, since=since)
            _git(folder, "add", note_name(size), leaves_name(size))
            _git(folder, "commit", "--quiet", "--message", f"Checkpoint of {size} entries")
        else:
            root = place.rstrip("/")
            _write_leaves(store, f"{root}/{leaves_name(size)}", since, size)
            with fsspec.open(f"{root}/{note_name(size)}", "w", encoding="utf-8", auto_mkdir=True) as file:
                file.write(note)
    except Exception:
        log.exception("checkpoint of %d entries did not reach %s", size, place)
        return False
    return True


def _write_leaves(store: Store, url: str, since: int, size: int) -> None:
    with store.reading() as session, fsspec.open(url, "wb", auto_mkdir=True) as file:
        for leaf in queries.leaves(session, since, size):
            file.write(leaf)


def _git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=Aval", "-c", "user.email=aval@localhost")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, timeout=30)
