"""Canonical JSON (RFC 8785) over the part of JSON the log allows: no floats, integers below 2^53."""

import json
from collections.abc import Mapping, Sequence

from core.platform.store import Json

_LARGEST = 2**53 - 1


def encode(value: Json) -> bytes:
    """Return the one byte string that stands for `value`.

    Keys are ASCII, so that sorting by code point equals RFC 8785's sorting by UTF-16 unit. Numbers with a
    fraction travel as decimal strings. Raises `TypeError` or `ValueError` on anything else.
    """
    _check(value, "")
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain, allow_nan=False
    ).encode()


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    msg = f"{type(value).__name__} cannot enter the audit log"
    raise TypeError(msg)


def _check(value: object, path: str) -> None:
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        value.encode("utf-8")
    elif isinstance(value, int):
        if abs(value) > _LARGEST:
            msg = f"integer beyond 2^53 at {path or '/'}"
            raise ValueError(msg)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str) or not key.isascii():
                msg = f"key {key!r} at {path or '/'} is not ASCII text"
                raise ValueError(msg)
            _check(item, f"{path}/{key}")
    elif isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        for index, item in enumerate(value):
            _check(item, f"{path}/{index}")
    else:
        msg = f"{type(value).__name__} at {path or '/'} cannot enter the audit log"
        raise TypeError(msg)
