"""Back up a running installation, and restore it elsewhere, on either engine.

A backup is a folder: `manifest.json`, `rows/<table>.jsonl` from one snapshot of the database, and `files/` by content.
Files are written before the rows that name them, so the files copied after the snapshot hold all that it names. A second
backup into the same folder copies only what is new.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, DateTime, LargeBinary, Numeric, Table, delete, insert, select
from sqlmodel import SQLModel

from core.errors import Conflict, Invalid
from core.i18n import N_
from core.platform.store.columns import UtcDateTime
from core.platform.store.migrate import import_tables, newest
from core.platform.store.unit_of_work import Store

LEFT_OUT = frozenset(
    {
        "session", "ticket", "sign_in_attempt", "worker", "person_key", "webhook_secret",
        "search_entry", "search_author", "search_cursor",
    }
)  # fmt: skip
"""Ways in and signs of life end with a restore; personal keys have a backup of their own, so that erased stays erased.
Secrets of webhooks are renewed: a backup lets nobody speak in our name. The index of words is made again."""

BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds: the form of its tables, rows by table, files, and when it was taken."""

    revision: str
    taken_at: str
    rows: dict[str, int]
    files: int
    bytes: int


def backup(store: Store, target: Path) -> Manifest:
    """Write a backup into `target`, while others go on writing."""
    import_tables()
    rows_folder = target / "rows"
    rows_folder.mkdir(parents=True, exist_ok=True)
    counts = {}
    with store.reading() as session:
        connection = session.connection()
        for table in _tables():
            counts[table.name] = _dump(connection, table, rows_folder / f"{table.name}.jsonl")
    number = total = 0
    for digest in store.files.digests():
        copy = target / "files" / digest[:2] / digest
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            partial = copy.with_suffix(".part")
            with store.files.open(digest) as source, partial.open("wb") as sink:
                while chunk := source.read(1 << 20):
                    sink.write(chunk)
            partial.replace(copy)
        number += 1
        total += copy.stat().st_size
    manifest = Manifest(newest() or "", store.clock().isoformat(), counts, number, total)
    (target / "manifest.json").write_text(json.dumps(asdict(manifest), indent=1) + "\n", encoding="utf-8")
    return manifest


def restore(store: Store, source: Path) -> Manifest:
    """Fill an empty, migrated store from a backup, re-hashing every file.

    Raises `Invalid` when the folder holds no backup, one of another revision, or a file that is not what its name says;
    `Conflict` when the store is not empty.
    """
    import_tables()
    manifest = _manifest(source)
    for path in sorted((source / "files").rglob("*")):
        if path.is_file() and store.files.put_path(path).digest != path.name:
            raise Invalid(
                "backup.file_altered",
                N_("The file {name} in the backup is not what its name says."),
                fix=N_("Use another copy of this backup."),
                name=path.name[:12],
            )
    with store.engine.begin() as connection:
        log = SQLModel.metadata.tables["audit_event"]
        if connection.execute(select(log.c.idx).limit(1)).first() is not None:
            raise Conflict(
                "backup.store_in_use",
                N_("This store is in use; a backup is restored into an empty one."),
                fix=N_("Name a new folder or an empty database."),
            )
        for table in _tables():
            connection.execute(delete(table))
            _load(connection, table, source / "rows" / f"{table.name}.jsonl")
    return manifest


def scrub(store: Store) -> list[str]:
    """Re-hash every file; return the digests whose bytes have changed."""
    altered = []
    for digest in store.files.digests():
        with store.files.path(digest).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                altered.append(digest)
    return altered


def _manifest(source: Path) -> Manifest:
    path = source / "manifest.json"
    if not path.exists():
        raise Invalid(
            "backup.none",
            N_("There is no backup in {folder}."),
            fix=N_("Name the folder that `aval backup` wrote."),
            folder=str(source),
        )
    manifest = Manifest(**json.loads(path.read_text(encoding="utf-8")))
    if manifest.revision != newest():
        raise Invalid(
            "backup.revision",
            N_("The backup was written by another version of Aval ({theirs}; this one is {ours})."),
            fix=N_("Restore it with the version that wrote it, then run `aval migrate`."),
            theirs=manifest.revision,
            ours=newest(),
        )
    return manifest


def _tables() -> Iterator[Table]:
    yield from (table for table in SQLModel.metadata.sorted_tables if table.name not in LEFT_OUT)


def _dump(connection: Connection, table: Table, path: Path) -> int:
    count = 0
    found = connection.execution_options(yield_per=BATCH).execute(select(table).order_by(*table.primary_key))
    with path.open("w", encoding="utf-8") as file:
        for row in found.mappings():
            file.write(
                json.dumps({key: _plain(value) for key, value in row.items()}, ensure_ascii=False) + "\n"
            )
            count += 1
    return count


def _load(connection: Connection, table: Table, path: Path) -> None:
    batch = []
    with path.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            batch.append({column.name: _typed(column.type, row.get(column.name)) for column in table.columns})
            if len(batch) == BATCH:
                connection.execute(insert(table), batch)
                batch = []
    if batch:
        connection.execute(insert(table), batch)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Decimal):
        return str(value)
    return value


def _typed(kind: object, value: Any) -> object:
    if value is None:
        return None
    if isinstance(kind, UtcDateTime | DateTime):
        return datetime.fromisoformat(value)
    if isinstance(kind, LargeBinary):
        return base64.b64decode(value)
    if isinstance(kind, Numeric) and isinstance(value, str):
        return Decimal(value)
    return value
