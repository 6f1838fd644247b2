"""Keep the blind index, inside the caller's transaction. Bookkeeping: it is made from the log, so it leaves no event."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, bindparam, text
from sqlmodel import col, delete, select, update

from core.platform.search.tables import AuthorRow, CursorRow, EntryRow
from core.platform.store import SYSTEM, Store, UnitOfWork
from core.platform.store.columns import UtcDateTime

_INSERT = (
    "INSERT INTO search_entry (idx, time, kind, scope, actor, author, tokens, stale)"
    " VALUES (:idx, :time, :kind, :scope, :actor, :author, {tokens}, :stale)"
)
_TOKENS = {"sqlite": ":tokens", "postgresql": "array_to_tsvector(string_to_array(:tokens, ' '))"}
_MERGE = text("INSERT INTO search_words (search_words, rank) VALUES ('merge', :pages)")
_MERGED_PAGES = 64
"""How much is merged in one transaction: some ten milliseconds of the only writer's time."""
_BREATH = 0.005


@dataclass(frozen=True, slots=True)
class Entry:
    """What is kept of one entry of the log; `tokens` are made by `blind`."""

    index: int
    time: datetime
    kind: str
    scope: str
    actor: str
    author: str
    tokens: tuple[str, ...]


def lock(uow: UnitOfWork) -> CursorRow:
    """Hold the index until the commit: one writes at a time, and who is erased is not written meanwhile."""
    return uow.session.exec(select(CursorRow).where(CursorRow.id == 1).with_for_update()).one()


def put(uow: UnitOfWork, first: int, end: int, entries: Sequence[Entry]) -> None:
    """Write anew what stands of the log's entries [first, end)."""
    uow.session.execute(delete(EntryRow).where(col(EntryRow.idx) >= first, col(EntryRow.idx) < end))
    _write(uow, entries)


def replace(uow: UnitOfWork, indices: Sequence[int], entries: Sequence[Entry]) -> None:
    """Write these entries anew; those of `indices` that are not among `entries` go."""
    uow.session.execute(delete(EntryRow).where(col(EntryRow.idx).in_(indices)))
    _write(uow, entries)


def move(uow: UnitOfWork, cursor: CursorRow, position: int, form: str) -> None:
    """Note up to where the log is in the index."""
    cursor.position, cursor.form = position, form
    uow.session.add(cursor)


def make_again(uow: UnitOfWork) -> None:
    """Have everything written anew, from the first entry of the log; what stands stays until its turn comes."""
    move(uow, lock(uow), 0, "")


def outdate(uow: UnitOfWork, *, scope: str | None = None, author: str | None = None) -> None:
    """Have the entries of a scope, or under an author's key, written anew; of the house's where that is empty."""
    statement = update(EntryRow).values(stale=True)
    if scope is not None:
        statement = statement.where(col(EntryRow.scope) == scope)
    if author is not None:
        statement = statement.where(col(EntryRow.author) == author)
    uow.session.execute(statement)


def forget(uow: UnitOfWork, author: str) -> None:
    """Take out every word of an author; the entries wait to be written anew with what is public of them.

    Their key being gone, what is left of their tokens in the files means nothing to anybody until `scour` drops it.
    """
    cursor = lock(uow)
    cursor.forgotten += 1
    uow.session.add(cursor)
    uow.session.execute(
        update(EntryRow).where(col(EntryRow.author) == author).values(tokens="", author="", stale=True)
    )
    uow.session.execute(delete(AuthorRow).where(col(AuthorRow.id) == author))


def scour(store: Store) -> None:
    """Merge the parts of the index into one: what was taken out leaves its files, and a question is answered sooner.

    In short transactions, so that others may write meanwhile.
    """
    with store.reading() as view:
        forgotten = view.exec(select(CursorRow.forgotten)).one()
    if store.engine.dialect.name == "sqlite":
        pages = -_MERGED_PAGES  # the first, negative one asks for all parts to be merged into one
        while _merged(store.engine, pages):
            pages = _MERGED_PAGES
            time.sleep(_BREATH)
    else:
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM search_entry")
    with store.unit_of_work(SYSTEM) as uow:
        cursor = lock(uow)
        cursor.scoured = forgotten
        uow.session.add(cursor)


def _merged(engine: Engine, pages: int) -> bool:
    """Merge some pages of the parts of the index; say whether there was something to do, as FTS5's manual reads it."""
    with engine.begin() as connection:
        before = connection.exec_driver_sql("SELECT total_changes()").scalar_one()
        connection.execute(_MERGE, {"pages": pages})
        after = connection.exec_driver_sql("SELECT total_changes()").scalar_one()
    return bool(after - before > 1)


def _write(uow: UnitOfWork, entries: Sequence[Entry]) -> None:
    if not entries:
        return
    connection = uow.session.connection()
    statement = text(_INSERT.format(tokens=_TOKENS[connection.dialect.name]))
    connection.execute(
        statement.bindparams(bindparam("time", type_=UtcDateTime())),
        [
            {
                "idx": one.index, "time": one.time, "kind": one.kind, "scope": one.scope, "actor": one.actor,
                "author": one.author, "tokens": " ".join(one.tokens), "stale": False,
            }
            for one in entries
        ],
    )  # fmt: skip
    authors = {one.author for one in entries} - {""}
    known = set(uow.session.exec(select(AuthorRow.id).where(col(AuthorRow.id).in_(authors))))
    uow.session.add_all(AuthorRow(id=each) for each in sorted(authors - known))
