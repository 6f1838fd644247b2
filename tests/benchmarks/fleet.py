"""The health page of a thousand watched models, forty columns each: what the overview of monitoring costs."""

import time
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from streamlit.testing.v1 import AppTest

from app import wiring
from core.assets.datasets.tables import DatasetRow
from core.assets.registry.tables import ModelRow, UseCaseRow, VersionRow
from core.evidence.alerts.tables import AlertRow, HealthRow
from core.overview.pulses import pulses
from core.platform.store import SYSTEM, Store
from core.platform.store.migrate import upgrade
from core.settings import Settings
from tests.people import add_row

MODELS, COLUMNS, TURNS = 1_000, 40, 60


def overview(folder: Path) -> Iterator[Mapping[str, float]]:
    """Time the query and the page's whole script, in this process, warm; CPU beside it, for a busy machine."""
    store = wiring.open_store(Settings(folder=str(folder)), announce=lambda _job: None)
    upgrade(store.engine)
    fill(store)
    wiring._process_store = lambda: store
    main = Path(__file__).parents[2] / "app" / "main.py"
    while True:
        page = AppTest.from_file(str(main), default_timeout=60)
        page.user = {"person": "per_viewer", "session": "ses_bench"}
        page.switch_page("../pages/model_health.py")
        page.run()
        assert not page.exception
        spans, cpu, reads = [], [], []
        for _ in range(TURNS):
            wall, worked = time.perf_counter(), time.process_time()
            page.run()
            spans.append(time.perf_counter() - wall)
            cpu.append(time.process_time() - worked)
            wall = time.perf_counter()
            with store.reading() as view:
                found = pulses(view, store.clock())
            reads.append(time.perf_counter() - wall)
        assert len(found) == MODELS
        yield {
            "fleet_p95": float(np.quantile(spans, 0.95)) * 1000,
            "page, CPU, median, ms": float(np.median(cpu)) * 1000,
            "query, median, ms": float(np.median(reads)) * 1000,
        }


def fill(store: Store) -> None:
    """A thousand use cases, each with one watched version."""
    random = np.random.default_rng(0)
    now = store.clock()
    today = now.date()
    with store.unit_of_work(SYSTEM) as uow:
        add_row(uow, "per_viewer", "Viewer", ["viewer"])
        uow.session.add(
            DatasetRow(
                id="dat", digest="d", source_digest="d", name="d", rows=1, columns=[], protected=[], personal=[],
                lawful_basis="contract", created_by="per_viewer", created_at=now,
            )
        )  # fmt: skip
        uow.record("person.added", "person", "per_viewer")
    rows: dict[type, list[dict]] = {UseCaseRow: [], ModelRow: [], VersionRow: [], HealthRow: [], AlertRow: []}
    for n in range(MODELS):
        rows[UseCaseRow].append({
            "id": f"use_{n}", "slug": f"case-{n}", "title": f"Use case {n}", "purpose": "p", "owner_id": "per_viewer",
            "task": "binary", "risk_tier": "low", "lawful_basis": "contract", "affected_people": "", "human_oversight": "",
            "applications": [], "currency": "BRL", "created_at": now,
        })  # fmt: skip
        rows[ModelRow].append(
            {
                "id": f"mod_{n}",
                "use_case_id": f"use_{n}",
                "name": "m",
                "created_by": "per_viewer",
                "created_at": now,
            }
        )
        rows[VersionRow].append({
            "id": f"ver_{n}", "use_case_id": f"use_{n}", "model_id": f"mod_{n}", "number": 1, "state": "ready",
            "author_id": "per_viewer", "created_at": now, "artifact_digest": "a" * 64, "artifact_name": "m", "artifact_size": 1,
            "format": "skops", "verdict": "known", "names": [], "isolation": "full", "refusal": None, "dataset_id": "dat",
            "dataset_digest": "", "label_column": "y", "positive_label": "1", "operating_threshold": 0.5, "signature": {},
            "note": "",
        })  # fmt: skip
        psi = random.exponential(0.05, COLUMNS)
        rows[HealthRow].append({
            "version_id": f"ver_{n}", "judged_at": now, "window_start": today.replace(day=1), "window_end": today,
            "rows": 10_000, "columns": COLUMNS, "moved": int((psi > 0.2).sum()), "worst_column": "income",
            "worst_psi": float(psi.max()), "metric": "roc_auc", "value": 0.7, "expected": 0.72, "coverage": 0.5,
            "course": random.exponential(0.1, 12).tolist(),
        })  # fmt: skip
        for k in range(n % 3):
            first = date(2026, 1, 1) + timedelta(days=n % 300)
            rows[AlertRow].append({
                "id": f"alr_{n}_{k}", "version_id": f"ver_{n}", "rule": "input_drift", "rule_kind": "psi", "rule_version": "x",
                "subject": f"c{k}", "grain": "month", "first_start": first, "last_start": first, "last_end": first,
                "worst": 0.4, "limit": 0.2, "template": "x", "reason": {}, "raised_at": now, "causes": [],
            })  # fmt: skip
    with store.unit_of_work(SYSTEM) as uow:
        for table, some in rows.items():
            uow.session.add_all(table(**one) for one in some)
            uow.session.flush()
        uow.record("benchmark.filled", "house", "bench")
