"""The release dossier: which parts it has, and one exact way to put them into a ZIP.

Every byte of the file follows from the parts, so that whoever checks it can rebuild names, sizes, checksums, order and
directory, and refuse anything else: stored entries, one fixed time, no comments, nothing before, between or after.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath
from typing import BinaryIO

STATEMENT, ARTIFACT_SIGNATURE, BOM = "statement.json", "artifact.sig", "bom.cdx.json"
POLICY, THRESHOLDS, PROOFS, CHECKPOINT = (
    "policy.toml",
    "thresholds.json",
    "log/proofs.json",
    "log/checkpoint.note",
)
DOSSIER_KEY, ENDORSEMENT, LOG_KEY = "keys/dossier.pem", "keys/dossier.endorsement", "keys/log.vkey"
README, VERIFIER, ARTIFACT_FOLDER = "README.txt", "verify.py", "artifact"

LARGEST = 2**32 - 2**20
"""Bytes of an artifact that a plain ZIP can hold beside the other parts; a larger one is left out."""
CHUNK = 1 << 20
_FLAGS, _DATE, _MADE_BY, _MODE = 0x0800, 0x0021, 0x031E, 0o100644 << 16


@dataclass(frozen=True, slots=True)
class Part:
    """A named part held in memory; SHA-256 in hexadecimal."""

    name: str
    data: bytes

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes."""
        return sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class Streamed:
    """A part that is copied from a file while its digest is checked."""

    name: str
    source: BinaryIO
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class _Entry:
    name: bytes
    crc: int
    size: int
    offset: int


def write(sink: BinaryIO, parts: Iterable[Part | Streamed]) -> None:
    """Write the parts in their order; `sink` must be seekable. Raise `ValueError` where a file is not its digest."""
    entries: list[_Entry] = []
    offset = 0
    for part in parts:
        name = part.name.encode()
        sink.seek(offset + 30 + len(name))
        size, crc = 0, 0
        digest = sha256()
        for chunk in _chunks(part):
            sink.write(chunk)
            crc = zlib.crc32(chunk, crc)
            digest.update(chunk)
            size += len(chunk)
        if digest.hexdigest() != part.digest:
            msg = f"{part.name} is not the file that was approved"
            raise ValueError(msg)
        end = sink.tell()
        sink.seek(offset)
        sink.write(
            struct.pack("<4s5H3L2H", b"PK\3\4", 20, _FLAGS, 0, 0, _DATE, crc, size, size, len(name), 0) + name
        )
        entries.append(_Entry(name, crc, size, offset))
        offset = end
    sink.seek(offset)
    sink.write(_directory(entries, offset))
    sink.truncate()


def artifact_name(name: str) -> str:
    """Return the path of the artifact in the dossier: its own file name, where that is a plain one."""
    last = PurePosixPath(name.replace("\\", "/")).name
    plain = last.isprintable() and last not in {"", ".", ".."} and len(last.encode()) <= 200
    return f"{ARTIFACT_FOLDER}/{last if plain else 'model.bin'}"


def _directory(entries: list[_Entry], start: int) -> bytes:
    central = b"".join(
        struct.pack(
            "<4s6H3L5H2L", b"PK\1\2", _MADE_BY, 20, _FLAGS, 0, 0, _DATE, e.crc, e.size, e.size, len(e.name),
            0, 0, 0, 0, _MODE, e.offset,
        )
        + e.name
        for e in entries
    )  # fmt: skip
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, len(entries), len(entries), len(central), start, 0)
    return central + end


def _chunks(part: Part | Streamed) -> Iterator[bytes]:
    if isinstance(part, Part):
        yield part.data
        return
    while chunk := part.source.read(CHUNK):
        yield chunk
