"""Recompute the log where it lies, and hold it against checkpoints that were kept elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from json import loads
from typing import cast

from sqlmodel import Session, select

from core.platform.audit.merkle import Frontier
from core.platform.audit.tables import AuditEvent, AuditFrontier, AuditNode
from core.platform.audit.verify_log import Held, judge

PAGE = 10_000
_COLUMNS = ("idx", "body", "leaf", "action", "actor", "subject_kind", "subject_id", "time")


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


def _entries(session: Session) -> Iterator[tuple[bytes, str]]:
    """Yield each entry's recomputed leaf, and what is wrong with its row."""
    table = AuditEvent.__table__  # type: ignore[attr-defined]
    query = select(*[table.c[name] for name in _COLUMNS]).order_by(table.c.idx)
    found = session.connection().execution_options(stream_results=True).execute(query)
    index = 0
    for part in found.partitions(PAGE):
        for idx, body, leaf, action, actor, kind, subject, time in part:
            computed = sha256(b"\x00" + body.encode()).digest()
            fault = ""
            if idx != index:
                fault = "gap"
            elif leaf != computed:
                fault = "body"
            elif not (
                '"' not in f"{action}{actor}{kind}{subject}{time}"
                and body.startswith(f'{{"action":"{action}","actor":{{"id":"{actor}","kind":"')
                and body.endswith(
                    f',"seq":{idx},"subject":{{"id":"{subject}","kind":"{kind}"}},"time":"{time}","v":1}}'
                )
            ):
                fault = _columns(body, (idx, action, actor, kind, subject, time))
            yield computed, fault
            index += 1


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
