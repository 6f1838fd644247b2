"""The `MLmodel` file of an MLflow model: the part of YAML that MLflow writes, read as plain data.

Mappings, lists, quoted and plain scalars and folded text, nothing else: no anchors, tags, aliases or flow style beyond
JSON. A line outside this part is refused, so nothing is guessed.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from core.assets.intake.reasons import Rejected

MOST_BYTES = 1 << 20
MOST_DEPTH = 20
Value = object

_KEY = re.compile(
    r"""(?P<key>"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#&*!|>'"%@`{}\[\],?:-][^:#]*?|[A-Za-z_][^:#]*?):(?:\s+(?P<rest>.*))?$"""
)


@dataclass(frozen=True, slots=True)
class _Line:
    indent: int
    text: str


def parse(data: bytes) -> dict[str, Value]:
    """Return the top mapping; raise `Rejected` for what is outside the part of YAML that MLflow writes."""
    if len(data) > MOST_BYTES:
        raise Rejected("mlmodel", text="over 1 MiB")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Rejected("mlmodel", text="not UTF-8") from error
    lines = list(_lines(text))
    found, rest = _block(lines, 0, 0)
    if rest != len(lines) or not isinstance(found, dict):
        raise _odd(lines[rest].text if rest < len(lines) else "no mapping")
    return found


def _lines(text: str) -> Iterator[_Line]:
    for raw in text.splitlines():
        stripped = raw.strip()
        if not stripped or stripped.startswith("#") or stripped == "---":
            continue
        if "\t" in raw[: len(raw) - len(raw.lstrip())]:
            raise _odd(raw)
        yield _Line(len(raw) - len(raw.lstrip(" ")), stripped)


def _block(lines: list[_Line], at: int, depth: int) -> tuple[Value, int]:
    if depth > MOST_DEPTH:
        raise Rejected("mlmodel", text="nested too deep")
    if at >= len(lines):
        return None, at
    if lines[at].text == "-" or lines[at].text.startswith("- "):
        return _list(lines, at, depth)
    return _mapping(lines, at, depth)


def _mapping(lines: list[_Line], at: int, depth: int) -> tuple[Value, int]:
    indent = lines[at].indent
    found: dict[str, Value] = {}
    while at < len(lines) and lines[at].indent == indent and not lines[at].text.startswith("- "):
        matched = _KEY.match(lines[at].text)
        if matched is None:
            raise _odd(lines[at].text)
        key = str(_scalar(matched["key"].strip()))
        rest = (matched["rest"] or "").strip()
        if key in found:
            raise _odd(f"{key} twice")
        at += 1
        if rest in {"|", "|-", ">", ">-", "|+", ">+"}:
            taken, at = _taken(lines, at, indent)
            found[key] = ("\n" if rest[0] == "|" else " ").join(taken)
        elif rest:
            taken, at = _taken(lines, at, indent)
            found[key] = _scalar(" ".join([rest, *taken]))
        else:
            listed = at < len(lines) and lines[at].indent == indent and lines[at].text.startswith("-")
            if listed or (at < len(lines) and lines[at].indent > indent):
                found[key], at = _block(lines, at, depth + 1)
            else:
                found[key] = None
    return found, at


def _list(lines: list[_Line], at: int, depth: int) -> tuple[Value, int]:
    indent = lines[at].indent
    found: list[Value] = []
    while at < len(lines) and lines[at].indent == indent and lines[at].text.startswith("-"):
        rest = lines[at].text[1:].strip()
        if not rest:
            value, at = _block(lines, at + 1, depth + 1)
        elif _KEY.match(rest) and not rest.startswith(("'", '"', "{", "[")):
            inner = indent + len(lines[at].text) - len(rest)
            lines[at] = _Line(inner, rest)
            value, at = _block(lines, at, depth + 1)
        else:
            taken, at = _taken(lines, at + 1, indent)
            value = _scalar(" ".join([rest, *taken]))
        found.append(value)
    return found, at


def _taken(lines: list[_Line], at: int, indent: int) -> tuple[list[str], int]:
    """Return the lines that carry a scalar on: those further in."""
    taken = []
    while at < len(lines) and lines[at].indent > indent:
        taken.append(lines[at].text)
        at += 1
    return taken, at


def _scalar(text: str) -> Value:
    if text.startswith("'"):
        if len(text) < 2 or not text.endswith("'"):
            raise _odd(text)
        return text[1:-1].replace("''", "'")
    if text.startswith(('"', "{", "[")):
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            if text in {"{}", "[]"} or not text.startswith('"'):
                raise _odd(text) from error
            return text[1:-1]
    if text.startswith(("&", "*", "!", "%", "@", "`")):
        raise _odd(text)
    words: dict[str, Value] = {"null": None, "~": None, "true": True, "false": False}
    if text in words:
        return words[text]
    if re.fullmatch(r"-?\d{1,18}", text):
        return int(text)
    return text


def _odd(text: str) -> Rejected:
    return Rejected("mlmodel", text=text[:60])
