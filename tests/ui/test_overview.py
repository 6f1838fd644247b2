"""Overview: empty, in order, and with what waits for the reader."""

from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from app import wiring
from core.assets.registry.usecase import RiskTier
from core.assets.registry.version import VersionState
from core.evidence.kpis.definition import Status
from core.evidence.kpis.tables import ObservationRow
from core.platform.store import Actor
from tests.core.overview.test_portfolio import House
from tests.ui.hands import page_as


@pytest.fixture
def house(store, hands) -> House:
    return House(store, hands.now)


@pytest.fixture
def page(store, monkeypatch, actor):
    monkeypatch.setattr(wiring, "_process_store", lambda: store)

    def open_page(who: Actor | None = None, language: str = "en") -> AppTest:
        return page_as(store, who or actor("viewer"), "overview", language=language)

    return open_page


def words(at: AppTest) -> str:
    return "\n".join(str(e.value) for e in [*at.markdown, *at.caption, *at.header])


def links(at: AppTest) -> list[str]:
    return [link.proto.label for link in at.get("page_link")]


def test_nothing_yet_leads_to_the_upload(page):
    at = page()
    assert not at.exception
    assert "No models yet" in words(at)
    assert "Upload a model" in links(at)
    assert not at.metric


def test_a_house_in_order(page, house):
    house.use_case("credit", RiskTier.HIGH)
    live = house.version("credit", 1)
    house.deployed("credit", live)
    house.kpi("credit", live, Status.ON_TARGET)
    at = page()
    assert not at.exception
    assert "1 of 1 live models are healthy. Nothing waits for you." in words(at)
    assert "Everything is in order." in words(at)
    metric = at.metric[0]
    assert (metric.label, metric.value, metric.delta) == ("AUC", "0.600", "+0.010")
    assert at.button[0].disabled
    assert any(label.startswith("**Credit") for label in links(at))


def test_a_month_without_enough_data_is_not_shown_as_the_value(page, house):
    house.use_case("credit", RiskTier.HIGH)
    live = house.version("credit", 1)
    house.deployed("credit", live)
    house.kpi("credit", live, Status.ON_TARGET)
    house.add(
        ObservationRow(
            revision_id="rev_credit_AUC", version_id=live, place=11, start=date(2026, 11, 1), end=date(2026, 12, 1),
            value=0.1, low=0.0, high=0.9, n=1, coverage=0.1, status=Status.NOT_ENOUGH.value, observed_at=house.now,
        )
    )  # fmt: skip
    at = page()
    assert not at.exception
    metric = at.metric[0]
    assert (metric.value, metric.delta) == ("0.600", "+0.010")
    assert "Oct 2026" in metric.proto.delta_description


def test_what_waits_is_listed_with_its_way(page, house, actor):
    house.use_case("credit", RiskTier.HIGH)
    live = house.version("credit", 1)
    house.deployed("credit", live)
    house.kpi("credit", live, Status.CRITICAL)
    house.alert(live)
    house.use_case("bikes")
    house.version("bikes", 1, VersionState.REFUSED)
    house.finding("credit", live, "per_me")
    at = page(actor("operations", id="per_me"))
    assert not at.exception
    assert "1 thing waits for you" in words(at)
    listed = [label for label in links(at) if label.startswith(":")]
    assert len(listed) == 4
    assert "an open finding" in listed[0]
    assert "beyond its critical limit" in listed[1]
    assert ":red-badge" in words(at)
    assert not at.button[0].disabled


def test_titles_stay_text(page, house):
    house.use_case("credit")
    with house.store.unit_of_work(actor_system()) as uow:
        from core.assets.registry.tables import UseCaseRow

        uow.session.get(UseCaseRow, "uc_credit").title = "**Bold** [x](https://evil.example) :red[y]"
    at = page()
    assert not at.exception
    assert not any("](https" in label or ":red[" in label for label in links(at))


def actor_system() -> Actor:
    from core.platform.store import SYSTEM

    return SYSTEM
