"""Legal clocks: days, months that end on the last day, business days; a law without a clock says which have one."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.assurance.reviews.clock import business_days_later, clock_for, clocks
from core.assurance.reviews.request import Kind
from core.errors import Invalid

RECEIVED = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def test_a_month_ends_on_the_last_day_where_the_next_one_is_shorter():
    assert clock_for("gdpr", Kind.REVIEW).due(RECEIVED) == datetime(2026, 2, 28, 9, 30, tzinfo=UTC)


def test_the_full_answer_under_the_lgpd_is_due_after_fifteen_days():
    assert clock_for("lgpd", Kind.ACCESS).due(RECEIVED) == RECEIVED + timedelta(days=15)


def test_a_period_that_the_law_does_not_name_says_so():
    assert not clock_for("lgpd", Kind.REVIEW).by_law
    assert clock_for("gdpr", Kind.REVIEW).by_law


def test_a_law_without_a_clock_names_those_that_have_one():
    with pytest.raises(Invalid) as caught:
        clock_for("ai_act", Kind.ERASURE)
    assert "gdpr, lgpd" in caught.value.fix_text()


@given(st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_every_clock_ends_after_it_began(received):
    for one in clocks():
        assert received < one.due(received) <= received + timedelta(days=max(one.days, 31 * one.months))


@given(st.dates(date(2020, 1, 1), date(2035, 1, 1)), st.integers(1, 30))
def test_business_days_count_no_weekend(start, days):
    end = business_days_later(start, days)
    passed = [start + timedelta(days=n) for n in range(1, (end - start).days + 1)]
    assert sum(d.weekday() < 5 for d in passed) == days
    assert end.weekday() < 5
