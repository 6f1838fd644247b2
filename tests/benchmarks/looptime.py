"""Loop time of a house with 1,000 use cases, 10,000 versions and 1,000,000 events, and its page's whole script.

Every version was submitted and evaluated over two years; seven of ten were requested and signed by three areas, half of
those went live, and each use case had alerts that somebody decided on. The rest of the log is what else happens meanwhile.
"""

import gc
import json
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert, text
from sqlmodel import Session, SQLModel
from streamlit.testing.v1 import AppTest

from app import wiring
from core.overview import looptime
from core.overview.loop import Period
from core.overview.looptime import PERIODS, loop_time
from core.platform.audit.log import append
from core.platform.store import SYSTEM, Event, Store
from core.platform.store.migrate import import_tables, upgrade
from core.settings import Settings
from tests.benchmarks import fleet

VERSIONS, EVENTS, TURNS = 10_000, 1_000_000, 40
YEARS, BATCH = timedelta(days=730), 10_000
AREAS = ("operations", "compliance", "validator")


def page(folder: Path) -> Iterator[Mapping[str, float]]:
    """Time the query over the longest period, and the page's script, in this process, warm."""
    store = wiring.open_store(Settings(folder=str(folder)), announce=lambda _job: None)
    upgrade(store.engine)
    fleet.fill(store)
    _grow(store)
    wiring._process_store = lambda: store
    main = Path(__file__).parents[2] / "app" / "main.py"
    with store.reading() as view:
        slug, case = view.execute(text("SELECT slug, id FROM use_case ORDER BY id LIMIT 1")).one()
    while True:
        drawn = AppTest.from_file(str(main), default_timeout=60)
        drawn.user = {"person": "per_viewer", "session": "ses_bench"}
        drawn.switch_page("../pages/loop_time.py")
        drawn.query_params["of"] = "all"
        drawn.run()
        assert not drawn.exception
        gc.collect()
        gc.freeze()  # as the server does once it has started
        whole = _timed(drawn.run)
        drawn.query_params["of"] = slug
        alone = _timed(drawn.run)
        yield {
            "loop_time_p95": float(np.quantile(whole, 0.95)),
            "page of one use case, p95, ms": float(np.quantile(alone, 0.95)),
            "query of all, median, ms": float(np.median(_timed(lambda: _read(store, "")))),
            "query of all after a new entry, median, ms": float(np.median(_timed(lambda: _anew(store), 5))),
            "query of one, median, ms": float(np.median(_timed(lambda: _read(store, case)))),
        }


def _read(store: Store, case: str) -> None:
    with store.reading() as view:
        found = loop_time(view, Period.until(store.clock(), PERIODS[0]), case)
    assert found.lead.now.n


def _anew(store: Store) -> None:
    """As the first reader does after something has happened anywhere in the house."""
    looptime._house.clear()
    _read(store, "")


def _timed(do: Any, turns: int = TURNS) -> list[float]:
    spans = []
    for _ in range(turns):
        begin = time.perf_counter()
        do()
        spans.append((time.perf_counter() - begin) * 1000)
    return spans


def _grow(store: Store) -> None:
    """Write rows and the log's entries of two years, in the order of time."""
    import_tables()
    random = np.random.default_rng(0)
    begin = store.clock() - YEARS
    rows: dict[str, list[dict[str, Any]]] = {
        name: []
        for name in ("model_version", "release_request", "release_round", "release_vote", "deployment", "monitoring_alert")
    }  # fmt: skip
    events: list[tuple[datetime, Event]] = []
    with store.engine.connect() as connection:
        cases = [dict(r._mapping) for r in connection.execute(text("SELECT * FROM model_version"))]
        tables = SQLModel.metadata.tables
        firsts = [
            dict(r._mapping) for r in connection.execute(tables["model_version"].select().limit(len(cases)))
        ]
    for n in range(VERSIONS - len(firsts)):
        first, number = firsts[n % len(firsts)], 2 + n // len(firsts)
        moment = begin + (YEARS - timedelta(days=20)) * float(random.random())
        version = {**first, "id": f"{first['id']}v{number}", "number": number, "created_at": moment}
        rows["model_version"].append(version)
        events.append((moment, Event("version.submitted", "version", version["id"])))
        moment += timedelta(minutes=float(random.exponential(5)))
        events.append((moment, Event("version.evaluated", "version", version["id"], {"metrics": {}})))
        if n % 10 < 7:
            _released(rows, events, version, moment, random, n)
        if n % 3 == 0:
            raised = begin + YEARS * float(random.random())
            rows["monitoring_alert"].append({
                "id": f"alr_b{n}", "version_id": version["id"], "rule": "psi", "rule_kind": "psi", "rule_version": "x",
                "subject": "c", "grain": "month", "first_start": raised.date(), "last_start": raised.date(),
                "last_end": raised.date(), "worst": 0.4, "limit": 0.2, "template": "x", "reason": {}, "raised_at": raised,
                "acknowledged_by": "", "owner_id": "", "causes": [],
            })  # fmt: skip
            done = raised + timedelta(hours=float(random.exponential(30)))
            events.append((done, Event("alert.acknowledged", "alert", f"alr_b{n}", {"rule": "psi"})))
            if n % 30 == 0:
                opened = {"version": version["id"], "alerts": [f"alr_b{n}"]}
                events.append((done, Event("incident.opened", "incident", f"inc_b{n}", opened)))
    with store.engine.begin() as connection:
        tables = SQLModel.metadata.tables
        connection.execute(
            insert(tables["release_policy"]),
            [{"digest": "pol", "name": "P", "version": "1", "tier": "low", "environment": "production", "text": "",
              "published_by": "x", "published_at": begin}],
        )  # fmt: skip
        for name, some in rows.items():
            for start in range(0, len(some), 1_000):
                connection.execute(insert(tables[name]), some[start : start + 1_000])
    other = EVENTS - len(events)
    events += [
        (begin + YEARS * (k / other), Event("predictions.received", "version", firsts[k % len(firsts)]["id"], {"rows": k}))
        for k in range(other)
    ]  # fmt: skip
    events.sort(key=lambda one: one[0])
    for start in range(0, len(events), BATCH):
        _append(store, events[start : start + BATCH])
    with store.engine.begin() as connection:
        connection.execute(text("ANALYZE"))
        counted = {
            name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()
            for name in (*rows, "audit_event")
        }
    sys.stderr.write(f"{json.dumps(counted)}\n")


def _released(
    rows: Mapping[str, list[dict[str, Any]]],
    events: list[tuple[datetime, Event]],
    version: Mapping[str, Any],
    moment: datetime,
    random: np.random.Generator,
    n: int,
) -> None:
    """Ask for it, have three areas sign, and put every second live until the next comes."""
    asked = moment + timedelta(hours=float(random.exponential(20)))
    request, round_id = f"rel_b{n}", f"rou_b{n}"
    events.append((asked, Event("release.requested", "release", request, {"version": version["id"]})))
    at = asked
    for area in AREAS:
        at += timedelta(hours=float(random.exponential(12)))
        rows["release_vote"].append({
            "id": f"vot_{n}_{area}", "round_id": round_id, "request_id": request, "person_id": f"per_{area}", "area": area,
            "meaning": "approve", "rationale": "", "snapshot_digest": "d", "signed_at": at, "deciding": True,
            "on_behalf_of": "", "confirmed_by": "demo", "opened": None,
        })  # fmt: skip
        events.append((at, Event("release.signed", "release", request, {"area": area, "meaning": "approve"})))
    live = n % 2 == 0
    rows["release_request"].append({
        "id": request, "use_case_id": version["use_case_id"], "version_id": version["id"], "environment": "production",
        "state": "retired" if live else "rejected", "round": 1, "policy_digest": "pol", "note": "", "requested_by": "x",
        "requested_at": asked, "due_at": at, "approved_at": at if live else None, "emergency": False,
    })  # fmt: skip
    rows["release_round"].append({
        "id": round_id, "request_id": request, "number": 1, "snapshot": {}, "snapshot_digest": "d", "opened_by": "x",
        "opened_at": asked, "judged_at": asked,
    })  # fmt: skip
    if live:
        rows["deployment"].append({
            "id": f"dep_b{n}", "use_case_id": version["use_case_id"], "environment": "production",
            "version_id": version["id"], "request_id": request, "artifact_digest": "a", "started_by": "x", "started_at": at,
            "ended_by": "x", "ended_at": at + timedelta(days=9), "end_note": "",
            "end_reason": "rolled_back" if n % 20 == 0 else "replaced",
        })  # fmt: skip


def _append(store: Store, batch: list[tuple[datetime, Event]]) -> None:
    """Put entries at the end of the log at their own moments, in one transaction."""
    with Session(store.engine) as session, session.begin():
        session.connection()
        for start in range(0, len(batch), 100):
            part = batch[start : start + 100]
            append(session, part[0][0], SYSTEM, [one for _moment, one in part])
