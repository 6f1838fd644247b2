"""Cohorts and interaction partners on attributions whose truth is known."""

import numpy as np
import pandas as pd
import pytest

from core.evidence.explain.cohort import Part, compared, partner, parts


@pytest.fixture
def told() -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(0)
    inputs = pd.DataFrame(
        {"a": rng.normal(size=400), "b": rng.normal(size=400), "kind": rng.choice(["x", "y"], 400)}
    )
    inputs.loc[:9, "a"] = np.nan
    a = np.where(inputs["kind"] == "x", 3.0, 1.0) * inputs["a"].fillna(0)
    return pd.DataFrame({"a": a + inputs["a"].fillna(0) * inputs["b"], "b": inputs["b"], "kind": 0.1}), inputs


def test_a_feature_matters_more_inside_its_part(told):
    values, inputs = told
    pairs, rows, rest = compared(values, inputs, Part("kind", value="x"))
    assert rows + rest == 400
    by_name = {p.feature: p for p in pairs}
    assert by_name["a"].right > 1.5 * by_name["a"].left
    assert by_name["b"].right == pytest.approx(by_name["b"].left, rel=0.3)


def test_parts_cover_every_known_value_once(told):
    _, inputs = told
    for name in ("a", "b", "kind"):
        covered = sum(part.mask(inputs).astype(int) for part in parts(inputs[name]))
        assert (covered == inputs[name].notna()).all()


def test_few_rows_say_nothing(told):
    values, inputs = told
    assert compared(values.head(40), inputs.head(40), Part("kind", value="x"))[0] == ()


def test_the_partner_is_the_one_that_multiplies(told):
    values, inputs = told
    assert partner(values, inputs, "a") == "b"
    assert partner(values, inputs, "b") is None
