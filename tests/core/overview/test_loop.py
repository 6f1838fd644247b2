"""Rules of the loop: what is told of waits, by which period, and what followed an alert."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.overview.loop import (
    MEDIAN_FROM,
    NINETIETH_FROM,
    QUARTILES_FROM,
    Call,
    Case,
    GoneLive,
    Period,
    Spans,
    Stage,
    Wait,
    by_stage,
    compared,
    longest,
    renewals,
    slowest,
    spread,
    turnout,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PERIOD = Period.until(NOW, 90)
lengths = st.lists(st.floats(0, 5_000), max_size=40)
moments = st.integers(0, 400 * 24 * 60).map(lambda minutes: NOW - timedelta(minutes=minutes))


@given(lengths)
def test_a_spread_tells_what_pandas_would_and_nothing_that_so_few_cannot(found):
    told = spread(found)
    assert told.n == len(found)
    assert (told.median is None) == (told.n < MEDIAN_FROM)
    assert (told.low is None) == (told.high is None) == (told.n < QUARTILES_FROM)
    assert (told.ninetieth is None) == (told.n < NINETIETH_FROM)
    assert told.single == (tuple(sorted(found)) if told.n < MEDIAN_FROM else ())
    for value, share in ((told.low, 0.25), (told.median, 0.5), (told.high, 0.75), (told.ninetieth, 0.9)):
        if value is not None:
            assert value == pytest.approx(pd.Series(found).quantile(share))
            assert min(found) <= value <= max(found)


@given(st.lists(st.tuples(moments, moments).map(sorted), max_size=30))
def test_every_span_counts_in_one_period_at_most_by_its_end(spans):
    both = compared(Spans.of(spans), PERIOD)
    ends = [end for _begin, end in spans]
    assert both.now.n == sum(PERIOD.start < end <= NOW for end in ends)
    assert both.before.n == sum(PERIOD.start - timedelta(days=90) < end <= PERIOD.start for end in ends)
    later = compared(Spans.of(spans), PERIOD.before)
    assert later.now == both.before


@given(st.lists(st.tuples(st.sampled_from(Stage), moments, st.integers(0, 900)), max_size=40))
def test_stages_part_the_waits_and_what_still_waits_is_left_out(drawn):
    waits = [Wait(stage, "v", "r", end - timedelta(hours=hours), end) for stage, end, hours in drawn]
    still = [Wait(stage, "v", "r", end, None) for stage, end, _hours in drawn]
    found = {stage: compared(spans, PERIOD) for stage, spans in by_stage([*waits, *still]).items()}
    assert list(found) == list(Stage)
    assert sum(one.now.n for one in found.values()) == sum(PERIOD.holds(end) for _stage, end, _h in drawn)
    again = {stage: compared(spans, PERIOD) for stage, spans in by_stage(reversed(waits)).items()}
    for stage, one in found.items():
        assert (one.now.n, one.before.n) == (again[stage].now.n, again[stage].before.n)
        assert one.now.median == pytest.approx(again[stage].now.median)


@given(st.lists(st.tuples(moments, st.booleans()), max_size=20))
def test_a_share_is_told_from_a_few_releases_on(drawn):
    gone = [GoneLive("u", f"v{n}", "r", None, at, back) for n, (at, back) in enumerate(drawn)]
    told = turnout(gone, PERIOD)
    assert 0 <= told.rolled_back <= told.released <= len(drawn)
    assert (told.share is None) == (told.released < MEDIAN_FROM)
    assert told.per_month * told.months == pytest.approx(told.released)
    assert told.months == pytest.approx(90 / (365.2425 / 12))


@given(
    st.lists(st.tuples(st.sampled_from("ab"), moments), max_size=8),
    st.lists(
        st.tuples(st.sampled_from("ab"), moments, st.one_of(st.none(), st.integers(1, 2_000))), max_size=12
    ),
)
def test_a_renewal_follows_a_decided_alert_of_its_own_use_case_since_the_release_before(gone, alerts):
    released = [GoneLive(case, f"v{n}", f"r{n}", None, at, False) for n, (case, at) in enumerate(gone)]
    calls = [
        Call(case, at, None if hours is None else at + timedelta(hours=hours)) for case, at, hours in alerts
    ]
    for one in renewals(released, calls):
        of = next(g for g in released if g.version_id == one.version_id)
        before = [g.live for g in released if g.use_case_id == of.use_case_id and g.live < of.live]
        same = [g for g in released if g.use_case_id == of.use_case_id and g.live == of.live]
        assert before or len(same) > 1
        assert one.raised < one.decided <= one.live == of.live
        assert Call(of.use_case_id, one.raised, one.decided) in calls
        since = max(before, default=of.live)
        rivals = [c for c in calls if c.use_case_id == of.use_case_id and since < c.raised < one.raised]
        assert all(c.decided is None or c.decided > of.live for c in rivals)


def test_the_slowest_are_those_of_the_period_and_those_that_still_wait():
    def case(name: str, begin: int, end: int | None) -> Case:
        done = None if end is None else NOW - timedelta(days=end)
        return Case(name, "r", NOW - timedelta(days=begin), done, None)

    found = slowest(
        [case("old", 400, 200), case("fast", 20, 19), case("open", 30, None), case("slow", 60, 5)], PERIOD, 2
    )
    assert [one.version_id for one in found] == ["slow", "open"]
    assert [one.hours(NOW) / 24 for one in found] == [55, 30]


def test_the_longest_wait_may_be_one_that_still_waits():
    done = Wait(Stage.CHECKS, "v", "r", NOW - timedelta(days=9), NOW - timedelta(days=8))
    still = Wait(Stage.BUSINESS, "v", "r", NOW - timedelta(days=2), None)
    assert longest([done, still], NOW) is still
    assert longest([], NOW) is None
    assert np.isclose(done.hours(NOW), 24)
