"""The loop over the months of real data: what holds whatever the months show. The figures stand in docs/retraining.md."""

import pytest

from tests.core.decisions.retraining.over_months import employment, hotel, run, table_of


@pytest.mark.long
def test_the_loop_on_bookings_with_their_real_delays(store, runner, hands, shared_data):
    judged = run(store, runner, hands, hotel(shared_data))
    print(table_of(judged))
    assert len(judged) == 12
    released = [n for n, one in enumerate(judged) if one.released]
    assert released
    assert all(judged[n].triggers for n in released)
    # 202 days must pass until outcomes are complete: nothing is proposed on what arrives early.
    assert released[0] >= 6
    for one in judged[: released[0] + 1]:
        assert one.first == one.loop
    for one in judged:
        assert one.low <= one.difference <= one.high


@pytest.mark.long
def test_without_drift_nothing_is_proposed(store, runner, hands, shared_data):
    judged = run(store, runner, hands, employment(shared_data))
    print(table_of(judged))
    assert len(judged) == 12
    assert [one.triggers for one in judged] == [()] * 12
    assert {one.live for one in judged} == {2}
