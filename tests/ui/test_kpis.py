"""The KPI page: defined, observed, revised and retired by people, drawn by Streamlit over a real store."""

from dataclasses import replace

import pytest

from core.evidence.kpis import queries
from core.evidence.kpis.definition import Status
from core.i18n import use
from core.platform.store import Store
from tests.core.evidence.kpis.test_definition import AUC
from tests.core.evidence.monitoring.conftest import Watched, credit, ready_version, sent, told
from tests.kpis import in_force
from tests.ui.hands import member, page_as
from tests.ui.test_monitoring import text


@pytest.fixture
def watched(house: Store) -> Watched:
    return ready_version(house)


def _button(page, label: str):
    return next(b for b in page.button if b.label == label)


def test_nothing_defined(watched: Watched) -> None:
    page = page_as(watched.store, "business", "kpis")
    assert not page.exception
    assert "No KPIs yet" in text(page)
    assert not _button(page, "Define a KPI").disabled


def test_who_may_not_define_is_told_who_can(watched: Watched) -> None:
    page = page_as(watched.store, "compliance", "kpis")
    assert _button(page, "Define a KPI").disabled
    assert "Operations" in text(page)


def test_proposed_in_the_dialog_and_put_in_force_by_a_second_person(watched: Watched) -> None:
    owner = member(watched.store, "operations", "Tomasz")
    second = member(watched.store, "operations", "Camila")
    page = page_as(watched.store, owner, "kpis")
    _button(page, "Define a KPI").click().run()
    assert not page.exception
    _button(page, "Propose").click().run()
    assert "A KPI needs a target" in text(page)
    page.number_input[0].set_value(0.6)
    page.number_input[1].set_value(0.7)
    _button(page, "Propose").click().run()
    assert "warning" in text(page)
    page.number_input[1].set_value(0.55)
    _button(page, "Propose").click().run()
    assert not page.exception
    with watched.store.reading() as view:
        (kpi,) = queries.proposals(view)
    assert (kpi.definition.target, kpi.definition.warning, kpi.definition.critical) == (0.6, 0.55, None)
    assert kpi.definition.owner_id == owner.id
    page = page_as(watched.store, owner, "kpis")
    assert _button(page, "Put in force").disabled
    page = page_as(watched.store, second, "kpis")
    _button(page, "Put in force").click().run()
    assert not page.exception
    with watched.store.reading() as view:
        assert queries.kpi(view, kpi.id).decided_by == second.id


@pytest.mark.parametrize("language", ["en", "pt_BR"])
def test_a_formula_is_previewed_as_it_is_written(watched: Watched, language: str) -> None:
    owner = member(watched.store, "operations", "Tomasz")
    watched.send(sent(credit(300, 3), "2026-08-01", 20, "a"))
    use(language)  # AppTest formats options in the test's own language
    try:
        page = page_as(watched.store, owner, "kpis", language=language)
        next(b for b in page.button if b.label in ("Define a KPI", "Definir um KPI")).click().run()
        next(c for c in page.button_group if c.key == "define_by").set_value([True]).run()
        page.text_area(key="define_formula").set_value("sum(0.1 * incme)").run()
        assert "income" in text(page)
        assert any("^" in one.value for one in page.code)
        page.text_area(key="define_formula").set_value("sum(0.1 * income)").run()
        assert not page.exception
        table = page.table[0].value.astype(str).to_string()
        assert "R\\$" in table
        assert "2026" in table
        assert ("sum over all rows" if language == "en" else "soma, em todas as linhas") in text(page)
    finally:
        use("en")


@pytest.mark.parametrize("language", ["en", "pt_BR"])
def test_scoreboard_and_history(watched: Watched, language: str) -> None:
    owner = member(watched.store, "operations", "Tomasz *Wilk*")
    rows = credit(500, 3)
    good = replace(AUC, owner_id=owner.id, target=0.55, warning=0.5, critical=None)
    kpi = in_force(watched.store, owner, watched.use_case_id, good)
    in_force(watched.store, owner, watched.use_case_id, replace(good, name="Much", minimum_n=100_000))
    watched.send(sent(rows, "2026-08-01", 20, "a"))
    watched.send(told(rows, "a").iloc[:400], "labels")
    page = page_as(watched.store, owner, "kpis", language=language)
    assert not page.exception
    with watched.store.reading() as view:
        scores = {s.kpi.definition.name: s for s in queries.scoreboard(view)}
    assert scores["Ranking"].status == Status.ON_TARGET
    assert scores["Much"].status == Status.NOT_ENOUGH
    by_label = {m.label: m.value for m in page.metric}
    assert list(by_label.values())[1] == "–"
    shown = text(page)
    if language == "en":
        assert "Not enough data: 400 of 100,000" in shown
        assert "provisional, 80% of labels in" in shown.replace("\\", "")
        assert "Tomasz \\*Wilk\\*" in shown
    page.button(key=f"history_{kpi.id}").click().run()
    assert not page.exception
    if language == "en":
        assert "On target in 1 of 1 windows" in text(page)
        _button(page, "Follow").click().run()
        assert not page.exception
        assert "you follow it" in text(page)
        _button(page, "Follow no more").click().run()
        assert "you follow it" not in text(page)
        _button(page, "Retire").click().run()
        assert not page.exception
        with watched.store.reading() as view:
            assert [k.definition.name for k in queries.kpis(view)] == ["Much"]
