"""Measures over several columns: silent where nothing changed, loud where only the joint distribution did."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from core.evidence.monitoring import matrix, multivariate
from core.evidence.monitoring.sources import TableSource


def _pair(seed: int, link: float, n: int = 4000) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 4))
    x[:, 1] = link * x[:, 0] + np.sqrt(1 - link**2) * x[:, 1]
    return x


def test_correlations_equal_pandas() -> None:
    x = _pair(0, 0.6)
    x[:, 2] = np.round(x[:, 2])
    assert multivariate.correlations(x) == pytest.approx(
        pd.DataFrame(x).corr("spearman").to_numpy(), abs=1e-12
    )


def test_a_link_that_broke_is_seen_by_each_measure() -> None:
    before, same, broken = _pair(0, 0.9), _pair(1, 0.9), _pair(2, 0.0)
    names = ["a", "b", "c", "d"]
    quiet = multivariate.correlation_changes(names, before, same)
    loud = multivariate.correlation_changes(names, before, broken)
    assert min(one.q_value for one in quiet) > 0.01
    assert loud[0].columns == ("a", "b")
    assert loud[0].q_value < 1e-9
    assert abs(multivariate.reconstruction(before, same).deviations) < 4
    assert multivariate.reconstruction(before, broken).deviations > 10
    assert multivariate.domain_auc(before, same) == pytest.approx(0.5, abs=0.03)
    assert multivariate.domain_auc(before, broken) > 0.6


def test_reconstruction_cries_wolf_rarely() -> None:
    far = [
        multivariate.reconstruction(_pair(2 * s, 0.5, 2000), _pair(2 * s + 1, 0.5, 2000)).deviations
        for s in range(60)
    ]
    assert sum(abs(one) > 4 for one in far) <= 2


def test_association() -> None:
    rng = np.random.default_rng(4)
    group = rng.integers(0, 3, 3000).astype(float)
    assert multivariate.association(group, (group == 1) * 1.0, ordered=False) > 0.99
    assert multivariate.association(group, rng.standard_normal(3000), ordered=False) < 0.06
    assert multivariate.association(group, -group, ordered=True) == pytest.approx(-1)
    assert np.isnan(multivariate.association(group, np.ones(3000), ordered=False))


def test_a_sample_codes_both_sides_alike() -> None:
    a = pa.table({"x": [1.0, None, 3.0, 4.0], "c": ["u", "v", None, "u"], "id": [b"1"] * 4})
    b = pa.table({"x": [1, 2, 3, 9], "c": ["v", "new", "u", "u"], "id": [b"1"] * 4})
    found = matrix.sample(TableSource(a, "a"), TableSource(b, "b"), ["x", "c", "id"], rows=3)
    assert found.names == ("x",)  # so few rows: a category in each is text
    many = matrix.sample(
        TableSource(pa.concat_tables([a] * 9), "a"),
        TableSource(pa.concat_tables([b] * 9), "b"),
        ["x", "c"],
        rows=36,
    )
    assert many.names == ("x", "c")
    assert many.ordered == (True, False)
    assert many.reference[0, 1] == pytest.approx(0.5)
    assert np.isnan(many.reference[2, 1])
    assert many.current[1, 1] == 0
