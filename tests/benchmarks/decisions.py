"""The decision log: search among 1,000,000 comments of 200 authors, with their texts opened, as the page asks for it."""

import itertools
import os
import random
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from sqlalchemy import insert, update
from sqlmodel import Session, select

from app.wiring import open_store
from core.i18n import LANGUAGES, _, speaking
from core.overview.decision_log import queries, work
from core.overview.decision_log.kind import ACTS, Kind
from core.overview.decision_log.queries import Asked
from core.platform.access import commands as access
from core.platform.access import personal
from core.platform.access.erasure import erase_person
from core.platform.access.tables import PersonKeyRow
from core.platform.audit import queries as audit
from core.platform.audit.log import append
from core.platform.discussion.tables import CommentRow
from core.platform.search import blind, index
from core.platform.search.index import Entry
from core.platform.search.tables import EntryRow
from core.platform.search.words import words
from core.platform.store import SYSTEM, Actor, Event, Store
from core.platform.store.migrate import upgrade
from core.settings import Settings
from tests.postgres import database
from tests.served import open_folder, person
from tests.ui.hands import use_case

ENTRIES, AUTHORS, CASES, WORDS = 1_000_000, 200, 20, 12_000
BATCH = 5_000
ASKED, AGAIN, RUN = 240, 4_000, 25
SYLLABLES = (
    "ca",
    "de",
    "lim",
    "ri",
    "so",
    "pra",
    "ten",
    "vo",
    "mu",
    "sco",
    "re",
    "ção",
    "fi",
    "tor",
    "xe",
    "ba",
)


def search(folder: Path) -> Iterator[Mapping[str, float]]:
    """Ask with one to three words, rare and frequent, with and without each filter; p95 of all."""
    store = open_folder(folder)
    for found in _searched(store, "decisions_p95"):
        size = folder.joinpath("aval.db").stat().st_size
        yield {**found, "decision log, database MB": size / 1e6}


def search_postgres(folder: Path) -> Iterator[Mapping[str, float]]:
    """The same on the server that `AVAL_TEST_POSTGRES` names; nothing without one."""
    server = os.environ.get("AVAL_TEST_POSTGRES", "")
    if not server:
        sys.stderr.write("AVAL_TEST_POSTGRES names no server: nothing is measured on PostgreSQL\n")
        return
    with database(server) as url:
        store = open_store(Settings(folder=str(folder), database_url=url))
        upgrade(store.engine)
        yield from _searched(store, "decisions_postgres_p95")
        store.close()


def _searched(store: Store, name: str) -> Iterator[Mapping[str, float]]:
    spoken = Speech(random.Random(7))
    authors, cases = _house(store)
    last = _said(store, spoken, authors, cases)
    rate = _as_the_worker_would(store)
    begin = time.perf_counter()
    work.tidy(store)
    tidied = time.perf_counter() - begin
    asked = list(itertools.islice(_questions(spoken, authors, cases, last), ASKED))
    reader = Actor(authors[0], "person", frozenset({"viewer"}))
    while True:
        spans, found = [], 0
        for one in asked:
            begin = time.perf_counter()
            with store.reading() as view:
                found += bool(queries.search(view, reader, one).decisions)
            spans.append((time.perf_counter() - begin) * 1000)
        spans.sort()
        yield {
            name: spans[int(len(spans) * 0.95)],
            "decision search p50 ms": spans[len(spans) // 2],
            "decision search, slowest ms": spans[-1],
            "decision searches that find something, share": found / len(asked),
            "decisions indexed, entries/s": rate,
            "decision index scoured, s": tidied,
            "erasing an author, s": _erased(store, authors.pop()),
        }


class Speech:
    """Words as people use them: a few all the time, most of them hardly ever."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        made: dict[str, None] = {}
        while len(made) < WORDS:
            made["".join(chance.choices(SYLLABLES, k=chance.randint(2, 4)))] = None
        self.words = list(made)
        self._weights = list(itertools.accumulate(1 / (n + 3) for n in range(WORDS)))

    def text(self) -> str:
        """One comment of 6 to 40 words."""
        count = self.chance.randint(6, 40)
        return " ".join(self.chance.choices(self.words, cum_weights=self._weights, k=count))


def _house(store: Store) -> tuple[list[str], list[tuple[str, str]]]:
    authors = [person(store, f"author{n}", "data_scientist").id for n in range(AUTHORS)]
    made = [use_case(store, slug=f"case-{n}", title=f"Case {n}") for n in range(CASES)]
    with store.unit_of_work(SYSTEM) as uow:
        access.claim_house(uow, "own")
    return authors, [(case.id, case.slug) for case in made]


def _said(store: Store, spoken: Speech, authors: list[str], cases: list[tuple[str, str]]) -> datetime:
    """Write comments, their entries in the log and in the index as commands and worker would, but many at once."""
    now = store.clock() - timedelta(days=800)
    work.catch_up(store)
    with store.reading() as view:
        keys = personal.search_keys(view, authors)
        first = audit.head(view)[0]
    done = ""
    for language in LANGUAGES:
        with speaking(language):
            done += f" {_(ACTS['comment.written'].words)}"
    hashed = cache(lambda author, word: blind.token(keys[author], word))
    for start in range(0, ENTRIES, BATCH):
        with store.unit_of_work(SYSTEM) as uow:
            held = uow.session.exec(select(PersonKeyRow)).all()  # read once, not for each text
            rows, entries = [], []
            for n in range(start, start + BATCH):
                if n % RUN == 0:
                    author, moment = spoken.chance.choice(authors), now + timedelta(minutes=n)
                (case, slug), text = spoken.chance.choice(cases), spoken.text()
                rows.append(
                    {
                        "id": f"cmt_{n}", "subject_kind": "use_case", "subject_id": case, "author_id": author,
                        "text": personal.seal_text(uow, author, text), "written_at": moment, "resolved_by": "",
                    }
                )  # fmt: skip
                known = words(f"{text} {done} Case {slug.replace('-', ' ')} {n}")
                marks = (blind.mark("kind", "comment"), blind.mark("scope", case), blind.month(moment))
                tokens = (*sorted({hashed(author, word) for word in known}), *marks)
                entries.append(Entry(first + n, moment, "comment", case, author, author, tokens))
            uow.session.connection().execute(insert(CommentRow), rows)
            index.put(uow, first + start, first + start + BATCH, entries)
            index.move(uow, index.lock(uow), first + start + BATCH, work.FORM)
            del held
        with Session(store.engine) as session, session.begin():
            session.connection()
            for at in range(0, BATCH, RUN):
                events = [
                    Event(
                        "comment.written",
                        "comment",
                        row["id"],
                        {"about": {"kind": "use_case", "id": row["subject_id"]}},
                    )
                    for row in rows[at : at + RUN]
                ]
                append(session, rows[at]["written_at"], Actor(rows[at]["author_id"], "person"), events)
    return now + timedelta(minutes=ENTRIES)


def _as_the_worker_would(store: Store) -> float:
    """Have the worker write a part of the index again, and see that it comes to the same; entries per second."""
    last = EntryRow.idx >= ENTRIES - AGAIN
    with store.unit_of_work(SYSTEM) as uow:
        before = {row.idx: set(row.tokens.split()) for row in uow.session.exec(select(EntryRow).where(last))}
        uow.session.execute(update(EntryRow).where(last).values(stale=True))
    begin = time.perf_counter()
    work.catch_up(store)
    spent = time.perf_counter() - begin
    with store.reading() as view:
        after = {row.idx: set(row.tokens.split()) for row in view.exec(select(EntryRow).where(last))}
    if before != after:
        some = next(idx for idx in before if before[idx] != after.get(idx))
        raise RuntimeError(some, before[some] ^ after.get(some, set()))
    return len(after) / spent


def _erased(store: Store, author: str) -> float:
    """Seconds in which an author of thousands of comments is erased, the writer's lock being held."""
    begin = time.perf_counter()
    with store.unit_of_work(SYSTEM) as uow:
        erase_person(uow, author)
    return time.perf_counter() - begin


def _questions(
    spoken: Speech, authors: list[str], cases: list[tuple[str, str]], last: datetime
) -> Iterator[Asked]:
    """Every filter in turn, over words of every frequency and phrases that somebody said."""
    chance = random.Random(11)
    for turn in itertools.count():
        some = spoken.words[: (30, 300, 3_000, WORDS)[turn % 4]]
        text = " ".join(chance.sample(some, 1 + turn // 4 % 3))
        case, who = chance.choice(cases)[1], chance.choice(authors)
        since = last - timedelta(days=chance.randint(30, 500))
        yield (
            Asked(text),
            Asked(text, use_case=case),
            Asked(text, person=who),
            Asked(text, since=since, until=since + timedelta(days=30))
            if turn % 2
            else Asked(text, until=since),
            Asked(text, kinds=frozenset({Kind.COMMENT, Kind.SIGNATURE}), use_case=case),
            Asked(use_case=case, person=who),
        )[turn // 12 % 6]
