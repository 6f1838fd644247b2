"""Writing a policy: where an error stands in the text, and what a draft changes."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

CONTEXT = 2
_TABLE = re.compile(r"\s*\[{1,2}\s*([A-Za-z0-9_.\-]+)\s*\]{1,2}\s*(#.*)?")
_AT_LINE = re.compile(r"at line (\d+)")


class Mark(StrEnum):
    """What became of a line."""

    SAME = "same"
    GONE = "gone"
    NEW = "new"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a comparison, with its number in the text that holds it; none for a gap."""

    mark: Mark
    number: int | None
    text: str


def line_of(text: str, key: str) -> int | None:
    """Return the line, from 1, where a dotted key such as `gates.latency.limit` stands; the nearest table above else.

    For a key that is missing altogether none is returned: there is no line to point at.
    """
    tables: dict[str, int] = {}
    here = ""
    wanted, _, last = key.rpartition(".")
    for number, line in enumerate(text.splitlines(), 1):
        opened = _TABLE.fullmatch(line)
        if opened:
            here = opened[1]
            tables.setdefault(here, number)
        elif re.match(rf"\s*{re.escape(last)}\s*=", line) and here == wanted:
            return number
    parts = key.split(".")
    for length in range(len(parts), 0, -1):
        found = tables.get(".".join(parts[:length]))
        if found is not None:
            return found
    return None


def line_of_problem(problem: str) -> int | None:
    """Read the line out of what the TOML parser says."""
    found = _AT_LINE.search(problem)
    return int(found[1]) if found else None


def difference(before: str, after: str) -> tuple[Line, ...]:
    """Compare two texts line by line: what is gone, what is new, two lines around each; nothing where they are equal."""
    old, new = before.splitlines(), after.splitlines()
    matcher = difflib.SequenceMatcher(a=old, b=new, autojunk=False)
    lines: list[Line] = []
    for group in matcher.get_grouped_opcodes(CONTEXT):
        if lines:
            lines.append(Line(Mark.SKIPPED, None, ""))
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                lines += _numbered(Mark.SAME, new, j1, j2)
            else:
                lines += _numbered(Mark.GONE, old, i1, i2) + _numbered(Mark.NEW, new, j1, j2)
    return tuple(lines)


def next_version(version: str) -> str:
    """Suggest what follows a version: its last number, one higher."""
    head, digits = re.fullmatch(r"(.*?)(\d*)", version, re.DOTALL).groups()  # type: ignore[union-attr]
    return f"{head}{int(digits) + 1}" if digits else f"{version}.2"


def with_version(text: str, version: str) -> str:
    """Return the text with another version, the rest untouched."""
    return re.sub(r'(?m)^version\s*=\s*"[^"\n]*"', f'version = "{version}"', text, count=1)


def _numbered(mark: Mark, lines: Sequence[str], start: int, end: int) -> list[Line]:
    return [Line(mark, number + 1, lines[number]) for number in range(start, end)]
