"""Retraining: every state of the page, over a real store, in both languages; and on Overview for who may answer."""

import pytest
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from streamlit.testing.v1 import AppTest

from app import wiring
from core.decisions.retraining import commands, queries
from core.decisions.retraining.request import Compared, Result, Snapshot, State
from core.overview.attention import Urgency
from core.overview.portfolio import portfolio
from core.platform.store import SYSTEM, Actor
from tests.core.decisions.retraining.conftest import FEATURES, loop_on, rows_of
from tests.core.evidence.explain.registered import register
from tests.ui.hands import page_as

WHY = "The relation has turned; waiting costs more."


@pytest.fixture
def loop(store, monkeypatch):
    monkeypatch.setattr(wiring, "_process_store", lambda: store)
    return loop_on(store, None)


def words(at: AppTest) -> str:
    return "\n".join(
        str(e.value)
        for e in [*at.markdown, *at.caption, *at.header, *at.title, *at.error, *at.info, *at.warning]
    )


def alts(at: AppTest) -> list[str]:
    return [c.proto.alt for c in at.get("plotly_chart")]


def test_what_is_not_proposed_yet_can_be(loop):
    ana = loop.person("ana", "data_scientist")
    at = page_as(loop.store, ana, "retraining", use_case="credit")
    assert not at.exception
    assert "No retraining is proposed" in words(at)
    labels = [b.label for b in at.button]
    assert "Propose a retraining" in labels
    assert "Policy" in labels
    viewer = page_as(loop.store, loop.person("paul", "viewer"), "retraining", use_case="credit")
    assert not viewer.exception
    assert "Propose a retraining" not in [b.label for b in viewer.button]


@pytest.mark.parametrize(
    ("language", "waits", "short"),
    [("en", "It waits for", "Give the reason"), ("pt_BR", "Aguarda", "Dê o motivo")],
)
def test_two_areas_answer_on_the_page(loop, language, waits, short):
    ana, otto = loop.person("ana", "data_scientist"), loop.person("otto", "operations")
    loop.send(rows_of(300, 2), "2026-09-01", 60)
    made = loop.do(ana, commands.propose, loop.champion.use_case_id)
    with loop.store.reading() as view:
        mine = [item for item in portfolio(view, otto).attention if item.page == "retraining"]
        assert [item.urgency for item in mine] == [Urgency.MINE]
        outsider = Actor("per_x", "person", frozenset({"viewer"}))
        assert not [item for item in portfolio(view, outsider).attention if item.page == "retraining"]
    at = page_as(loop.store, otto, "retraining", use_case="credit", retraining=made, language=language)
    assert not at.exception
    at.text_area(key="retraining_reason").set_value("no").run()
    at.button[_place(at)].click().run()
    assert not at.exception
    assert short in words(at)  # refused on the page, and nothing is lost
    at.text_area(key="retraining_reason").set_value(WHY).run()
    at.button[_place(at)].click().run()
    assert not at.exception
    with loop.store.reading() as view:
        assert [v.area.value for v in queries.retraining(view, made).votes] == ["operations"]
    again = page_as(loop.store, otto, "retraining", use_case="credit", retraining=made, language=language)
    assert waits in words(again)
    assert WHY.split(";", maxsplit=1)[0] in words(again)


def _place(at: AppTest) -> int:
    return next(i for i, b in enumerate(at.button) if b.label in {"Consent", "Consentir"})


def version_like(loop) -> str:
    """Register a second version, as a run does."""
    table = rows_of(300, 5)
    model = make_pipeline(FunctionTransformer(), DummyClassifier()).fit(table[FEATURES], table["default"])
    return register(loop.store, model, table, features=FEATURES).id


@pytest.mark.parametrize(("language", "better"), [("en", "better"), ("pt_BR", "melhor")])
def test_the_challenger_is_shown_against_the_champion(loop, language, better):
    ana, otto = loop.person("ana", "data_scientist"), loop.person("otto", "operations")
    made = loop.do(ana, commands.propose, loop.champion.use_case_id)
    for who in (ana, otto):
        loop.do(who, commands.answer, made, consents=True, reason=WHY)
    version_like(loop)
    second = version_like(loop)
    with loop.store.unit_of_work(SYSTEM) as uow:
        commands.keep_snapshot(
            uow, made, Snapshot("d" * 64, 1200, 900, 225, "2026-09-01", "2026-10-15", "2026-10-30")
        )
        metrics = (
            Compared("roc_auc", 0.70, 0.74, 0.04, 0.01, 0.07),
            Compared("accuracy", 0.80, 0.80, 0.00, -0.02, 0.02),
        )
        commands.answer_with(uow, made, second, waits=State.RUNNING)
        commands.finish(
            uow, made, Result(225, metrics, Compared("worth", 1000.0, 2500.0, 1500.0, 200.0, 2800.0), "BRL")
        )
    at = page_as(loop.store, otto, "retraining", use_case="credit", retraining=made, language=language)
    assert not at.exception
    assert better in words(at)
    assert any("95 %" in alt for alt in alts(at))
    with loop.store.reading() as view:
        assert queries.retraining(view, made).state is State.DONE


def test_a_failed_run_says_why_and_what_to_do(loop):
    from core.errors import Conflict

    ana, otto = loop.person("ana", "data_scientist"), loop.person("otto", "operations")
    made = loop.do(ana, commands.propose, loop.champion.use_case_id)
    for who in (ana, otto):
        loop.do(who, commands.answer, made, consents=True, reason=WHY)
    with loop.store.unit_of_work(SYSTEM) as uow:
        commands.fail(uow, made, Conflict("retraining.x", "It broke.", fix="Mend it."))
    at = page_as(loop.store, otto, "retraining", use_case="credit", retraining=made)
    assert not at.exception
    assert "It broke" in words(at)
    assert "Mend it" in words(at)
