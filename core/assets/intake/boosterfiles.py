"""Reading boosters' own files as data: XGBoost JSON and UBJSON, LightGBM text, CatBoost cbm.

None of them holds code. Reading here says what the file is and that it is whole; the library's own reader runs in the
isolated child alone.
"""

import json
import re
import struct
from typing import BinaryIO, cast

from core.assets.intake import structure
from core.assets.intake.reasons import Rejected
from core.assets.intake.stubs import Name

Facts = dict[str, object]
MOST_JSON = 512 << 20
_FIXED = {
    b"Z": 0,
    b"N": 0,
    b"T": 0,
    b"F": 0,
    b"i": 1,
    b"U": 1,
    b"C": 1,
    b"I": 2,
    b"l": 4,
    b"L": 8,
    b"d": 4,
    b"D": 8,
}
_COUNTS = {b"i": ">b", b"U": ">B", b"I": ">h", b"l": ">i", b"L": ">q"}
MOST_DEPTH = 60
MOST_VALUES = 3_000_000
"""Values outside typed arrays: a hundred thousand trees have fewer."""
_NUMBERS = re.compile(rb"\[[0-9eE+.,\s-]+\]")


def xgboost(file: BinaryIO) -> tuple[frozenset[Name], Facts]:
    """Return the objective as a name, and the facts; raise `Rejected`."""
    file.seek(0)
    data = file.read(MOST_JSON + 1)
    if len(data) > MOST_JSON:
        raise Rejected("large")
    found = _ubjson(data) if data[:1] == b"{" and data[1:2] in _COUNTS and data[2:3] != b'"' else _json(data)
    learner = found.get("learner") if isinstance(found, dict) else None
    objective = learner.get("objective") if isinstance(learner, dict) else None
    name = objective.get("name") if isinstance(objective, dict) else None
    if not isinstance(name, str) or not isinstance(learner, dict) or "gradient_booster" not in learner:
        raise _odd("XGBoost")
    version = found.get("version") if isinstance(found, dict) else None
    return _answer("xgboost", name, ".".join(map(str, version)) if isinstance(version, list) else "")


def _json(data: bytes) -> object:
    """Read JSON without its numbers: lists of them are nearly all of a model, and nothing of them is asked for."""
    if data.count(b"[") + data.count(b"{") > MOST_VALUES:
        raise Rejected("nested")
    text = _NUMBERS.sub(b"[]", data)
    structure.require_small(text)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _odd("XGBoost") from error


def lightgbm(file: BinaryIO) -> tuple[frozenset[Name], Facts]:
    """Return the objective as a name, and the facts; raise `Rejected`."""
    file.seek(0)
    head = file.read(64 << 10).decode("utf-8", "replace").replace("\r\n", "\n")
    whole = _holds(file, b"\nend of trees")
    objective = re.search(r"^objective=(\S{1,60})", head, re.MULTILINE)
    if not whole or not re.search(r"^max_feature_idx=\d", head, re.MULTILINE):
        raise _odd("LightGBM")
    version = re.search(r"^version=(\S{1,20})", head, re.MULTILINE)
    return _answer("lightgbm", objective[1] if objective else "none", version[1] if version else "")


def catboost(file: BinaryIO) -> tuple[frozenset[Name], Facts]:
    """Return the loss function as a name, and the facts; raise `Rejected`."""
    file.seek(0)
    data = file.read(MOST_JSON + 1)
    if len(data) < 16 or len(data) > MOST_JSON or 8 + struct.unpack("<I", data[4:8])[0] > len(data):
        raise _odd("CatBoost")
    loss = re.search(rb'"loss_function":\{"type":"([A-Za-z0-9_]{1,60})"', data)
    version = re.search(rb"catboost_version_info.{0,200}?v?(\d+\.\d+\.\d+)", data, re.DOTALL)
    return _answer(
        "catboost", loss[1].decode() if loss else "unknown", version[1].decode() if version else ""
    )


def _holds(file: BinaryIO, wanted: bytes) -> bool:
    """Whether `wanted` stands somewhere in the file; read in parts, for a line may be as long as the file."""
    file.seek(0)
    rest = b""
    while part := file.read(1 << 20):
        if wanted in rest + part:
            return True
        rest = part[-len(wanted) :]
    return False


def _answer(library: str, objective: str, version: str) -> tuple[frozenset[Name], Facts]:
    facts: Facts = {"objective": objective[:60]}
    if version:
        facts[f"{library}_format" if library == "lightgbm" else library] = version[:40]
    return frozenset({(library, objective[:60])}), facts


def _odd(library: str) -> Rejected:
    return Rejected("booster", library=library)


class _Reader:
    """Universal Binary JSON as XGBoost writes it: arrays of one type are stepped over, not unpacked."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0
        # Bare values are as long as their marks; a tree spends far more bytes on each.
        self._left = min(100_000 + len(data) // 32, MOST_VALUES)

    def take(self, size: int) -> bytes:
        end = self.at + size
        if size < 0 or end > len(self._data):
            raise _odd("XGBoost")
        found = self._data[self.at : end]
        self.at = end
        return found

    def skip(self, size: int) -> None:
        if size < 0 or self.at + size > len(self._data):
            raise _odd("XGBoost")
        self.at += size

    def peek(self) -> bytes:
        return self._data[self.at : self.at + 1]

    def count(self) -> int:
        shape = _COUNTS.get(self.take(1))
        if shape is None:
            raise _odd("XGBoost")
        return int(struct.unpack(shape, self.take(struct.calcsize(shape)))[0])

    def text(self) -> str:
        return self.take(self.count()).decode("utf-8", "replace")

    def value(self, mark: bytes, depth: int) -> object:
        self._left -= 1
        if depth > MOST_DEPTH or self._left < 0:
            raise Rejected("nested")
        if mark == b"S":
            return self.text()
        if mark == b"{":
            return self.mapping(depth)
        if mark == b"[":
            return self.array(depth)
        if mark in _COUNTS:
            shape = _COUNTS[mark]
            return int(struct.unpack(shape, self.take(struct.calcsize(shape)))[0])
        if mark not in _FIXED:
            raise _odd("XGBoost")
        self.skip(_FIXED[mark])
        return None

    def mapping(self, depth: int) -> dict[str, object]:
        found: dict[str, object] = {}
        left = self._size()
        while left is None or left > 0:
            if left is None and self.peek() == b"}":
                self.at += 1
                return found
            key = self.text()
            found[key] = self.value(self.take(1), depth + 1)
            left = None if left is None else left - 1
        return found

    def array(self, depth: int) -> list[object]:
        mark = b""
        if self.peek() == b"$":
            self.at += 1
            mark = self.take(1)
        left = self._size()
        if mark:
            if left is None or mark not in _FIXED:
                raise _odd("XGBoost")
            self.skip(left * _FIXED[mark])
            return []
        found: list[object] = []
        while left is None or left > 0:
            if left is None and self.peek() == b"]":
                self.at += 1
                return found
            found.append(self.value(self.take(1), depth + 1))
            left = None if left is None else left - 1
        return found

    def _size(self) -> int | None:
        if self.peek() != b"#":
            return None
        self.at += 1
        return self.count()


def _ubjson(data: bytes) -> dict[str, object]:
    reader = _Reader(data)
    found = reader.value(reader.take(1), 0)
    if reader.at != len(data):
        raise _odd("XGBoost")
    return cast("dict[str, object]", found)
