"""Counterfactuals by property: each flips the score, keeps within the limits and the observed values, or there is none."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from core.evidence.recourse.limits import Bond, FeatureLimit, Limits, Link, Way, check
from core.evidence.recourse.search import Search

NUMBERS = ["income", "amount", "share", "age"]


def people(rows: int = 300, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"income": rng.lognormal(8, 0.4, rows).round(), "amount": rng.lognormal(9, 0.5, rows).round()}
    )
    frame["share"] = frame["amount"] / frame["income"]
    frame["age"] = rng.integers(18, 80, rows)
    frame["job"] = rng.choice(["fixed", "gig", "none"], rows)
    return frame


def score(frame: pd.DataFrame) -> np.ndarray:
    """Refusal: a dear loan, a gig, youth."""
    raw = frame["share"] / 3 + 0.8 * (frame["job"] == "gig") - frame["age"] / 40
    return (1 / (1 + np.exp(-raw.to_numpy(float)))).astype(float)


@st.composite
def limits(draw) -> Limits:
    features = {}
    for name in NUMBERS:
        way = draw(st.sampled_from(list(Way)))
        low, high = draw(st.sampled_from([(None, None), (None, 5000.0), (20.0, None), (20.0, 4000.0)]))
        features[name] = FeatureLimit(way, low, high)
    jobs = draw(st.sampled_from([(), ("fixed",), ("fixed", "none")]))
    features["job"] = FeatureLimit(draw(st.sampled_from([Way.FREE, Way.FIXED])), categories=jobs)
    linked = draw(st.booleans())
    links = (
        (Link("amount", "share", Bond.PROPORTIONAL), Link("income", "share", Bond.INVERSE)) if linked else ()
    )
    return Limits(features, links)


@given(limits=limits(), at=st.integers(0, 299), threshold=st.floats(0.3, 0.8))
@settings(max_examples=60, deadline=None)
def test_every_counterfactual_flips_and_keeps_within_the_limits(limits, at, threshold):
    frame = people()
    row = frame.iloc[[at]]
    now = float(score(row)[0])
    above = now < threshold
    found = Search(score, frame, limits).run(row, threshold, above=above)
    followers = {k.follower for k in limits.links}
    for one in found.counterfactuals:
        changed = row.copy().reset_index(drop=True)
        for change in one.changes:
            limit = limits.of(change.feature)
            assert change.before == row.iloc[0][change.feature]
            if pd.api.types.is_numeric_dtype(frame[change.feature]):
                changed[change.feature] = changed[change.feature].astype(float)
                assert frame[change.feature].min() <= change.after <= frame[change.feature].max()
            else:
                assert change.after in set(frame[change.feature])
            changed.loc[0, change.feature] = change.after
            if change.follows:
                assert change.feature in followers
                continue
            assert change.feature not in followers
            assert limit.way is not Way.FIXED
            if limit.way is Way.UP:
                assert change.after > change.before
            if limit.way is Way.DOWN:
                assert change.after < change.before
            if change.feature != "job":
                assert limit.low is None or change.after >= limit.low
                assert limit.high is None or change.after <= limit.high
            elif limit.categories:
                assert change.after in limit.categories
        assert (score(changed)[0] >= threshold) == above
        assert score(changed)[0] == pytest.approx(one.score)


def test_a_linked_column_follows_its_leader():
    frame = people()
    at = int(np.argmax(score(frame)))
    links = (Link("amount", "share", Bond.PROPORTIONAL), Link("income", "share", Bond.INVERSE))
    held = Limits({n: FeatureLimit(Way.FIXED) for n in ("age", "job")}, links)
    found = Search(score, frame, held).run(frame.iloc[[at]], 0.6, above=False)
    assert found.counterfactuals
    for one in found.counterfactuals:
        after = {**frame.iloc[at].to_dict(), **{c.feature: c.after for c in one.changes}}
        assert after["share"] == pytest.approx(after["amount"] / after["income"])
        assert any(c.follows and c.feature == "share" for c in one.changes)


def test_none_within_these_limits_is_an_answer():
    frame = people()
    fixed = Limits().fixed(list(frame.columns))
    found = Search(score, frame, fixed).run(frame.iloc[[0]], 0.99, above=True)
    assert (found.counterfactuals, found.tried) == ((), 0)
    impossible = Search(lambda f: np.full(len(f), 0.2), frame, Limits()).run(frame.iloc[[0]], 0.5, above=True)
    assert impossible.counterfactuals == ()
    assert impossible.tried > 0


def test_the_fewest_changes_come_first_and_steps_are_kept():
    frame = people()
    at = int(np.argsort(score(frame))[-20])
    free = Search(score, frame, Limits()).run(frame.iloc[[at]], 0.6, above=False)
    assert {len(c.own) for c in free.counterfactuals} == {1}
    costs = [c.cost for c in free.counterfactuals]
    assert costs == sorted(costs)
    stepped = Limits({n: FeatureLimit(Way.FIXED) for n in ("income", "share", "age", "job")})
    stepped = Limits({**stepped.features, "age": FeatureLimit(Way.UP, step=5.0)})
    found = Search(score, frame, stepped).run(frame.iloc[[at]], 0.5, above=False)
    for one in found.counterfactuals:
        assert all((c.after - c.before) % 5 == 0 for c in one.own)


def test_missing_values_are_no_way_up_or_down():
    frame = people().astype({"age": float})
    frame.loc[3, "age"] = np.nan
    only_age = {n: FeatureLimit(Way.FIXED) for n in ("income", "amount", "share", "job")}
    filled = lambda f: score(f.fillna({"age": 18}))  # noqa: E731
    row = frame.iloc[[3]]
    held = Search(filled, frame, Limits({**only_age, "age": FeatureLimit(Way.UP)}))
    assert held.run(row, float(filled(row)[0]) - 0.01, above=False).tried == 0
    free = Search(filled, frame, Limits(only_age))
    assert free.run(row, float(filled(row)[0]) - 0.01, above=False).counterfactuals


@pytest.mark.parametrize(
    ("features", "links", "words"),
    [
        ({"wage": FeatureLimit()}, (), "wage"),
        ({"job": FeatureLimit(Way.UP)}, (), "job is no number"),
        ({"age": FeatureLimit(low=9.0, high=3.0)}, (), "ends before it begins"),
        ({"age": FeatureLimit(step=0.0)}, (), "step"),
        ({}, (Link("age", "job", Bond.INVERSE),), "job cannot be linked"),
        ({}, (Link("age", "share", Bond.INVERSE), Link("share", "amount", Bond.INVERSE)), "share follows"),
    ],
)
def test_limits_that_cannot_be_meant_name_the_feature(features, links, words):
    with pytest.raises(Invalid, match=words):
        check(Limits(features, links), [*NUMBERS, "job"], NUMBERS)


@given(limits=limits())
@settings(max_examples=20, deadline=None)
def test_limits_survive_storage(limits):
    assert Limits.from_json(limits.to_json()) == limits
