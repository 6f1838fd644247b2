"""Files by content: each lies under the SHA-256 of its bytes, in a folder or in object storage."""

import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

import fsspec

from core.errors import NotFound, TooLarge
from core.i18n import N_
from core.platform.store.full import answered_when_full

if sys.platform != "win32":
    import fcntl

CHUNK = 1 << 20
INCOMING = ".incoming-"
SETTLED_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What arrived: SHA-256 in hexadecimal and length in bytes."""

    digest: str
    size: int


class Writer:
    """Takes chunks to a temporary file while hashing them; `finish` gives the file its name.

    What is not finished leaves nothing behind.
    """

    def __init__(self, files: "Files", file: IO[bytes], limit: int | None) -> None:
        self._files = files
        self._file = file
        self._limit = limit
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, chunk: bytes) -> None:
        """Append a chunk; raise `TooLarge` past the limit."""
        self.size += len(chunk)
        if self._limit is not None and self.size > self._limit:
            raise TooLarge(
                "file.too_large",
                N_("The file is larger than the limit of {limit} MiB."),
                fix=N_("Send a smaller file, or ask the administrator to raise AVAL_UPLOAD_MIB."),
                limit=self._limit >> 20,
            )
        self._hash.update(chunk)
        self._file.write(chunk)

    @property
    def path(self) -> Path:
        """Where the bytes lie so far, for whoever examines them before they are kept."""
        self._file.flush()
        return Path(self._file.name)

    def finish(self) -> StoredFile:
        """Make the bytes durable under their digest and return it."""
        self._file.flush()
        os.fsync(self._file.fileno())
        digest = self._hash.hexdigest()
        self._files._adopt(Path(self._file.name), digest)  # noqa: SLF001 - the writer is the store's own hand
        return StoredFile(digest, self.size)


class Files:
    """The content-addressed store under one URL; a local folder, or anything fsspec opens.

    `cache` is the local folder in which temporary and, for a remote store, fetched files lie.
    """

    def __init__(self, url: str, cache: Path) -> None:
        self._local = Path(url) if "://" not in url else None
        if self._local is None:
            self._remote, self._root = fsspec.core.url_to_fs(url)
        else:
            self._local.mkdir(parents=True, exist_ok=True)
        self._cache = cache
        self._cache.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def writer(self, limit: int | None = None) -> Iterator[Writer]:
        """Open a writer; `limit` is in bytes."""
        with (
            answered_when_full(),
            tempfile.NamedTemporaryFile(dir=self._incoming, prefix=INCOMING, delete=False) as file,
        ):
            _hold(file)
            try:
                yield Writer(self, file, limit)
            finally:
                Path(file.name).unlink(missing_ok=True)

    def sweep(self) -> int:
        """Remove what killed processes left half-written; return how many files.

        A writer that lives holds a lock on its file; one that is a moment old may not have taken it yet.
        """
        swept = 0
        for path in self._incoming.glob(f"{INCOMING}*"):
            with suppress(OSError), path.open("rb") as file:
                if time.time() - path.stat().st_mtime > SETTLED_SECONDS and _hold(file):
                    path.unlink()
                    swept += 1
        return swept

    def put_bytes(self, data: bytes) -> StoredFile:
        """Store bytes held in memory."""
        with self.writer() as writer:
            writer.write(data)
            return writer.finish()

    def put_path(self, path: Path) -> StoredFile:
        """Store a copy of a local file."""
        with self.writer() as writer, path.open("rb") as source:
            while chunk := source.read(CHUNK):
                writer.write(chunk)
            return writer.finish()

    def remove(self, digest: str) -> None:
        """Take a file out of the store and the cache; one that is not there is none to take."""
        if self._local is not None:
            self._named(self._local, digest).unlink(missing_ok=True)
            return
        self._named(self._cache, digest).unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            self._remote.rm_file(self._key(digest))

    def exists(self, digest: str) -> bool:
        """Say whether the store holds this digest."""
        if self._local is not None:
            return self._named(self._local, digest).exists()
        return bool(self._remote.exists(self._key(digest)))

    def path(self, digest: str) -> Path:
        """Return a local path to the bytes; a remote file is fetched into the cache once. Raise `NotFound`."""
        if not self.exists(digest):
            raise NotFound(
                "file.missing",
                N_("The file {digest} is not in the store."),
                fix=N_("Restore it from a backup, or upload it again."),
                digest=digest[:12],
            )
        if self._local is not None:
            return self._named(self._local, digest)
        target = self._named(self._cache, digest)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            with (
                tempfile.NamedTemporaryFile(dir=self._cache, delete=False) as file,
                self._remote.open(self._key(digest), "rb") as source,
            ):
                shutil.copyfileobj(source, file, CHUNK)
            Path(file.name).replace(target)
        return target

    def open(self, digest: str) -> BinaryIO:
        """Open the bytes for reading."""
        return self.path(digest).open("rb")

    def size(self, digest: str) -> int:
        """Return the length in bytes."""
        return self.path(digest).stat().st_size

    def digests(self) -> Iterator[str]:
        """Yield the digest of every file in the store."""
        if self._local is not None:
            paths = (path.name for path in self._local.glob("??/*"))
        else:
            paths = (str(path).rsplit("/", 1)[-1] for path in self._remote.find(self._root))
        yield from sorted(name for name in paths if len(name) == hashlib.sha256().digest_size * 2)

    @property
    def _incoming(self) -> Path:
        return self._local if self._local is not None else self._cache

    def _adopt(self, temporary: Path, digest: str) -> None:
        if self._local is not None:
            target = self._named(self._local, digest)
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary.replace(target)
            _sync_folder(target.parent)
        elif not self.exists(digest):
            with temporary.open("rb") as source, self._remote.open(self._key(digest), "wb") as target_file:
                shutil.copyfileobj(source, target_file, CHUNK)

    def _key(self, digest: str) -> str:
        return f"{self._root}/{digest[:2]}/{digest}"

    @staticmethod
    def _named(folder: Path, digest: str) -> Path:
        return folder / digest[:2] / digest


def _hold(file: IO[bytes]) -> bool:
    """Take the file's lock, kept until it is closed or its process dies; False where another has it.

    Where the system has no such lock, nothing is ever swept.
    """
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
