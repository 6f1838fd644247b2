"""Prediction logs in Settings: an administrator says where a log lies and how long rows stay; others read it."""

import pytest

from core.evidence.monitoring import queries
from core.evidence.monitoring.location import LogSetting, Outside
from core.platform.audit import queries as audit
from tests.ui.hands import member, page_as, use_case


def shown(page) -> str:
    return "\n".join(str(e.value) for kind in (page.markdown, page.caption) for e in kind).replace("\\", "")


@pytest.fixture
def case(house):
    return use_case(house)


def tab(house, role):
    page = page_as(house, member(house, role, "Alma"), "settings")
    page.session_state["settings"] = "Prediction logs"
    return page.run()


def keep(page):
    (button,) = [b for b in page.button if b.label == "Keep it so"]
    return button.click().run()


def setting(house, case):
    with house.reading() as view:
        return queries.log_setting(view, case.id)


def test_rows_are_kept_for_the_days_that_were_asked_for(house, case):
    page = tab(house, "administrator")
    assert "Rows are kept for good" in shown(page)
    page.segmented_control(key=f"log_kept_{case.slug}").set_value("limited").run()
    page.number_input(key=f"log_days_{case.slug}").set_value(90)
    page = keep(page)
    assert not page.exception
    assert "Rows are kept for 90 days" in shown(page)
    assert setting(house, case) == LogSetting(keep_days=90)
    with house.reading() as view:
        assert audit.events(view, limit=1)[0].action == "prediction_log.set"


def test_tables_elsewhere_are_named_with_the_columns_that_differ(house, case):
    page = tab(house, "administrator")
    page.segmented_control(key=f"log_place_{case.slug}").set_value("outside").run()
    page.text_input(key=f"log_address_{case.slug}").set_value("duckdb://scores.duckdb")
    page.text_input(key=f"log_predictions_{case.slug}").set_value("scores")
    page.text_input(key=f"log_timestamp_{case.slug}").set_value("scored_at")
    page = keep(page)
    assert not page.exception
    assert "duckdb://scores.duckdb" in shown(page)
    kept = Outside("duckdb://scores.duckdb", "scores", "", {"timestamp": "scored_at"})
    assert setting(house, case) == LogSetting(kept)


def test_a_password_in_the_address_is_refused_in_place_and_nothing_changes(house, case):
    page = tab(house, "administrator")
    page.segmented_control(key=f"log_place_{case.slug}").set_value("outside").run()
    page.text_input(key=f"log_address_{case.slug}").set_value("postgres://me:secret@warehouse/risk")
    page.text_input(key=f"log_predictions_{case.slug}").set_value("scores")
    page = keep(page)
    assert "would be stored and shown" in " ".join(w.value for w in page.warning)
    assert setting(house, case) == LogSetting()


def test_others_read_where_it_lies_and_learn_who_may_change_it(house, case):
    page = tab(house, "compliance")
    assert "In Aval's own files" in shown(page)
    assert "looked after by administrators" in shown(page)
    assert not [b for b in page.button if b.label == "Keep it so"]
