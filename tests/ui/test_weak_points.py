"""The tab of weak points: what is stored is drawn, what is not can be started, and a slice fills a finding."""

import pytest
from streamlit.testing.v1 import AppTest

from app import wiring
from core.evidence.robustness import commands as robustness
from core.evidence.robustness.effect import Figure
from core.evidence.robustness.report import Line, Report
from core.evidence.robustness.shaking import Kind
from core.evidence.slices import queries as sliced
from core.evidence.slices import work as slicing
from core.platform.jobs import queries as jobs
from core.platform.jobs.handling import run_waiting
from core.platform.store import SYSTEM
from tests.core.evidence.explain.registered import SCIENTIST
from tests.core.evidence.fairness.test_work import HANDLERS, declare, evaluated, people
from tests.people import add_row
from tests.ui.hands import page_as


@pytest.fixture
def version(store, monkeypatch):
    monkeypatch.setattr(wiring, "store", lambda: store)
    with store.unit_of_work(SYSTEM) as uow:
        add_row(uow, SCIENTIST.id, "Ana", ("data_scientist",))
        uow.record("person.added", "person", SCIENTIST.id)
    return evaluated(store, people())


@pytest.fixture
def tab(store):
    def open_tab(actor=SCIENTIST) -> AppTest:
        return page_as(store, actor, "model", use_case="credit", version="1", tab="weak")

    return open_tab


def words(at: AppTest) -> str:
    texts = [str(e.value) for e in [*at.markdown, *at.caption, *at.header]]
    return "\n".join([*texts, *(t.value.to_string() for t in at.table)])


def test_nothing_stored_offers_to_start(store, version, tab):
    at = tab()
    assert not at.exception
    assert "No fairness report is stored" in words(at)
    assert "No robustness report is stored" in words(at)
    assert "No error analysis is stored" in words(at)
    at.button(key="start_troubleshoot").click().run()
    assert not at.exception
    with store.reading() as view:
        assert jobs.latest(view, "version", version.id, sliced.JOB_KIND) is not None
    assert not [b for b in at.button if b.key == "start_troubleshoot"]


def test_a_viewer_is_offered_nothing(version, tab):
    at = tab("viewer")
    assert not at.exception
    assert not [b for b in at.button if (b.key or "").startswith("start_")]


def test_everything_stored_is_drawn_and_a_slice_fills_a_finding(store, version, tab):
    declare(store, version, attributes=["raca"], favourable="0", preset="brazil")
    with store.unit_of_work(SYSTEM) as uow:
        from core.evidence.slices import commands as slices

        slices.enqueue_for(uow, version.id)
        robustness.store(
            uow,
            version.id,
            Report(
                "roc_auc",
                0.81,
                900,
                (
                    Line(Kind.NOISE, 0.1, True, Figure(0.02, 0.01, 0.03, 900), Figure(0.05, 0.04, 0.07, 900)),
                    Line(Kind.MISSING, 0.05, True, None, None, "Input X contains NaN."),
                ),
            ),
            model_digest="m",
            data_digest="d",
        )
    run_waiting(store, {**HANDLERS, sliced.JOB_KIND: slicing.analyse})
    at = tab()
    assert not at.exception
    told = words(at)
    assert "Beyond the line" in told
    assert "does not answer" in told
    assert "Input X contains NaN" in told
    alt = next(c.proto.alt for c in at.get("plotly_chart"))
    assert "under 1 shakes" in alt
    assert "Rules were found on one half of the rows" in told
    at.button(key="slice_0").click().run()
    title = next(t for t in at.text_input if t.label == "What is wrong")
    assert title.value.startswith("Errs where ")
