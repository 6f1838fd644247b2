"""Fairness: every state of the page, drawn by Streamlit itself over a real store."""

import pytest
from streamlit.testing.v1 import AppTest

from app import wiring
from core.assets.registry.queries import VersionState
from core.evidence.fairness import queries
from core.platform.jobs.handling import run_waiting
from core.platform.store import Actor
from tests.core.evidence.explain.registered import SCIENTIST, register
from tests.core.evidence.fairness.test_work import HANDLERS, Scored, declare, evaluated, people
from tests.ui.hands import page_as


@pytest.fixture
def page(store, monkeypatch):
    monkeypatch.setattr(wiring, "_process_store", lambda: store)

    def open_page(actor: Actor = SCIENTIST, language: str = "en", **query: str) -> AppTest:
        return page_as(store, actor, "fairness", language=language, **query)

    return open_page


@pytest.fixture
def measured(store):
    version = evaluated(store, people())
    declare(store, version, attributes=["sex", "raca"], favourable="0", preset="brazil")
    run_waiting(store, HANDLERS)
    return version


def words(at: AppTest) -> str:
    texts = [str(e.value) for e in [*at.markdown, *at.caption, *at.header, *at.warning, *at.error]]
    return "\n".join([*texts, *(t.value.to_string() for t in at.table)])


def alts(at: AppTest) -> list[str]:
    return [c.proto.alt for c in at.get("plotly_chart")]


def test_nothing_yet_leads_to_the_upload(page):
    at = page()
    assert not at.exception
    assert "No models yet" in words(at)


def test_a_version_under_check_waits(page, store):
    register(store, Scored, people(100), features=["income"], state=VersionState.CHECKING)
    at = page()
    assert not at.exception
    assert "cannot be measured yet" in words(at)


def test_from_the_declaration_on_the_page_to_the_charts(page, store):
    version = evaluated(store, people())
    at = page()
    assert "No protected attribute is declared" in words(at)
    at.multiselect(key="protected_credit_attributes").set_value(["raca"]).run()
    at.selectbox(key="protected_credit_favourable").set_value("0").run()
    at.selectbox(key="protected_credit_preset").set_value("brazil").run()
    at.button(key="protected_credit_save").click().run()
    assert not at.exception
    with store.reading() as view:
        assert queries.declaration(view, version.use_case_id).attributes == ("raca",)
    run_waiting(store, HANDLERS)
    at = page()
    assert not at.exception
    assert "Beyond the line" in words(at)
    assert "preta" in alts(at)[0]
    assert "Hidden, because a group under 30" in words(at)
    assert r"indígena \(9\)" in words(at)


def test_none_applies_with_a_reason(page, store):
    evaluated(store, people(100))
    at = page()
    at.text_area(key="protected_credit_none").set_value("Machines are judged here, no person is.").run()
    at.button(key="protected_credit_save").click().run()
    assert not at.exception
    assert "No protected attribute applies" in words(page())


def test_too_short_a_reason_is_refused_in_place(page, store):
    evaluated(store, people(100))
    at = page()
    at.text_area(key="protected_credit_none").set_value("no").run()
    at.button(key="protected_credit_save").click().run()
    assert "No attribute is named" in words(at)


def test_the_finding_is_filled_with_what_is_shown(page, measured):
    """AppTest forgets a dialog at the next run: the browser journey sends it."""
    at = page(by="raca", metric="selection_rate")
    assert not at.exception
    at.button(key="fairness_finding").click().run()
    title = next(t for t in at.text_input if t.label == "What is wrong")
    assert title.value == "Favourable decisions by raca: preta against " + title.value.rsplit(" ", 1)[1]
    text = next(t for t in at.text_area if t.label.startswith("What you saw"))
    assert "0.80 of the highest group" in text.value
    assert "Over 900 evaluation rows" in text.value


def test_a_viewer_reads_and_changes_nothing(page, actor, measured):
    at = page(actor("viewer"))
    assert not at.exception
    assert not [b for b in at.button if b.key in {"fairness_finding", "protected_credit_save"}]
    assert "Protected attributes" in words(at)


def test_the_threshold_moves_the_gaps(page, measured):
    at = page(threshold_by="raca")
    gaps = next(t.value for t in at.table if "Gap now" in t.value.columns)
    assert list(gaps["Gap now"]) == list(gaps["Gap at 0.50"])
    at.slider[0].set_value(0.3).run()
    assert not at.exception
    moved = next(t.value for t in at.table if "Gap now" in t.value.columns)
    assert list(moved["Gap now"]) == list(gaps["Gap now"])
    assert list(moved["Gap at 0.30"]) != list(moved["Gap now"])


def test_in_portuguese(page, measured):
    at = page(language="pt_BR", by="raca")
    assert not at.exception
    assert "Além do limite" in words(at)
    assert "grupos com intervalos" in alts(at)[0]
