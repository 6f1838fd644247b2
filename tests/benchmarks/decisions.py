"""The decision log: search among 1,000,000 comments of 200 authors, with their texts opened, as the page asks for it."""

import itertools
import random
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import insert
from sqlmodel import Session

from core.overview.decision_log import queries, work
from core.overview.decision_log.kind import Kind
from core.overview.decision_log.queries import Asked
from core.platform.access import commands as access
from core.platform.access.personal import seal_text
from core.platform.audit.log import append
from core.platform.discussion.tables import CommentRow
from core.platform.store import SYSTEM, Actor, Event, Store
from tests.served import open_folder, person
from tests.ui.hands import use_case

ENTRIES, AUTHORS, CASES, WORDS = 1_000_000, 200, 20, 12_000
BATCH = 5_000
ASKED = 240
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
    spoken = Speech(random.Random(7))
    authors, cases = _house(store)
    last = _said(store, spoken, authors, cases)
    begin = time.perf_counter()
    work.catch_up(store)
    rate = ENTRIES / (time.perf_counter() - begin)
    size = store.settings.folder_path.joinpath("aval.db").stat().st_size
    sys.stderr.write(f"{ENTRIES:,} comments, database {size / 1e6:,.0f} MB\n")
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
            "decisions_p95": spans[int(len(spans) * 0.95)],
            "decision search p50 ms": spans[len(spans) // 2],
            "decision search, slowest ms": spans[-1],
            "decision searches that find something, share": found / len(asked),
            "decisions indexed, entries/s": rate,
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
    """Write the comments as the command would, many at once; return when the last one was said."""
    now = store.clock() - timedelta(days=800)
    for start in range(0, ENTRIES, BATCH):
        with store.unit_of_work(SYSTEM) as uow:
            rows = []
            for n in range(start, start + BATCH):
                author, (case, _slug) = spoken.chance.choice(authors), spoken.chance.choice(cases)
                sealed = seal_text(uow, author, spoken.text())
                rows.append(
                    {
                        "id": f"cmt_{n}", "subject_kind": "use_case", "subject_id": case, "author_id": author,
                        "text": sealed, "written_at": now + timedelta(minutes=n), "resolved_by": "",
                    }
                )  # fmt: skip
            uow.session.connection().execute(insert(CommentRow), rows)
        with Session(store.engine) as session, session.begin():
            session.connection()
            for row in rows:
                event = Event(
                    "comment.written",
                    "comment",
                    row["id"],
                    {"about": {"kind": "use_case", "id": row["subject_id"]}},
                )
                append(session, row["written_at"], Actor(row["author_id"], "person"), [event])
    return now + timedelta(minutes=ENTRIES)


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
            Asked(text, since=since, until=since + timedelta(days=30)),
            Asked(text, kinds=frozenset({Kind.COMMENT, Kind.SIGNATURE}), use_case=case),
            Asked(use_case=case, person=who),
        )[turn // 12 % 6]
