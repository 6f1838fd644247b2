"""Undoing the compression that joblib writes, under limits and without bytes left over."""

import bz2
import io
import lzma
import zlib
from typing import BinaryIO

from core.assets.intake.reasons import Rejected

MOST_UNPACKED = 2 << 30
MOST_RATIO = 100
FREE = 64 << 20
"""Up to this many bytes may come out of a file however small."""
CHUNK = 1 << 20


def unpacked(file: BinaryIO, *, limit: int = MOST_UNPACKED) -> BinaryIO:
    """Return a seekable file of the pickle itself: the same file where it is not compressed.

    The compression is told as joblib tells it, by the first bytes; one layer only. Raise `Rejected` when the
    stream is damaged, expands over the limits, or is followed by more bytes.
    """
    file.seek(0)
    head = file.read(8)
    file.seek(0)
    machine = _machine(head)
    if machine is None:
        return file
    out = io.BytesIO()
    taken = 0
    try:
        while not machine.eof:
            chunk = file.read(CHUNK)
            if not chunk:
                raise Rejected("compressed_cut")
            taken += len(chunk)
            _drain(machine, chunk, out, taken, limit)
    except (zlib.error, OSError, EOFError, lzma.LZMAError, ValueError) as error:
        raise Rejected("compressed") from error
    if machine.unused_data or file.read(1):
        raise Rejected("compressed_tail")
    out.seek(0)
    return out


def _machine(head: bytes) -> "_Machine | None":
    if head.startswith(b"\x78"):
        return _Zlib(zlib.MAX_WBITS)
    if head.startswith(b"\x1f\x8b"):
        return _Zlib(zlib.MAX_WBITS | 16)
    if head.startswith(b"BZ"):
        return bz2.BZ2Decompressor()
    if head.startswith(b"\xfd7zXZ"):
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=1 << 28)
    if head.startswith(b"\x5d\x00"):
        return lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=1 << 28)
    return None


class _Zlib:
    """zlib with the manner of the other two: input that does not fit yet is kept inside."""

    def __init__(self, wbits: int) -> None:
        self._inner = zlib.decompressobj(wbits)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


def _drain(
    machine: "_Machine",
    chunk: bytes,
    out: io.BytesIO,
    taken: int,
    limit: int,
) -> None:
    while True:
        out.write(machine.decompress(chunk, CHUNK))
        if out.tell() > limit:
            raise Rejected("large")
        if out.tell() > FREE and out.tell() > MOST_RATIO * taken:
            raise Rejected("compressed_ratio")
        chunk = b""
        if machine.eof or machine.needs_input:
            return


_Machine = _Zlib | bz2.BZ2Decompressor | lzma.LZMADecompressor
