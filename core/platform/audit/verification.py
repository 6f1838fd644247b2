"""Recompute the log where it lies, and hold it against checkpoints that were kept elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from json import loads
from typing import Protocol, cast

from sqlmodel import Session, select

from core.platform.audit.merkle import Frontier
from core.platform.audit.tables import AuditFrontier, AuditNode
from core.platform.audit.verify_log import PART, Held, Part, judge

Row = tuple[int, str, bytes, str, str, str, str, str]
_COLUMNS = ("idx", "body", "leaf", "action", "actor", "subject_kind", "subject_id", "time")


class _Cursor(Protocol):
    """What the drivers of both engines have in common."""

    def execute(self, statement: str) -> object: ...
    def fetchmany(self, size: int) -> list[Row]: ...
    def close(self) -> None: ...


class _Driver(Protocol):
    def cursor(self, name: str = ...) -> _Cursor: ...


@dataclass(frozen=True, slots=True)
class Verification:
    """What a full recomputation found: `root` in hexadecimal, `first_bad` the index of the first entry at fault.

    With the leaves held elsewhere it is named exactly. Without them, it is the first that betrays itself, or the range
    [first_bad, last_bad]; a cunning rewrite may begin earlier, yet not among the first `sealed` entries: those
    stand under the newest checkpoint that fits. Entries after `sealed` of a sound log are not sealed yet.
    """

    size: int
    root: str
    ok: bool
    first_bad: int | None = None
    reason: str = ""
    last_bad: int | None = None
    sealed: int = 0


def verify(session: Session, held: Held | None = None) -> Verification:
    """Recompute every leaf and the root from the bodies; name the first entry that does not fit.

    An entry is at fault when its index leaves a gap, its body does not hash to its leaf, or its body is not the one
    the search columns name. At the end the recomputed edge must equal the stored one, which reveals a cut tail and an
    entry rewritten together with its leaf; the stored inner nodes then name the block it lies in. `held` are
    checkpoints kept elsewhere, with their leaves the exact entry.
    """
    row = session.get(AuditFrontier, 1)
    size, root = (
        (row.size, Frontier.unpack(row.size, row.edge).root().hex()) if row else (0, Frontier().root().hex())
    )
    kept = {(node.level, node.idx): node.hash for node in session.exec(select(AuditNode))}
    found = judge(_entries(session), held or Held(), kept)
    read, sealed = cast("int", found["events"]), cast("int", found["sealed"])
    first = cast("int | None", found["first_bad_from"])
    if first is not None:
        return Verification(
            size, root, ok=False, first_bad=first, reason=str(found["fault"]),
            last_bad=cast("int", found["first_bad_to"]), sealed=sealed,
        )  # fmt: skip
    if read != size:
        first = min(read, size)
        return Verification(
            size, root, ok=False, first_bad=first, reason="size", last_bad=first, sealed=sealed
        )
    if found["root"] != root:
        last = max(size - 1, 0)
        first = max(min((size >> 8) << 8, last), min(sealed, last))
        return Verification(
            size, root, ok=False, first_bad=first, reason="root", last_bad=last, sealed=sealed
        )
    return Verification(size, root, ok=True, sealed=sealed)


def _entries(session: Session) -> Iterator[Part]:
    """Yield each entry's recomputed leaf, and what is wrong with its row; from the driver's own cursor, for speed."""
    index = 0
    for rows in _rows(session):
        leaves = [sha256(b"\x00" + row[1].encode()).digest() for row in rows]
        yield (
            leaves,
            [
                (at, fault)
                for at, row, leaf in zip(range(index, index + len(rows)), rows, leaves, strict=True)
                if (fault := _fault(at, row, leaf))
            ],
        )
        index += len(rows)


def _rows(session: Session) -> Iterator[list[Row]]:
    """Read the log in order, a part at a time; from PostgreSQL by a cursor of the server, which holds the rest."""
    connection = session.connection()
    driver = cast("_Driver", connection.connection)
    cursor = driver.cursor("verify") if connection.dialect.name == "postgresql" else driver.cursor()
    cursor.execute(f"SELECT {', '.join(_COLUMNS)} FROM audit_event ORDER BY idx")  # noqa: S608 - own columns
    try:
        while rows := cursor.fetchmany(PART):
            yield rows
    finally:
        cursor.close()


def _fault(index: int, row: Row, computed: bytes) -> str:
    """What is wrong with one row: its place, its leaf, or the columns that search reads beside the body."""
    idx, body, leaf, action, actor, kind, subject, time = row
    if idx != index:
        return "gap"
    if leaf != computed:
        return "body"
    if (
        body.startswith(f'{{"action":"{action}","actor":{{"id":"{actor}","kind":"')
        and body.endswith(
            f',"seq":{idx},"subject":{{"id":"{subject}","kind":"{kind}"}},"time":"{time}","v":1}}'
        )
        and '"' not in f"{action}{actor}{kind}{subject}{time}"
    ):
        return ""
    return _columns(body, (idx, action, actor, kind, subject, time))


def _columns(body: str, columns: tuple[object, ...]) -> str:
    """The slow way, for words that JSON writes otherwise than they are."""
    try:
        said = loads(body)
        named = (
            said["seq"],
            said["action"],
            said["actor"]["id"],
            said["subject"]["kind"],
            said["subject"]["id"],
            said["time"],
        )
    except (ValueError, KeyError, TypeError):
        return "body"
    return "" if named == columns else "columns"
