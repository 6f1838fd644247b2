"""The monitoring page: every state, drawn by Streamlit over a real store."""

import json

import pytest

from core.evidence.alerts import queries as alerts
from core.platform.store import Store
from tests.core.evidence.monitoring.conftest import Watched, credit, ready_version, sent, told
from tests.ui.hands import member, page_as


@pytest.fixture
def watched(house: Store) -> Watched:
    return ready_version(house)


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


@pytest.mark.parametrize("language", ["en", "pt_BR"])
def test_nothing_to_watch(house: Store, language: str) -> None:
    page = page_as(house, "operations", "monitoring", language=language)
    assert not page.exception
    if language == "en":
        assert "No version to watch yet" in text(page)


def test_no_predictions_since(watched: Watched) -> None:
    page = page_as(watched.store, "operations", "monitoring")
    assert not page.exception
    assert "No predictions since" in text(page)
    assert "POST /api/v1/predictions/credit/1" in text(page)


def test_verdict_alert_and_acknowledgement(watched: Watched) -> None:
    calm, moved = credit(900, 1), credit(900, 2, shift=0.9)
    watched.send(sent(calm, "2026-08-01", 20, "a"))
    watched.send(sent(moved, "2026-09-01", 20, "b"))
    watched.send(told(calm, "a"), "labels")
    operations = member(watched.store, "operations", "Tomasz")
    page = page_as(watched.store, operations, "monitoring")
    assert not page.exception
    shown = text(page)
    assert "2 columns moved in Sep 2026: income, Predicted probability" in shown
    assert "PSI of income was" in shown
    assert [m.label for m in page.metric] == [
        "Predictions",
        "Labels in",
        "Columns moved",
        "Prediction drift",
        "ROC AUC",
    ]
    assert page.metric[0].value == "1,800"
    assert page.metric[1].value == "50%"
    buttons = [b for b in page.button if b.label == "Acknowledge"]
    assert len(buttons) == len([a for a in _alerts(watched) if a.open])
    buttons[0].click().run()
    assert not page.exception
    held = [a for a in _alerts(watched) if a.acknowledged_by]
    assert [a.acknowledged_by for a in held] == [operations.id]
    assert "acknowledged by Tomasz" in text(page)


def test_a_viewer_reads_and_sends_nothing(watched: Watched) -> None:
    watched.send(sent(credit(900, 2, shift=0.9), "2026-09-01", 20, "b"))
    page = page_as(watched.store, "viewer", "monitoring", use_case="credit", version="1", window="day")
    assert not page.exception
    assert all(b.disabled for b in page.button if b.label == "Acknowledge")
    page = page_as(
        watched.store, member(watched.store, "compliance"), "monitoring", use_case="credit", tab="performance"
    )
    shown = text(page)
    assert "No labels yet" in shown
    assert "is expected for Sep 2026" in shown
    assert "Where labels came" not in shown


def test_an_estimate_stands_trial_once_labels_are_in(watched: Watched) -> None:
    held, waiting = credit(900, 1), credit(900, 2)
    watched.send(sent(held, "2026-08-01", 20, "a"))
    watched.send(sent(waiting, "2026-09-01", 20, "b"))
    watched.send(told(held, "a"), "labels")
    page = page_as(watched.store, "compliance", "monitoring", tab="performance", metric="accuracy")
    assert not page.exception
    shown = text(page).replace("\\", "")
    assert "is expected for Sep 2026 (confidence-based estimation, CBPE)" in shown
    assert "Where labels came, both intervals met in 1 of 1 window" in shown
    (drawn,) = (c for c in page.get("plotly_chart") if "Estimated without labels" in c.proto.spec)
    lines = {line["name"]: line for line in json.loads(drawn.proto.spec)["data"]}
    assert len(lines["Estimated without labels"]["x"]) == 2
    assert len(lines["Accuracy"]["x"]) == 1


def test_column_and_window_come_from_the_address(watched: Watched) -> None:
    watched.send(sent(credit(600, 1), "2026-08-01", 20, "a"))
    watched.send(sent(credit(600, 2), "2026-09-01", 20, "b"))
    page = page_as(
        watched.store,
        "compliance",
        "monitoring",
        language="pt_BR",
        column="channel",
        at="2026-08-01",
        metric="rows",
    )
    assert not page.exception
    assert page.query_params["column"] in ("channel", ["channel"])


def _alerts(watched: Watched):
    with watched.store.reading() as view:
        return alerts.alerts(view, version_id=watched.version_id)
