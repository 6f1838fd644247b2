"""Hours sum to their day however the rows arrive, and a season is compared with its own kind."""

from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from core.evidence.monitoring import distances, drift, hours, partition, queries
from core.evidence.monitoring.layout import Layout, layout_of
from core.evidence.monitoring.season import Against, recent_weeks, same_season
from core.evidence.monitoring.windows import Grain, Window, window_of
from tests.core.evidence.monitoring.conftest import credit, sent
from tests.core.evidence.monitoring.test_layout import KINDS, _frame, _table


@pytest.fixture(scope="module")
def layout() -> Layout:
    return layout_of(_table(_frame(4000, 0)), KINDS)


def _same(one: hours.DayProfile, other: hours.DayProfile) -> None:
    assert one.total.rows == other.total.rows
    assert one.total.novel == other.total.novel
    assert one.hourly.hours == other.hourly.hours
    for left, right in ((one.total, other.total), (one.hourly, other.hourly)):
        assert left.cells.tolist() == right.cells.tolist()
        assert left.moments == pytest.approx(right.moments, rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 400), parts=st.integers(1, 5))
def test_a_day_is_the_sum_of_its_hours_in_any_split(layout, seed, n, parts):
    rng = np.random.default_rng(seed)
    frame = _frame(n, seed, 0.5)
    frame["level"] = frame["level"].where(rng.random(n) > 0.2, rng.choice(["new", "newer", None], n))
    table, hour = _table(frame), rng.integers(0, 24, n)
    whole = hours.profile_day(layout, table, hour)
    plain = layout.profile(table)
    assert whole.total.rows == plain.rows
    assert whole.total.cells.tolist() == plain.cells.tolist()
    assert whole.total.novel == plain.novel
    assert whole.total.moments == pytest.approx(plain.moments, rel=1e-9)
    for at, one in enumerate(whole.hourly.hours):
        alone = layout.profile(table.filter(pa.array(hour == one)))
        assert whole.hourly.cells[at].tolist() == alone.cells.tolist()
        assert whole.hourly.moments[at] == pytest.approx(alone.moments, rel=1e-9)
    part = rng.integers(0, parts, n)
    pieces = [
        hours.profile_day(layout, table.filter(pa.array(part == k)), hour[part == k])
        for k in rng.permutation(parts)
        if (part == k).any()
    ]
    total = pieces[0]
    for piece in pieces[1:]:
        total = hours.add_days(layout, total, piece)
    _same(total, whole)
    stored = hours.unpack_hours(layout, hours.pack_hours(whole.hourly))
    _same(hours.DayProfile(whole.total, stored), whole)


def test_counts_keep_their_width(layout):
    one = hours.profile_day(layout, _table(_frame(50, 1)), np.full(50, 7))
    small = len(hours.pack_hours(one.hourly))
    for times in (300, 70_000):
        many = hours.Hourly((7,), one.hourly.cells * times, one.hourly.moments)
        back = hours.unpack_hours(layout, hours.pack_hours(many))
        assert back.cells.tolist() == many.cells.tolist()
    assert small < 4 * layout.slots


def test_seasons():
    assert [w.start for w in same_season(window_of(date(2012, 1, 9), Grain.MONTH), Grain.MONTH)][:3] == [
        date(2010, 12, 1),
        date(2011, 1, 1),
        date(2011, 2, 1),
    ]
    noon = window_of(datetime(2012, 3, 5, 12, 40, tzinfo=UTC), Grain.HOUR)
    assert noon.start == datetime(2012, 3, 5, 12, tzinfo=UTC)
    for one in (*same_season(noon, Grain.HOUR), *recent_weeks(noon, Grain.HOUR)):
        assert (one.start.hour, one.start.weekday()) == (12, 0)
        assert one.end <= noon.start
    assert all(
        w.start.weekday() == 0 for w in same_season(window_of(date(2024, 2, 29), Grain.WEEK), Grain.WEEK)
    )
    assert len(recent_weeks(noon, Grain.HOUR)) == 8


@settings(max_examples=40, deadline=None)
@given(
    counts=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=3, max_size=9).filter(
        lambda rows: sum(r[0] for r in rows) and sum(r[1] for r in rows)
    ),
    seed=st.integers(0, 1000),
)
def test_binned_wasserstein_is_the_integral_between_the_cuts(counts, seed):
    p, q = np.array([(0, 0), *counts, (0, 0)]).T
    cuts = np.cumsum(np.random.default_rng(seed).uniform(0.1, 2, len(p) - 1))
    a, b = (np.cumsum(x)[:-1] / x.sum() for x in (p, q))
    x = np.linspace(cuts[0], cuts[-1], 200_001)
    apart = np.abs(np.interp(x, cuts, a) - np.interp(x, cuts, b))
    expected = float(((apart[1:] + apart[:-1]) / 2 * np.diff(x)).sum())
    assert float(distances.wasserstein_between(cuts, p, q)) == pytest.approx(expected, rel=1e-3, abs=1e-6)


def test_binned_wasserstein_is_near_the_exact_one(layout):
    reference, moved = _table(_frame(4000, 0)), _table(_frame(4000, 9, 0.4))
    before, after = layout.profile(reference), layout.profile(moved)
    spread = np.array([1.0] * len(layout.columns))
    found = drift.compare(layout, before.cells, after.cells[None], after.moments[None], spread=spread)
    x, y = (t["x"].to_numpy(zero_copy_only=False) for t in (reference, moved))
    exact = stats.wasserstein_distance(x[~np.isnan(x)], y[~np.isnan(y)])
    assert found[0].wasserstein[0] == pytest.approx(exact, rel=0.08)


def test_hours_of_a_log_are_shown_and_sum_to_days(watch):
    it = watch()
    frame = credit(1200, 3)
    rows = sent(frame, "2026-09-01", 1, "h")
    moments = pd.Timestamp("2026-09-01", tz="UTC") + pd.to_timedelta(np.arange(len(rows)) * 17, unit="min")
    rows["timestamp"] = moments.strftime("%Y-%m-%dT%H:%M:%SZ")
    it.send(rows.iloc[::2])
    it.send(rows.iloc[1::2])
    with it.store.reading() as view:
        by_day = queries.drift(view, it.version_id, Grain.DAY)
        by_hour = queries.drift(view, it.version_id, Grain.HOUR)
        some = queries.drift(
            view,
            it.version_id,
            Grain.HOUR,
            since=datetime(2026, 9, 3, 4, tzinfo=UTC),
            until=datetime(2026, 9, 3, 9, tzinfo=UTC),
            columns=["channel"],
        )
    assert by_hour.windows[-1] == window_of(moments[-1].to_pydatetime(), Grain.HOUR)
    assert len(by_hour.windows) == 336
    third = [w.start.date() == date(2026, 9, 3) for w in by_hour.windows]
    day = by_day.windows.index(Window(date(2026, 9, 3), date(2026, 9, 4)))
    assert by_hour.cells[third].sum(0).tolist() == by_day.cells[day].tolist()
    assert [w.start.hour for w in some.windows] == [4, 5, 6, 7, 8]
    assert [c.name for c in some.columns] == ["channel"]
    at = by_hour.windows.index(some.windows[0])
    whole = {c.name: c for c in by_hour.columns}["channel"]
    assert some.columns[0].psi[0] == pytest.approx(whole.psi[at])


def test_a_log_without_an_earlier_year_is_compared_with_the_weeks_before(watch):
    it = watch()
    weekend = [credit(60, day, shift=1.5 if day % 7 > 4 else 0) for day in range(70)]
    frame = pd.concat(weekend, ignore_index=True)
    rows = sent(frame, "2026-07-06", 1, "s")  # a Monday
    rows["timestamp"] = (
        pd.Timestamp("2026-07-06T09:00:00Z") + pd.to_timedelta(np.repeat(np.arange(70), 60), unit="D")
    ).strftime("%Y-%m-%dT%H:%M:%SZ")
    it.send(rows)
    with it.store.reading() as view:
        plain = queries.drift(view, it.version_id, Grain.DAY, columns=["income"])
        seasonal = queries.drift(
            view, it.version_id, Grain.DAY, columns=["income"], against=Against.SEASON, tested=True
        )
        before = queries.drift(view, it.version_id, Grain.DAY, columns=["income"], against=Against.PREVIOUS)
    income, calm = plain.columns[0], seasonal.columns[0]
    saturdays = [i for i, w in enumerate(plain.windows) if w.start.weekday() == 5 and i > 14]
    assert all(income.psi[i] > max(0.2, income.psi_noise[i]) for i in saturdays)
    assert all(calm.psi[i] < max(0.2, calm.psi_noise[i]) for i in saturdays)
    assert calm.held[saturdays[-1]] == 8 * 60
    assert before.columns[0].held[1:].tolist() == [60] * 69
    assert before.columns[0].psi[saturdays[1]] > before.columns[0].psi_noise[saturdays[1]]


@pytest.mark.shared_data
def test_the_time_of_year_is_no_drift(shared_data):
    """Bike rentals by month: season and temperature against the whole year, and against the same season."""
    frame = pd.read_parquet(shared_data / "bike_hourly" / "data.parquet")
    names = ["season", "mnth", "temp", "atemp", "weekday", "windspeed", "cnt"]
    from core.evidence.monitoring.layout import Wanted

    wanted = [Wanted(n, "category" if n in ("season", "mnth", "weekday") else "number") for n in names]
    table = pa.Table.from_pandas(frame, preserve_index=False)
    first = frame["event_time"].dt.year == 2011
    layout = layout_of(table.filter(pa.array(first)), wanted)
    days = partition.days_of(table["event_time"])
    month = {
        str(m): layout.profile(table.filter(pa.array(days.astype("datetime64[M]") == m))).cells
        for m in np.unique(days.astype("datetime64[M]"))
    }
    windows = np.stack([month[f"2012-{m:02}"] for m in range(1, 13)])
    moments = np.tile(layout.empty().moments, (12, 1, 1))
    whole = sum(month[f"2011-{m:02}"] for m in range(1, 13))
    spans = [
        np.stack(
            [
                month[str(w.start)[:7]]
                for w in same_season(window_of(date(2012, m, 1), Grain.MONTH), Grain.MONTH)
                if str(w.start)[:7] in month and w.start < date(2012, m, 1)
            ]
        )
        for m in range(1, 13)
    ]
    yearly = {c.name: c for c in drift.compare(layout, whole, windows, moments)}
    seasonal = {
        c.name: c
        for c in drift.compare(layout, np.stack([s.sum(0) for s in spans]), windows, moments, blocks=spans)
    }

    def over(c: drift.ColumnDrift) -> int:
        return int(((c.psi > 0.2) & (c.psi > c.psi_noise)).sum())

    for name in ("season", "mnth", "temp", "atemp"):
        assert over(yearly[name]) == 12, name
        assert over(seasonal[name]) == 0, name
    assert over(seasonal["weekday"]) == over(seasonal["windspeed"]) == 0
    assert over(seasonal["cnt"]) >= 8
    # Year against year, the inputs stand still: only the label moved.
    both = drift.compare(layout, whole, windows.sum(0)[None], moments[:1])
    assert [c.name for c in both if c.psi[0] > 0.2] == ["cnt"]
