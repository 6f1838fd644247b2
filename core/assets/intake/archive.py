"""ZIP files under limits: what is over one of them is not opened."""

import posixpath
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from core.assets.intake.reasons import Rejected

MOST_MEMBERS = 2_000
MOST_UNPACKED = 2 << 30
MOST_RATIO = 100
MOST_CONTENTS = 4 << 20
FREE = 1 << 20
"""Members up to this size may be packed as tightly as they like."""
COMPRESSED = (b"\x78", b"\x1f\x8b", b"BZ", b"\xfd7zXZ", b"\x5d\x00")
NESTED = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!")


@contextmanager
def opened(file: BinaryIO, *, most_members: int = MOST_MEMBERS) -> Iterator[zipfile.ZipFile]:
    """Open a ZIP after checking its table of contents; raise `Rejected`."""
    try:
        _contents(file)
        with zipfile.ZipFile(file) as members:
            _check(members.infolist(), most_members)
            yield members
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise Rejected("archive") from error


def read(members: zipfile.ZipFile, name: str, *, limit: int = MOST_UNPACKED) -> bytes:
    """Return one member's bytes; raise `Rejected` past `limit` or past what its entry promised."""
    info = members.getinfo(name)
    if info.file_size > limit:
        raise Rejected("large")
    with members.open(info) as member:
        data = member.read(info.file_size + 1)
    if len(data) != info.file_size:
        raise Rejected("archive_size", name=name[:80])
    return data


def _contents(file: BinaryIO) -> None:
    """Look at the size of the table of contents before it is read whole."""
    end = zipfile._EndRecData(file)  # type: ignore[attr-defined]  # noqa: SLF001 - as ZipFile itself finds it
    if end is None:
        raise Rejected("archive")
    if end[zipfile._ECD_SIZE] > MOST_CONTENTS:  # type: ignore[attr-defined]  # noqa: SLF001
        raise Rejected("archive_members")
    file.seek(0)


def _check(infos: list[zipfile.ZipInfo], most_members: int) -> None:
    if len(infos) > most_members:
        raise Rejected("archive_members")
    if sum(i.file_size for i in infos) > MOST_UNPACKED:
        raise Rejected("large")
    names = [i.filename for i in infos]
    if len(set(names)) != len(names):
        raise Rejected("archive_twice")
    for info in infos:
        name = info.filename
        if (
            name.startswith("/")
            or "\\" in name
            or ":" in name
            or ".." in posixpath.normpath(name).split("/")
            or "\0" in name
        ):
            raise Rejected("archive_outside")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise Rejected("archive_link")
        if info.flag_bits & 1:
            raise Rejected("archive_encrypted")
        if info.file_size > FREE and info.file_size > MOST_RATIO * max(info.compress_size, 1):
            raise Rejected("archive_ratio")
