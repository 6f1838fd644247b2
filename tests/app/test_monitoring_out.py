"""What leaves monitoring: numbers for Prometheus, the report as HTML and PDF, CSV that no spreadsheet runs."""

from io import BytesIO

import pandas as pd
import pytest
from pypdf import PdfReader
from starlette.testclient import TestClient

from app import downloads, prometheus
from app.doors import Bearer
from app.guard import BEARER_STATE
from app.ui.export import as_csv, as_parquet
from core import i18n
from core.errors import Invalid
from core.overview.gauges import Gauge, written
from core.platform.store import Actor, Store
from tests.core.evidence.monitoring.conftest import Watched, credit, ready_version, sent, told


@pytest.fixture
def watched(store: Store) -> Watched:
    it = ready_version(store)
    moved = credit(900, 2, shift=0.9)
    it.send(sent(moved, "2026-09-01", 20, "b"), profile=False)
    it.send(told(moved, "b"), "labels")
    return it


def test_prometheus_reads_the_health_of_every_version(watched: Watched, actor):
    answer = prometheus.Prometheus(watched.store)
    from starlette.applications import Starlette

    class Let:
        def __init__(self, app, who):
            self.app, self.who = app, who

        async def __call__(self, scope, receive, send):
            if self.who is not None:
                scope[BEARER_STATE] = Bearer("tok_1", self.who, None)
            await self.app(scope, receive, send)

    inner = Starlette(routes=answer.routes())
    assert TestClient(Let(inner, None)).get("/metrics").status_code == 401
    found = TestClient(Let(inner, actor("viewer", kind="service"))).get("/metrics")
    assert found.status_code == 200
    assert found.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = found.text.splitlines()
    assert 'aval_columns_moved{use_case="credit",version="1"} 2.0' in lines
    assert any(
        line.startswith('aval_alerts_open{use_case="credit",version="1",kind="psi"}') for line in lines
    )
    assert any(
        line.startswith('aval_performance{use_case="credit",version="1",metric="roc_auc"} 0.')
        for line in lines
    )
    assert all(
        line.startswith("#") or (len(line.rsplit(" ", 1)) == 2 and float(line.rsplit(" ", 1)[1]) >= 0)
        for line in lines
    )


def test_label_values_are_escaped():
    said = written([Gauge("a", "b", [((("x", 'q"\\\n'),), 1.5)])])
    assert said == '# HELP a b\n# TYPE a gauge\na{x="q\\"\\\\\\n"} 1.5\n'


@pytest.mark.parametrize("language", ["en", "pt_BR"])
def test_the_report_says_what_happened(watched: Watched, language: str):
    who = Actor("per_1", "person", frozenset({"viewer"}), "page")
    i18n.use(language)
    try:
        html = downloads.monitoring_answer(watched.store, who, watched.version_id, "html", "month")
        pdf = downloads.monitoring_answer(watched.store, who, watched.version_id, "pdf", "month")
        with pytest.raises(Invalid):
            downloads.monitoring_answer(watched.store, who, watched.version_id, "docx", "month")
    finally:
        i18n.use("en")
    said = html.body.decode()
    pages = " ".join(page.extract_text() for page in PdfReader(BytesIO(pdf.body)).pages)
    word = {"en": "Monitoring of Credit", "pt_BR": "Monitoramento de Credit"}[language]
    assert word in said
    assert word in pages
    assert "income" in pages
    assert 'class="over"' in said


def test_a_spreadsheet_runs_nothing_that_was_exported():
    frame = pd.DataFrame({"=cmd": ["=1+1", "@x", "plain"], "n": [-1.5, 2.0, float("nan")]})
    csv = as_csv(frame).decode("utf-8-sig")
    assert csv.splitlines() == ["'=cmd,n", "'=1+1,-1.5", "'@x,2.0", "plain,"]
    assert pd.read_parquet(BytesIO(as_parquet(frame))).equals(frame)
