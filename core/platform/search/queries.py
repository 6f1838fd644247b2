"""Find entries of the log by blind words, the newest first."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, text
from sqlmodel import Session, col, select

from core.platform.search import blind
from core.platform.search.tables import AuthorRow, CursorRow, EntryRow
from core.platform.store.columns import UtcDateTime

_MONTHS = 120
"""A longer period is no longer looked for by its months."""
_PARTS = text("SELECT count(DISTINCT segid) FROM search_words_idx")
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
    sqlite = session.connection().dialect.name == "sqlite"
    where, values = _columns(wanted)
    source = "search_entry AS e"
    if wanted.words:
        groups = [keys[wanted.actor]] if wanted.actor in keys else [*keys.values(), house]
        values["match"] = _expression(wanted, groups, _SIGNS[session.connection().dialect.name])
        if sqlite:
            source = "search_words AS w JOIN search_entry AS e ON e.idx = w.rowid"
            where = ["search_words MATCH :match", *where]
        else:
            where = ["e.tokens @@ CAST(:match AS tsquery)", *where]
    place = "w.rowid" if sqlite and wanted.words else "e.idx"
    if wanted.before is not None:
        where.append(f"{place} < :before")
        values["before"] = wanted.before
    condition = " AND ".join(where) or "1 = 1"
    statement = text(
        f"SELECT {place} FROM {source} WHERE {condition} ORDER BY {place} DESC LIMIT :limit"  # noqa: S608 - named values only
    )
    typed = [bindparam(name, type_=UtcDateTime()) for name in ("since", "until") if name in values]
    return [
        index
        for (index,) in session.connection().execute(statement.bindparams(*typed), {**values, "limit": limit})
    ]


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
