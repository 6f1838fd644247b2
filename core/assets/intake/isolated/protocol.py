"""What travels between the runner, its helper and a child: one JSON line with descriptors, one framed answer."""

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

META_LIMIT = 64 << 10
ARRAYS_LIMIT = 1 << 29
DTYPES = frozenset({"float64", "float32", "int64", "int32", "int8", "uint8", "bool"})
HEADER = struct.Struct("<I")
REQUEST_LIMIT = 1 << 20


class BadAnswer(Exception):
    """The child's answer breaks the protocol; the message says how."""


def encode(
    arrays: Mapping[str, np.ndarray[Any, Any]], meta: Mapping[str, Any]
) -> tuple[bytes, list[memoryview]]:
    """Return the head (length and JSON) and the arrays' bytes, in the order in which the JSON lists them."""
    whole = {name: np.ascontiguousarray(a) for name, a in arrays.items()}
    shapes = [{"name": n, "dtype": a.dtype.name, "shape": list(a.shape)} for n, a in whole.items()]
    text = json.dumps({"meta": meta, "arrays": shapes}, default=str).encode()
    if len(text) > META_LIMIT:
        text = json.dumps({"error": "answer", "text": "facts over 64 KiB"}).encode()
        whole = {}
    return HEADER.pack(len(text)) + text, [
        a.reshape(-1).view(np.uint8).data for a in whole.values() if a.size
    ]


def decode_head(text: bytes | bytearray) -> dict[str, Any]:
    """Return the JSON part of an answer; raise `BadAnswer`."""
    try:
        head = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadAnswer("no JSON") from error
    if not isinstance(head, dict):
        raise BadAnswer("no object")
    return head


def layout(head: Mapping[str, Any]) -> list[tuple[str, np.dtype[Any], tuple[int, ...], int]]:
    """Return (name, dtype, shape, bytes) of each array that follows; raise `BadAnswer` outside the limits."""
    listed = head.get("arrays")
    if not isinstance(listed, list) or len(listed) > 100:
        raise BadAnswer("no list of arrays")
    found = []
    total = 0
    for entry in listed:
        if not isinstance(entry, dict) or set(entry) != {"name", "dtype", "shape"}:
            raise BadAnswer("an odd array")
        name, dtype, shape = entry["name"], entry["dtype"], entry["shape"]
        if not isinstance(name, str) or dtype not in DTYPES or not isinstance(shape, list) or len(shape) > 4:
            raise BadAnswer("an odd array")
        if any(type(n) is not int or not 0 <= n <= ARRAYS_LIMIT for n in shape):
            raise BadAnswer("an odd shape")
        size = np.dtype(dtype).itemsize
        for n in shape:
            size *= n
        total += size
        if total > ARRAYS_LIMIT:
            raise BadAnswer("arrays over the limit")
        found.append((name, np.dtype(dtype), tuple(shape), size))
    return found
