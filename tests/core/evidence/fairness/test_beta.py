"""The plain quantiles are SciPy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from core.evidence.fairness import parity
from core.evidence.fairness.beta import quantile, share_below

counts = st.integers(0, 200_000)


@given(hits=counts, others=counts, p=st.sampled_from((0.005, 0.025, 0.5, 0.975, 0.995)))
def test_quantiles_are_those_of_scipy(hits, others, p):
    a, b = hits + 0.5, others + 0.5
    assert quantile(p, a, b) == pytest.approx(special.betaincinv(a, b, p), rel=1e-8, abs=1e-12)


@given(hits=counts, others=counts, x=st.floats(0, 1))
def test_the_share_below_is_that_of_scipy(hits, others, x):
    a, b = hits + 0.5, others + 0.5
    assert share_below(x, a, b) == pytest.approx(special.betainc(a, b, x), rel=1e-7, abs=1e-10)


def test_a_page_s_intervals_are_those_of_the_job():
    hits, rows = np.array([0.0, 3, 40, 7, 0]), np.array([12.0, 3, 900, 4000, 0])
    for one, other in zip(parity.jeffreys(hits, rows, plain=True), parity.jeffreys(hits, rows), strict=True):
        assert one == pytest.approx(other, rel=1e-9, nan_ok=True)
