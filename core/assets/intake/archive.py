"""ZIP files under limits: what is over one of them is not opened."""

import posixpath
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

MOST_MEMBERS = 2_000
MOST_UNPACKED = 2 << 30
MOST_RATIO = 100
FREE = 1 << 20
"""Members up to this size may be packed as tightly as they like."""
NESTED = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!")


class BadArchive(Exception):
    """The archive breaks a rule; the message says which."""


@contextmanager
def opened(file: BinaryIO, *, most_members: int = MOST_MEMBERS) -> Iterator[zipfile.ZipFile]:
    """Open a ZIP after checking its table of contents; raise `BadArchive`."""
    try:
        with zipfile.ZipFile(file) as members:
            _check(members.infolist(), most_members)
            yield members
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise BadArchive(str(error)) from error


def read(members: zipfile.ZipFile, name: str, *, limit: int = MOST_UNPACKED) -> bytes:
    """Return one member's bytes; raise `BadArchive` past `limit` or past what its entry promised."""
    info = members.getinfo(name)
    if info.file_size > limit:
        raise BadArchive(f"{name[:80]} is too large")
    with members.open(info) as member:
        data = member.read(info.file_size + 1)
    if len(data) != info.file_size:
        raise BadArchive(f"{name[:80]} is not as large as it says")
    return data


def _check(infos: list[zipfile.ZipInfo], most_members: int) -> None:
    if len(infos) > most_members:
        raise BadArchive("too many members")
    if sum(i.file_size for i in infos) > MOST_UNPACKED:
        raise BadArchive("too large when unpacked")
    names = [i.filename for i in infos]
    if len(set(names)) != len(names):
        raise BadArchive("two members of the same name")
    for info in infos:
        name = info.filename
        if (
            name.startswith("/")
            or "\\" in name
            or ":" in name
            or ".." in posixpath.normpath(name).split("/")
            or "\0" in name
        ):
            raise BadArchive("a member outside its folder")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise BadArchive("a symbolic link")
        if info.flag_bits & 1:
            raise BadArchive("an encrypted member")
        if info.file_size > FREE and info.file_size > MOST_RATIO * max(info.compress_size, 1):
            raise BadArchive("a member packed more than 100 times")
