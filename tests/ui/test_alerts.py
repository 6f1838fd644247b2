"""Alerts, their care, incidents, rules and health: every screen drawn by Streamlit over a real store."""

from datetime import timedelta

import pytest

from core.decisions.incidents import commands as incidents
from core.decisions.incidents import queries as incident_queries
from core.evidence.alerts import commands, queries
from core.overview.portfolio import portfolio
from core.platform.store import Store
from tests.core.evidence.monitoring.conftest import Watched, credit, ready_version, sent
from tests.ui.hands import member, page_as


@pytest.fixture
def drifted(house: Store) -> Watched:
    """A version with a calm month, then one in which income moved and the app lost it for half of its rows."""
    it = ready_version(house)
    it.send(sent(credit(900, 1), "2026-08-01", 20, "a"), profile=False)
    moved = credit(900, 2, shift=0.9)
    lost = (moved["channel"] == "app") & (moved.index % 2 == 0)
    moved.loc[lost, "income"] = None
    it.send(sent(moved, "2026-09-01", 20, "b"))
    return it


def text(page) -> str:
    parts = [
        *page.markdown,
        *page.caption,
        *page.header,
        *page.title,
        *page.warning,
        *page.success,
        *page.error,
    ]
    return " ".join(str(part.value) for part in parts)


def of(it: Watched, rule: str, subject: str):
    with it.store.reading() as view:
        found = queries.alerts(view, version_id=it.version_id)
    return next(a for a in found if (a.rule, a.subject) == (rule, subject))


@pytest.mark.parametrize("language", ["en", "pt_BR"])
def test_an_alert_from_reason_to_incident(drifted: Watched, language: str) -> None:
    store = drifted.store
    operations = member(store, "operations", "Tomasz")
    boss = member(store, "business", "Marcelo")
    missing = of(drifted, "missing_share", "income")
    page = page_as(store, operations, "alerts", language=language)
    assert not page.exception
    assert "income" in text(page)
    page = page_as(store, operations, "alert", language=language, alert=missing.id)
    assert not page.exception
    shown = text(page)
    assert "channel app" in shown, shown
    next(b for b in page.button if b.key == "do_done").click().run()
    assert not page.exception
    with store.unit_of_work(operations) as uow:
        commands.snooze(
            uow, missing.id, until=uow.now + timedelta(days=5), reason="The feed is repaired on Friday."
        )
    with store.unit_of_work(operations) as uow:
        commands.wake(uow, missing.id)
        commands.escalate(uow, missing.id, to=boss.id, reason="Shall we stop automatic refusals?")
    page = page_as(store, boss, "alert", language=language, alert=missing.id)
    assert "Shall we stop automatic refusals?" in text(page)
    with store.unit_of_work(operations) as uow:
        made = incidents.open_incident(
            uow, version_id=drifted.version_id, title="Income lost", text="Half of the app's rows have no income.",
            severity="high", owner_id=boss.id, began_at=uow.now - timedelta(days=3), alert_ids=[missing.id],
        )  # fmt: skip
    page = page_as(store, boss, "overview", language=language)
    assert not page.exception
    with store.reading() as view:
        mine = {item.page for item in portfolio(view, boss).mine}
    assert {"alert", "incident"} <= mine
    page = page_as(store, boss, "incident", language=language, incident=made.id)
    assert not page.exception
    assert "Half of the app's rows have no income" in text(page).replace("\\", "")
    with store.unit_of_work(boss) as uow:
        incidents.note(uow, made.id, "The supplier confirmed it.")
        incidents.close(uow, made.id, resolution="The feed was repaired and a check was added.")
    page = page_as(store, "viewer", "incident", language=language)
    assert not page.exception
    with store.reading() as view:
        assert not incident_queries.incident(view, made.id).open
        assert incident_queries.of_alert(view, missing.id)[0].id == made.id


@pytest.mark.parametrize("tab", ["drift", "performance", "quality", "course", "data"])
def test_every_tab_of_monitoring(drifted: Watched, tab: str) -> None:
    who = member(drifted.store, "operations")
    page = page_as(
        drifted.store, who, "monitoring", tab=tab, column="income", at="2026-09-01", against="previous",
        segment="channel" if tab == "drift" else "",
    )  # fmt: skip
    assert not page.exception
    if tab == "drift":
        next(b for b in page.button if b.key == "split").click().run()
        drifted.work()
        page = page_as(
            drifted.store,
            who,
            "monitoring",
            tab=tab,
            column="income",
            at="2026-09-01",
            segment="channel",
        )
        assert not page.exception
        assert any("branch" in str(t.value) for t in page.table)


def test_rules_are_drafted_replayed_and_published(drifted: Watched) -> None:
    store = drifted.store
    operations = member(store, "operations")
    page = page_as(store, operations, "alert_rules", use_case="credit")
    assert not page.exception
    next(b for b in page.button if b.key == "replay").click().run()
    assert not page.exception
    assert "alerts" in text(page)
    wrong = page.text_area[0].value.replace('kind = "psi"', 'kind = "psii"', 1)
    page.text_area[0].set_value(wrong).run()
    assert "psii" in text(page)
    page.text_area[0].set_value(wrong.replace("psii", "psi").replace("limit = 0.2\n", "limit = 9\n")).run()
    next(b for b in page.button if b.key == "publish").click().run()
    assert not page.exception
    drifted.work()
    assert not of(drifted, "input_drift", "income").open
    assert of(drifted, "missing_share", "income").open
    page = page_as(store, "viewer", "alert_rules", use_case="credit")
    assert not page.exception
    assert not page.text_area


def test_health_of_all_models(drifted: Watched, house: Store) -> None:
    who = member(house, "viewer")
    page = page_as(house, who, "model_health")
    assert not page.exception
    assert "of 6 columns moved" in text(page)
    page = page_as(house, who, "model_health", beat="silent", language="pt_BR")
    assert not page.exception
