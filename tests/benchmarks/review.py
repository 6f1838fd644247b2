"""The release review among 1,000 models, 10,000 versions and 1,000,000 events.

The demo's credit case is copied by rows, so that every copy has its evaluations, seals, requests, rounds, signatures, KPIs
and alerts; the log is grown by its own `append`, so that it stays a valid one.
"""

import itertools
import json
import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import Connection, Table, insert, select, text
from sqlmodel import Session, SQLModel

from core.platform.access import queries as people
from core.platform.audit.log import append
from core.platform.store import Actor, Event, Store
from core.platform.store.migrate import import_tables
from tests.benchmarks import sessions
from tests.benchmarks.pages import seed
from tests.served import Served, cookie, open_folder, serving

MODELS, VERSIONS, EVENTS = 1_000, 10_000, 1_000_000
COPIED = (
    "use_case", "model", "model_version", "evaluation", "explanation", "card_revision", "sealed_threshold",
    "release_request", "release_round", "release_vote", "gate_result", "deployment", "deployment_standing",
    "artifact_check", "release_condition", "release_debt", "finding", "waiver", "kpi", "kpi_revision",
    "kpi_observation", "monitoring_alert", "monitoring_reference", "comment",
)  # fmt: skip
BATCH = 5_000
SESSIONS, TURNS, THINK = 2, 40, 1.0


def page(folder: Path) -> Iterator[Mapping[str, float]]:
    """Two approvers walk from release to release, a second apart; a page's time is its script's, from the request."""
    seed(folder)
    store = open_folder(folder)
    try:
        requests = _grow(store)
        with store.reading() as view:
            signers = [
                people.actor(view, p.id, "page")
                for p in people.people(view)
                if {"compliance", "operations"} & p.roles
            ]
        keys = [cookie(store, signers[n % len(signers)]) for n in range(SESSIONS)]
    finally:
        store.close()
    addresses = [f"release_review?release={request}" for request in requests]
    while True:
        with serving(folder, command="demo", patience=120) as served:
            sessions.drive(served.url, keys[:1], addresses[:4], turns=4, think=0)
            before = _worked(served)
            times = sessions.drive(served.url, keys, addresses, turns=TURNS, think=THINK)
            worked = _worked(served) - before
        for failure in sorted(set(times.failures)):
            sys.stderr.write(f"{failure}\n")
        yield {
            "review_p95": times.percentile(0.95),
            "review p50 ms": times.percentile(0.5),
            "review processor ms": worked * 1000 / len(times.all()),
            "review pages with an exception": float(len(times.failures)),
        }


def _worked(served: Served) -> float:
    spent = psutil.Process(served.process.pid).cpu_times()
    return spent.user + spent.system


def _grow(store: Store) -> list[str]:
    """Fill the store; return the ids of requests to look at, of every state that there is."""
    import_tables()
    with store.engine.begin() as connection:
        case = connection.execute(text("SELECT id FROM use_case WHERE slug = 'credit'")).scalar_one()
        rows, ids = _belonging(connection, case)
        for start in range(1, MODELS, 50):
            for name, those in rows.items():
                table = SQLModel.metadata.tables[name]
                copies = [
                    _copied(row, ids, n) for n in range(start, min(start + 50, MODELS)) for row in those
                ]
                if copies:
                    connection.execute(insert(table), copies)
        _more_versions(connection)
    _more_events(store)
    with store.engine.begin() as connection:
        connection.execute(text("ANALYZE"))
        by_state = connection.execute(text("SELECT state, id FROM release_request ORDER BY state, id")).all()
        counted = {
            name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()
            for name in ("use_case", "model_version", "audit_event")
        }
    sys.stderr.write(f"{json.dumps(counted)}\n")
    groups = [list(group) for _state, group in itertools.groupby(by_state, key=lambda row: row[0])]
    return [group[turn * 37 % len(group)][1] for turn in range(8) for group in groups]


def _belonging(connection: Connection, case: str) -> tuple[dict[str, list[dict[str, Any]]], set[str]]:
    """Every row that hangs on a use case, and their ids, found by following ids until no new one comes."""
    ids, found = {case}, {}
    tables = [SQLModel.metadata.tables[n] for n in COPIED if n in SQLModel.metadata.tables]
    everything = {t.name: [dict(r._mapping) for r in connection.execute(select(t))] for t in tables}
    while True:
        before = len(ids)
        for name, rows in everything.items():
            found[name] = [r for r in rows if any(isinstance(v, str) and v in ids for v in r.values())]
            ids |= {r["id"] for r in found[name] if "id" in r}
        if len(ids) == before:
            return {t.name: found[t.name] for t in _parents_first(tables)}, ids


def _parents_first(tables: list[Table]) -> list[Table]:
    return [t for t in SQLModel.metadata.sorted_tables if t in tables]


def _copied(row: Mapping[str, Any], ids: set[str], n: int) -> dict[str, Any]:
    def other(value: Any) -> Any:
        if isinstance(value, str):
            return f"{value}_{n}" if value in ids else value
        if isinstance(value, dict):
            return {key: other(v) for key, v in value.items()}
        return [other(v) for v in value] if isinstance(value, list) else value

    copy = {key: other(value) for key, value in row.items()}
    if "slug" in copy:
        copy |= {"slug": f"{row['slug']}-{n}", "title": f"{row['title']} {n}"}
    return copy


def _more_versions(connection: Connection) -> None:
    """Pad each use case to ten versions with copies of its first, evaluated and sealed as it was."""
    tables = SQLModel.metadata.tables
    version, evaluation, sealed = tables["model_version"], tables["evaluation"], tables["sealed_threshold"]
    firsts = [dict(r._mapping) for r in connection.execute(select(version).where(version.c.number == 1))]
    counts = dict(
        connection.execute(text("SELECT use_case_id, count(*) FROM model_version GROUP BY use_case_id")).all()
    )
    each = -(-VERSIONS // len(counts))
    of_version: dict[str, dict[str, list[dict[str, Any]]]] = {"evaluation": {}, "sealed_threshold": {}}
    for table in (evaluation, sealed):
        for row in connection.execute(select(table)):
            of_version[table.name].setdefault(row._mapping["version_id"], []).append(dict(row._mapping))
    for first in firsts:
        versions, others = [], {evaluation: [], sealed: []}
        for number in range(counts[first["use_case_id"]] + 1, each + 1):
            version_id = f"{first['id']}v{number}"
            versions.append({**first, "id": version_id, "number": 100 + number})
            for table, rows in others.items():
                rows += [
                    {**row, "id": f"{row['id']}v{number}", "version_id": version_id}
                    for row in of_version[table.name].get(first["id"], [])
                ]
        for table, rows in ((version, versions), *others.items()):
            if rows:
                connection.execute(insert(table), rows)


def _more_events(store: Store) -> None:
    """Grow the log to a million entries about the releases and versions that there are."""
    with store.engine.connect() as connection:
        subjects = [("release", i) for (i,) in connection.execute(text("SELECT id FROM release_request"))]
        subjects += [("version", i) for (i,) in connection.execute(text("SELECT id FROM model_version"))]
        actors = [i for (i,) in connection.execute(text("SELECT id FROM person"))]
        size = connection.execute(text("SELECT count(*) FROM audit_event")).scalar_one()
    turns = itertools.cycle(enumerate(subjects))
    now = store.clock() - timedelta(days=300)
    while size < EVENTS:
        batch = [
            Event("checks.requested", kind, subject, {"round": 1, "turn": n})
            for n, (kind, subject) in itertools.islice(turns, min(BATCH, EVENTS - size))
        ]
        now += timedelta(minutes=20)
        with Session(store.engine) as session, session.begin():
            session.connection()
            append(session, now, Actor(actors[size // BATCH % len(actors)], "person"), batch)
        size += len(batch)
