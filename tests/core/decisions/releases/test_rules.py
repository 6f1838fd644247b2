"""The pure rules of a release: states, quorum, eligibility, snapshot, standing."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.decisions.releases.eligibility import Deed, Involvement, bars, refuse, signing_bars
from core.decisions.releases.quorum import Meaning, Outcome, Requirement, Vote, outcome, seats
from core.decisions.releases.snapshot import Snapshot, changed, digest, read
from core.decisions.releases.standing import Effect, Fact, FactKind, Terms, Worth, standing
from core.decisions.releases.states import OPEN, TRANSITIONS, ReleaseState, Step, after
from core.errors import Conflict, Refused

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
AREAS = ("operations", "compliance", "business", "validator")

areas = st.sampled_from(AREAS)
requirements = st.lists(
    st.builds(
        Requirement, st.lists(areas, min_size=1, max_size=3, unique=True).map(tuple), st.integers(1, 2)
    ),
    min_size=1,
    max_size=3,
)
votes = st.lists(
    st.builds(Vote, st.sampled_from([f"p{i}" for i in range(6)]), areas, st.just(Meaning.APPROVE)),
    max_size=6,
    unique_by=lambda v: v.person_id,
)


def test_a_step_that_is_not_open_is_a_conflict():
    for state in ReleaseState:
        for step in Step:
            if (state, step) in TRANSITIONS:
                assert after(state, step) is TRANSITIONS[state, step]
            else:
                with pytest.raises(Conflict):
                    after(state, step)


def test_nothing_is_live_without_an_approval_before_it_but_by_breaking_the_glass():
    ordinary = {key: to for key, to in TRANSITIONS.items() if key[1] is not Step.BREAK_GLASS}
    assert {s for (s, _), to in ordinary.items() if to is ReleaseState.LIVE} == {
        ReleaseState.APPROVED,
        ReleaseState.SUSPENDED,
        ReleaseState.RETIRED,
        ReleaseState.ROLLED_BACK,
    }
    assert {s for (s, _), to in TRANSITIONS.items() if to is ReleaseState.APPROVED} == {
        ReleaseState.IN_REVIEW
    }


def test_final_states_have_no_way_out():
    for state in (ReleaseState.REJECTED, ReleaseState.WITHDRAWN, ReleaseState.EXPIRED):
        assert state not in OPEN
        assert not [1 for (s, _) in TRANSITIONS if s is state]


def brute_force(required, given_votes):
    """The most seats that any order of assignment fills."""
    places = [a for r in required for a in [r.areas] * r.count]
    best = 0
    for order in permutations(places):
        left, filled = list(given_votes), 0
        for place in order:
            match = next((v for v in left if v.area in place), None)
            if match:
                left.remove(match)
                filled += 1
        best = max(best, filled)
    return best


@given(requirements.filter(lambda r: sum(x.count for x in r) <= 5), votes)
def test_seating_is_the_best_possible_and_seats_nobody_twice(required, given_votes):
    filled = [s for s in seats(required, given_votes) if s.person_id]
    assert len(filled) == brute_force(required, given_votes)
    people = [s.person_id for s in filled]
    assert len(people) == len(set(people))
    area_of = {v.person_id: v.area for v in given_votes}
    assert all(area_of[s.person_id] in s.areas for s in filled)


def test_a_greedy_seating_would_lose_this_quorum():
    required = [Requirement(("operations", "business"), 1), Requirement(("operations",), 1)]
    given_votes = [Vote("a", "operations", Meaning.APPROVE), Vote("b", "business", Meaning.APPROVE)]
    assert outcome(required, given_votes, 2) is Outcome.APPROVED


@given(requirements, votes, st.integers(1, 3))
def test_one_rejection_is_never_outvoted(required, given_votes, different):
    against = [*given_votes, Vote("px", "compliance", Meaning.REJECT)]
    assert outcome(required, against, different) is Outcome.REJECTED


@given(requirements, votes, st.integers(1, 3))
def test_approval_needs_as_many_people_and_areas_as_the_policy_says(required, given_votes, different):
    if outcome(required, given_votes, different) is Outcome.APPROVED:
        assert len({v.person_id for v in given_votes}) >= sum(r.count for r in required)
        assert len({v.area for v in given_votes}) >= different


def test_one_person_with_two_areas_fills_one_seat():
    required = [Requirement(("operations",), 1), Requirement(("compliance",), 1)]
    twice = [Vote("a", "operations", Meaning.APPROVE), Vote("a", "compliance", Meaning.APPROVE)]
    assert outcome(required, twice, 1) is Outcome.PENDING


@given(st.sampled_from(list(Deed)), st.integers(-1000, 1000))
def test_authors_are_barred_and_standing_measures_bar_nobody(deed, minutes):
    involvement = Involvement("ana", deed, NOW + timedelta(minutes=minutes), "approval rate")
    found = bars("ana", [involvement], NOW)
    standing_measure = deed in {Deed.SET_KPI, Deed.SET_THRESHOLDS} and minutes <= 0
    assert bool(found) is not standing_measure
    assert bars("bea", [involvement], NOW) == ()
    for bar in found:
        assert "You may not approve: you" in bar.text()


def test_an_administrator_who_uploaded_is_barred_in_words():
    found = signing_bars(
        person_id="ana",
        areas={"operations"},
        asked_areas=AREAS,
        voted=(),
        involvements=[Involvement("ana", Deed.UPLOADED_VERSION, NOW)],
        registered_at=NOW,
    )
    assert found[0].text() == "You may not approve: you uploaded this version."
    with pytest.raises(Refused) as refused:
        refuse(found, "rel_1")
    assert refused.value.params["subject_id"] == "rel_1"


def test_who_holds_no_asked_area_or_has_signed_may_not_sign():
    def codes(held, signed=()):
        found = signing_bars(
            person_id="p",
            areas=held,
            asked_areas=("compliance",),
            voted=signed,
            involvements=[],
            registered_at=NOW,
        )
        return [bar.code for bar in found]

    assert codes(set()) == ["release.no_area"]
    assert codes({"operations"}) == ["release.area_not_asked"]
    assert codes({"compliance"}, ("p",)) == ["release.signed_already"]
    assert codes({"compliance", "operations"}) == []


FACTS = Snapshot("a" * 64, "d" * 64, "evl_1", "t" * 64, "p" * 64, 3, ("kpi_1@2",))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("artifact_digest", "x"),
        ("dataset_digest", "x"),
        ("evaluation_id", "x"),
        ("thresholds_digest", "x"),
        ("policy_digest", "x"),
        ("card_revision", 4),
        ("bundle_digest", "x"),
    ],
)
def test_any_changed_fact_changes_the_digest_and_is_named(field, value):
    from dataclasses import replace

    other = replace(FACTS, **{field: value})
    assert digest(other) != digest(FACTS)
    assert changed(FACTS, other) == (field,)


def test_a_newer_kpi_is_shown_but_does_not_void():
    from dataclasses import replace

    other = replace(FACTS, kpi_versions=("kpi_1@3",))
    assert digest(other) != digest(FACTS)
    assert changed(FACTS, other) == ()


def test_a_stored_snapshot_reads_back():
    import json
    from dataclasses import asdict

    assert read(json.loads(json.dumps(asdict(FACTS)))) == FACTS


moments = st.integers(-100, 100).map(lambda h: NOW + timedelta(hours=h))
facts = st.builds(
    Fact,
    st.sampled_from([k for k in FactKind if k is not FactKind.APPROVAL_EXPIRED]),
    moments,
    moments,
    st.none() | moments,
)


@given(st.lists(facts, max_size=6), st.sampled_from(list(Effect)), moments)
def test_standing_is_good_only_without_any_reason(known, effect, expires):
    found = standing(known, Terms(effect, effect), expires_at=expires, now=NOW)
    assert (found.worth is Worth.GOOD) == (not found.reasons)
    hard = {
        FactKind.DIGEST_DIFFERS,
        FactKind.BLOCKING_FINDING,
        FactKind.APPROVAL_EXPIRED,
        FactKind.CONDITION_OVERDUE,
    }
    if hard & set(found.reasons):
        assert found.worth is Worth.SUSPENDED
    if expires <= NOW:
        assert FactKind.APPROVAL_EXPIRED in found.reasons


@given(st.lists(facts, max_size=6), moments)
def test_what_becomes_known_later_does_not_change_the_past(known, now):
    terms = Terms(Effect.SUSPEND, Effect.WARN)
    later = Fact(
        FactKind.DIGEST_DIFFERS, since=now - timedelta(days=9), recorded_at=now + timedelta(seconds=1)
    )
    far = now + timedelta(days=999)
    assert standing(known, terms, expires_at=far, now=now) == standing(
        [*known, later], terms, expires_at=far, now=now
    )


def test_drift_warns_by_default_and_suspends_where_the_policy_says():
    drift = [Fact(FactKind.DRIFT_BREACH, NOW, NOW)]
    far = NOW + timedelta(days=9)
    assert standing(drift, Terms(Effect.WARN, Effect.WARN), expires_at=far, now=NOW).worth is Worth.WARNING
    assert (
        standing(drift, Terms(Effect.SUSPEND, Effect.WARN), expires_at=far, now=NOW).worth is Worth.SUSPENDED
    )
