"""Find entries of the log by blind words, the newest first."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, text
from sqlmodel import Session, col, func, select

from core.platform.search import blind
from core.platform.search.tables import AuthorRow, CursorRow, EntryRow
from core.platform.store.columns import UtcDateTime

_MONTHS = 120
"""A longer period is no longer looked for by its months."""
_PARTS = text("SELECT count(DISTINCT segid) FROM search_words_idx")
_LOOKED_THROUGH = 3_000
"""Entries that are looked through one by one before the index of PostgreSQL is asked."""
_ROWS = ("e.idx", "search_entry AS e")
_GIN = (
    "e.idx",
    """(WITH hit AS MATERIALIZED (
        SELECT idx, time, kind, scope, actor FROM search_entry WHERE tokens @@ ANY(CAST(:each AS tsquery[]))
    ) SELECT * FROM hit) AS e""",
)
_FTS5 = ("w.rowid", "search_words AS w JOIN search_entry AS e ON e.idx = w.rowid")
"""Where to find the place of an entry, and in what."""
_SIGNS = {"sqlite": ("AND", "OR", "NOT"), "postgresql": ("&", "|", "& !")}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: all of `words`, as `words.words` writes them, and every filter that is given."""

    words: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    scope: str = ""
    actor: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """Up to where the log is in the index, and by which form of it."""

    index: int
    form: str


def authors(session: Session) -> list[str]:
    """Return under whose keys there are entries."""
    return list(session.exec(select(AuthorRow.id)))


def position(session: Session) -> Position:
    """Return up to where the log is in the index."""
    row = session.exec(select(CursorRow)).one()
    return Position(row.position, row.form)


def owes_scouring(session: Session) -> bool:
    """Say whether somebody was taken out whose bytes are still in the files."""
    row = session.exec(select(CursorRow)).one()
    return row.forgotten != row.scoured


def parts(session: Session) -> int:
    """Return of how many parts the index is made on SQLite: each is looked into for each word of each author."""
    if session.connection().dialect.name != "sqlite":
        return 1
    return int(session.connection().execute(_PARTS).scalar_one())


def stale(session: Session, limit: int) -> list[int]:
    """Return entries that wait to be written anew."""
    query = select(EntryRow.idx).where(col(EntryRow.stale).is_(True)).order_by(col(EntryRow.idx).desc())
    return list(session.exec(query.limit(limit)))


def find(session: Session, wanted: Wanted, keys: Mapping[str, bytes], house: bytes, limit: int) -> list[int]:
    """Return the newest `limit` entries that hold every word under any one of `keys`, by author, or the house's."""
    if not wanted.words:
        return _found(session, _ROWS, *_columns(wanted), wanted.before, limit)
    engine = session.connection().dialect.name
    where, values = _columns(wanted)
    groups = [keys[wanted.actor]] if wanted.actor in keys else [*keys.values(), house]
    if engine == "sqlite":
        values["match"] = _expression(wanted, groups, _SIGNS[engine])
        return _found(session, _FTS5, ["search_words MATCH :match", *where], values, wanted.before, limit)
    return _found_by_postgres(session, where, values, wanted, groups, limit)


def _found_by_postgres(
    session: Session,
    where: list[str],
    values: dict[str, Any],
    wanted: Wanted,
    groups: Sequence[bytes],
    limit: int,
) -> list[int]:
    """Look through the newest entries one by one, then ask the index for the rest: of several words once for each key.

    The index of PostgreSQL answers in no order: of a frequent word it would bring hundreds of thousands of entries to be
    sorted. A frequent word is among the newest entries; one that is not there often enough is rare, and the index is
    quick. The planner cannot know which it is, since it knows nothing of blind words: what it is asked for in `_GIN`
    leaves it no choice. Entries before `until` begin where the log's moments say so; they grow with its index.
    """
    top = _first_from(session, wanted.until)
    if wanted.before is not None:
        top = min(top, wanted.before)
    low, signs = top - _LOOKED_THROUGH, _SIGNS["postgresql"]
    newest = ["e.tokens @@ CAST(:match AS tsquery)", *where, "e.idx >= :low"]
    said = {"match": _expression(wanted, groups, signs), "low": low}
    found = _found(session, _ROWS, newest, {**values, **said}, top, limit)
    if len(found) == limit:
        return found
    if len(wanted.words) == 1:
        each = {"each": [_expression(Wanted(words=wanted.words, scope=wanted.scope), groups, signs)]}
    else:  # rows answer the filters: to go through the long list of a mark for each key would take longer
        each = {"each": [_expression(Wanted(words=wanted.words), [key], signs) for key in groups]}
    _plan(session, "off")
    found += _found(session, _GIN, where, {**values, **each}, low, limit - len(found))
    _plan(session, "DEFAULT")
    return found


def _plan(session: Session, switch: str) -> None:
    """Switch what misleads where estimates are wrong: reading the whole table, and compiling a question that is short."""
    for name in ("enable_seqscan", "jit"):
        session.connection().exec_driver_sql(f"SET LOCAL {name} TO {switch}")


def _first_from(session: Session, moment: datetime | None) -> int:
    """Return the first place from which entries are of that moment or later; the end of the index for none."""
    end = session.exec(select(func.coalesce(func.max(EntryRow.idx), -1))).one() + 1
    if moment is None:
        return end
    low, high = 0, end
    while low < high:
        middle = (low + high) // 2
        query = select(EntryRow.time).where(col(EntryRow.idx) >= middle).order_by(col(EntryRow.idx)).limit(1)
        at = session.exec(query).first()
        if at is None or at >= moment:
            high = middle
        else:
            low = middle + 1
    return low


def _found(
    session: Session,
    source: tuple[str, str],
    where: list[str],
    values: dict[str, Any],
    before: int | None,
    limit: int,
) -> list[int]:
    place, tables = source
    if before is not None:
        where, values = [*where, f"{place} < :before"], {**values, "before": before}
    condition = " AND ".join(where) or "1 = 1"
    statement = text(
        f"SELECT {place} FROM {tables} WHERE {condition} ORDER BY {place} DESC LIMIT :limit"  # noqa: S608 - named values only
    )
    typed = [bindparam(name, type_=UtcDateTime()) for name in ("since", "until") if name in values]
    told = session.connection().execute(statement.bindparams(*typed), {**values, "limit": limit})
    return [index for (index,) in told]


def _columns(wanted: Wanted) -> tuple[list[str], dict[str, Any]]:
    """The filters that the row itself answers; with words, kinds and scope are marks in the index already."""
    where: list[str] = []
    values: dict[str, Any] = {}
    for column, value in (("actor", wanted.actor), ("scope", wanted.scope)):
        if value:
            where.append(f"e.{column} = :{column}")
            values[column] = value
    for column, sign, moment in (("since", ">=", wanted.since), ("until", "<", wanted.until)):
        if moment is not None:
            where.append(f"e.time {sign} :{column}")
            values[column] = moment
    for name, kinds, negated in (("kind", wanted.kinds, ""), ("without", wanted.without, "NOT ")):
        if kinds:
            names = {f"{name}{n}": kind for n, kind in enumerate(sorted(kinds))}
            where.append(f"e.kind {negated}IN ({', '.join(f':{one}' for one in names)})")
            values |= names
    return where, values


def _expression(wanted: Wanted, groups: Sequence[bytes], signs: tuple[str, str, str]) -> str:
    """Write what is looked for in the signs of an engine; tokens and marks are letters and digits only."""
    both, either, but = signs
    said = _joined([_joined(blind.tokens(key, wanted.words), both) for key in groups], either)
    for marks in _marks(wanted):
        said += f" {both} {_joined(marks, either)}"
    if wanted.without:
        hidden = _joined([blind.mark("kind", kind) for kind in sorted(wanted.without)], either)
        said = f"({said}) {but} {hidden}"
    return said


def _marks(wanted: Wanted) -> Iterator[list[str]]:
    if wanted.kinds:
        yield [blind.mark("kind", kind) for kind in sorted(wanted.kinds)]
    if wanted.scope:
        yield [blind.mark("scope", wanted.scope)]
    if wanted.since is not None and wanted.until is not None:
        months = _months(wanted.since, wanted.until)
        if len(months) <= _MONTHS:
            yield months


def _months(since: datetime, until: datetime) -> list[str]:
    """The marks of the months, UTC, that a period touches."""
    first, last = (moment.year * 12 + moment.month - 1 for moment in (since, until))
    return [
        blind.month(since.replace(year=n // 12, month=n % 12 + 1, day=1))
        for n in range(first, max(first, last) + 1)
    ]


def _joined(each: Collection[str], sign: str) -> str:
    return f"({f' {sign} '.join(each)})"
