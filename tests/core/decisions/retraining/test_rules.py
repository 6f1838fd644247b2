"""When a retraining is proposed, who may answer, and how rows are cut in time."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.decisions.retraining.assembling import FEWEST, Terms, assemble
from core.decisions.retraining.policy import Facts, Policy, Trigger, TriggerKind, triggers
from core.decisions.retraining.request import Recipe, State, Vote, after, seat
from core.errors import Conflict
from core.platform.access.permissions import Role

TODAY = date(2026, 11, 27)
NAMES = st.lists(
    st.tuples(st.sampled_from([f"id{i}" for i in range(6)]), st.text("ab", min_size=1, max_size=3)),
    max_size=5,
)
POLICIES = st.builds(
    Policy, alerts=st.integers(0, 3), kpi=st.booleans(), every_days=st.integers(0, 400), labels=st.integers(0, 500),
    rest_days=st.integers(0, 60),
)  # fmt: skip
FACTS = st.builds(
    Facts, alerts=NAMES, kpis=NAMES, trained=st.none() | st.dates(date(2024, 1, 1), TODAY), labels=st.integers(0, 1000),
    proposed=st.none() | st.dates(date(2024, 1, 1), TODAY), open=st.booleans(),
    known=st.frozensets(st.sampled_from([f"id{i}" for i in range(6)])),
)  # fmt: skip


@given(POLICIES, FACTS)
def test_nothing_is_proposed_while_one_is_open_or_the_policy_rests_or_nothing_is_live(policy, facts):
    found = triggers(policy, facts, TODAY)
    resting = facts.proposed is not None and TODAY - facts.proposed < timedelta(policy.rest_days)
    if facts.open or facts.trained is None or resting:
        assert found == ()
    for one in found:
        assert not set(one.refs) & facts.known  # what people have answered proposes nothing again
        assert one.text()
        assert Trigger.from_json(one.to_json()) == one
    kinds = {one.kind for one in found}
    assert TriggerKind.DRIFT not in kinds or policy.alerts
    assert TriggerKind.KPI not in kinds or policy.kpi
    assert TriggerKind.SCHEDULE not in kinds or policy.every_days
    assert TriggerKind.LABELS not in kinds or facts.labels >= policy.labels > 0
    assert Policy.from_json(policy.to_json()) == policy


AREAS = st.lists(
    st.sampled_from([Role.OPERATIONS, Role.BUSINESS, Role.COMPLIANCE]), min_size=1, max_size=3, unique=True
)


@given(AREAS, st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=10), st.data())
def test_one_person_answers_once_and_only_for_a_free_area_of_theirs(others, tries, data):
    areas = (Role.DATA_SCIENTIST, *others)
    people = [
        frozenset(r.value for r in data.draw(st.lists(st.sampled_from(list(Role)), max_size=3)))
        for _ in range(5)
    ]
    votes: list[Vote] = []
    state = State.PROPOSED
    for who, consents in tries:
        if state is not State.PROPOSED:
            break
        area = seat(areas, votes, people[who], f"p{who}")
        if area is None:
            continue
        assert area.value in people[who]
        votes.append(Vote(area, f"p{who}", consents, "", datetime(2026, 1, 1, tzinfo=UTC)))
        state = after(areas, votes, Recipe.CLONE)
    assert len({v.person_id for v in votes}) == len({v.area for v in votes}) == len(votes)
    if state is State.RUNNING:
        assert {v.area for v in votes} == set(areas)
        assert all(v.consents for v in votes)
    if any(not v.consents for v in votes):
        assert state is State.DECLINED


def frames(days, label=None):
    n = len(days)
    reference = pd.DataFrame({"x": np.arange(10.0), "y": [0, 1] * 5})
    logged = pd.DataFrame({"x": np.arange(n) + 100.0, "y": label or ["0", "1"] * (n // 2) + ["1"] * (n % 2)})
    return reference, logged, pd.Series(np.array(days, dtype="datetime64[D]"))


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(FEWEST, 400), st.integers(1, 90))
def test_no_day_is_both_trained_and_judged_on_and_no_row_is_lost(seed, rows, span):
    offsets = np.random.default_rng(seed).integers(0, span, rows).tolist()
    days = [np.datetime64("2026-01-01") + np.timedelta64(d, "D") for d in offsets]
    reference, logged, moments = frames(days)
    if len(set(offsets)) == 1:
        with pytest.raises(Conflict) as raised:
            assemble(reference, logged, moments, "y")
        assert raised.value.code == "retraining.one_day"
        return
    found = assemble(reference, logged, moments, "y")
    day_of = dict(zip(logged["x"], moments.to_numpy(), strict=True))
    early = [day_of[x] for x in found.training["x"] if x >= 100]
    late = [day_of[x] for x in found.later["x"]]
    assert late
    assert all(day < found.cut for day in early)
    assert all(day >= found.cut for day in late)
    assert len(found.training) + len(found.later) == len(reference) + len(logged)
    assert found.training["y"].dtype == reference["y"].dtype  # a log writes classes as text


def test_outcomes_that_the_table_does_not_know_and_missing_ones_are_left_out():
    days = [np.datetime64("2026-01-01") + np.timedelta64(i % 30, "D") for i in range(300)]
    reference, logged, moments = frames(days, label=["0", "1", "other"] * 100)
    found = assemble(reference, logged, moments, "y")
    assert found.logged == 200
    with pytest.raises(Conflict) as raised:
        assemble(reference, logged.assign(y=None), moments, "y")
    assert raised.value.code == "retraining.few_outcomes"


def arriving(days: int, delay: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Ten rows a day; of each day one outcome more is known with every `delay` days that passed."""
    offsets = np.repeat(np.arange(days), 10)
    reference, logged, moments = frames(
        [np.datetime64("2026-01-01") + np.timedelta64(int(d), "D") for d in offsets]
    )
    known = np.tile(np.arange(10), days) < (days - offsets) // delay
    return reference, logged.assign(y=logged["y"].where(known, None)), moments


def test_outcomes_that_still_arrive_are_no_fair_sample_until_somebody_says_how_long_they_take():
    reference, logged, moments = arriving(100, 8)
    with pytest.raises(Conflict) as raised:
        assemble(reference, logged, moments, "y")
    assert raised.value.code == "retraining.outcomes_arriving"
    complete = np.datetime64("2026-01-01") + np.timedelta64(20, "D")
    found = assemble(reference, logged, moments, "y", Terms(complete=complete))
    assert found.last < complete
    assert len(found.training) + len(found.later) == len(reference) + 200


def test_days_without_any_outcome_are_no_sample_and_no_hindrance():
    reference, logged, moments = arriving(100, 1)
    logged["y"] = logged["y"].where(moments.to_numpy() < np.datetime64("2026-02-15"), None)
    assert len(assemble(reference, logged, moments, "y").later) > 0


def test_a_champion_is_judged_on_nothing_that_it_was_trained_on():
    reference, logged, moments = arriving(100, 1)
    since = np.datetime64("2026-03-20")
    found = assemble(reference, logged, moments, "y", Terms(unseen=since))
    assert found.cut >= since
    with pytest.raises(Conflict) as raised:
        assemble(reference, logged, moments, "y", Terms(unseen=np.datetime64("2026-04-09")))
    assert raised.value.code == "retraining.few_unseen"


def test_a_policy_that_waits_for_outcomes_proposes_nothing_that_a_run_could_not_judge():
    facts = {"alerts": [("a", "drift")], "trained": date(2026, 1, 1)}
    policy = Policy(outcome_days=90)
    assert triggers(policy, Facts(**facts, complete=FEWEST - 1), TODAY) == ()
    assert triggers(policy, Facts(**facts, complete=FEWEST), TODAY)
    assert triggers(Policy(), Facts(**facts), TODAY)
