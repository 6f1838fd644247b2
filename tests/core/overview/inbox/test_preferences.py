"""Quiet hours and the day's summary, over every hour, zone and change of clocks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.overview.inbox.kinds import NOTICE_NAMES, USUAL, NoticeKind
from core.overview.inbox.preferences import Preferences, checked

ZONES = ("UTC", "America/Sao_Paulo", "Europe/Lisbon", "Asia/Kathmandu", "Pacific/Apia")
minutes = st.integers(0, 1439)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


def quiet(wanted: Preferences, at: datetime) -> bool:
    here = at.astimezone(ZoneInfo(wanted.zone))
    minute = here.hour * 60 + here.minute
    first, last = wanted.quiet_from, wanted.quiet_to
    return first <= minute < last if first < last else minute >= first or minute < last


@given(moments, minutes, minutes, st.sampled_from(ZONES))
def test_nothing_leaves_in_quiet_hours_and_nothing_waits_beyond_them(now, first, last, zone):
    wanted = Preferences(quiet_from=first, quiet_to=last, zone=zone)
    at = wanted.not_before(now)
    assert at >= now
    if first == last or not quiet(wanted, now):
        assert at == now
        return
    assert at - now <= timedelta(hours=25)
    here = at.astimezone(ZoneInfo(zone))
    assert here.hour * 60 + here.minute == last or not quiet(wanted, at)


@given(moments, minutes, st.sampled_from(ZONES))
def test_a_day_is_summed_up_once(now, hour, zone):
    wanted = Preferences(summary_at=hour, zone=zone)
    assert wanted.summed_up(now, None)
    assert not wanted.summed_up(now, now)
    assert wanted.summed_up(now + timedelta(hours=26), now)
    due = sum(wanted.summed_up(now + timedelta(hours=n), now + timedelta(hours=n - 1)) for n in range(1, 25))
    assert 1 <= due <= 2


@pytest.mark.parametrize(
    "wrong",
    [
        Preferences(zone="Mars/Olympus"),
        Preferences(zone="../etc/passwd"),
        Preferences(quiet_from=1),
        Preferences(quiet_from=1, quiet_to=1440),
        Preferences(summary_at=-1),
    ],
)
def test_what_cannot_be_meant_is_refused(wrong):
    with pytest.raises(Invalid):
        checked(wrong)


def test_every_kind_has_a_name_and_a_usual_way():
    assert set(NOTICE_NAMES) == set(USUAL) == set(NoticeKind)
