"""Counterfactuals on two hundred refused cases each of real bookings and of the demo's credit model.

Every one shown flips the real model, none touches a fixed column or leaves what was observed; where one exists it takes
two changes or fewer on average. The share without one is printed (`-s`).
"""

from datetime import date

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from threadpoolctl import threadpool_limits

from core.evidence.explain import sampling
from core.evidence.recourse import isolated
from core.evidence.recourse.limits import Bond, FeatureLimit, Limits, Link, Way

CREDIT = Limits(
    {
        **{
            name: FeatureLimit(Way.FIXED)
            for name in ("bureau_score", "past_delays", "device", "monthly_rate")
        },
        "tenure_months": FeatureLimit(Way.UP),
        "income": FeatureLimit(Way.UP),
        "amount": FeatureLimit(Way.DOWN),
    },
    (Link("amount", "instalment_share", Bond.PROPORTIONAL), Link("income", "instalment_share", Bond.INVERSE)),
)
HOTEL = Limits(
    {
        name: FeatureLimit(Way.FIXED)
        for name in ("is_repeated_guest", "previous_cancellations", "market_segment")
    }
)


def loaded(path):
    if path.suffix == ".skops":
        return skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))
    return joblib.load(path)


@pytest.fixture(scope="module", params=["hotel", "credit"])
def brought(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "hotel":
        from tests.browser import trained

        made = trained.hotel(request.getfixturevalue("shared_data"), folder)
        table, limits, threshold, features = pd.read_parquet(made.table), HOTEL, 0.5, made.features
    else:
        from data.demo import credit, models

        made = models.boosted(credit.applications(date(2026, 11, 25)), folder)
        table, limits, threshold, features = pd.read_parquet(made.table), CREDIT, 0.3, list(credit.FEATURES)
    return request.param, loaded(made.model), table[features], limits, threshold


def run(brought, cases: int) -> None:
    name, model, table, limits, threshold = brought
    with threadpool_limits(1):
        score = model.predict_proba(table)[:, 1]
        refused = np.flatnonzero(score >= threshold)
        chosen = np.random.default_rng(0).permutation(refused)[:cases]
        assert len(chosen) == cases
        reference = table.iloc[sampling.background(len(table), most=2000)].reset_index(drop=True)
        import json

        options = {
            "label": "1",
            "threshold": threshold,
            "search": True,
            "limits": json.dumps(limits.to_json()),
        }
        changes, none, tried = [], 0, 0
        for at in chosen:
            row = table.iloc[[at]].reset_index(drop=True)
            _, meta = isolated.case(model, {"rows": row, "background": reference}, options)
            tried += meta["tried"]
            none += not meta["cases"]
            for one in meta["cases"]:
                held(model, row, table, one, limits, threshold)
            if meta["cases"]:
                changes.append(sum(not follows for *_, follows in meta["cases"][0]["changes"]))
    print(
        f"\n{name}: none for {none / cases:.1%} of {cases}; mean changes {np.mean(changes):.2f}; tried {tried / cases:.0f} a case"
    )
    assert np.mean(changes) <= 2
    assert none < cases


def held(model, row, table, one, limits, threshold) -> None:
    changed = row.copy()
    followers = {k.follower for k in limits.links}
    for name, before, after, follows in one["changes"]:
        assert before is None or before == row.loc[0, name]
        assert follows == (name in followers)
        assert follows or limits.of(name).way is not Way.FIXED
        if pd.api.types.is_numeric_dtype(table[name]):
            assert table[name].min() <= after <= table[name].max()
            changed[name] = changed[name].astype(float)
            if before is not None and not follows:
                assert limits.of(name).way is not Way.UP or after > before
                assert limits.of(name).way is not Way.DOWN or after < before
        else:
            assert after in set(table[name])
        changed.loc[0, name] = after
    assert model.predict_proba(changed)[0, 1] < threshold


@pytest.mark.shared_data
def test_counterfactuals_on_some_cases(brought):
    run(brought, 6)


@pytest.mark.long
@pytest.mark.shared_data
def test_counterfactuals_on_two_hundred_cases(brought):
    run(brought, 200)
