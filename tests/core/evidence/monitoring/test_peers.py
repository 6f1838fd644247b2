"""What peers publish as their own test cases, reproduced under the variant each of them computes.

Evidently: tests/stattests/test_stattests.py. NannyML: tests/drift/test_univariate_drift_methods.py, whose figures
are of base e; its later releases compute base 2.
"""

import numpy as np
import pytest

from core.evidence.monitoring import distances, significance

REFERENCE = np.array([16, 18, 16, 14, 12, 12])
CURRENT = np.array([16, 16, 16, 16, 16, 8])


@pytest.mark.parametrize("times", [1, 2])
def test_evidently_chi2_is_goodness_of_fit(times: int) -> None:
    statistic, freedom = distances.chi_square_of_fit(REFERENCE * times, CURRENT)
    assert significance.chi_square_tail(float(statistic), int(freedom)) == pytest.approx(0.67309, abs=1e-5)


def test_two_sample_chi2_differs_from_it() -> None:
    statistic, freedom = distances.chi_square(REFERENCE, CURRENT)
    assert significance.chi_square_tail(float(statistic), int(freedom)) == pytest.approx(0.899, abs=5e-4)


def test_evidently_hellinger() -> None:
    assert float(distances.hellinger(REFERENCE, CURRENT)) == pytest.approx(0.06812, abs=1e-5)
    assert float(distances.hellinger(np.array([10, 10, 10]), np.array([10, 10, 10]))) == 0


def test_evidently_equal_samples_have_a_p_of_one() -> None:
    same = np.array([10, 10, 10])
    for compare in (distances.chi_square, distances.chi_square_of_fit):
        statistic, freedom = compare(same, same)
        assert significance.chi_square_tail(float(statistic), int(freedom)) == pytest.approx(1, abs=1e-5)


def _categories(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    keys = np.unique(np.concatenate([a, b]))
    return tuple((side[:, None] == keys).sum(0) for side in (a, b))


def test_nannyml_jensen_shannon_of_categories() -> None:
    random = np.random.RandomState(1)
    a = random.choice(["a", "b", "c", "d"], 10_000)
    b = random.choice(["a", "b", "c", "e"], 1000)
    assert round(float(distances.jensen_shannon(*_categories(a, b), base=np.e)), 2) == 0.42


def test_nannyml_jensen_shannon_of_few_values() -> None:
    random = np.random.RandomState(1)
    a = random.choice(np.linspace(0, 2, 6), 10_000)
    b = random.choice(np.linspace(0, 2, 3), 1000)
    assert round(float(distances.jensen_shannon(*_categories(a, b), base=np.e)), 2) == 0.61
    assert float(distances.jensen_shannon(*_categories(a, a))) == 0


def test_nannyml_jensen_shannon_of_numbers_bins_by_doane() -> None:
    random = np.random.RandomState(1)
    a, b = random.normal(0, 1, 10_000), random.normal(0, 1, 1000)
    edges = np.histogram_bin_edges(a, bins="doane")
    p, q = (np.append(x, len(v) - x.sum()) for v in (a, b) for x in [np.histogram(v, edges)[0]])
    assert round(float(distances.jensen_shannon(p, q, base=np.e)), 2) == 0.04


def test_bases_of_jensen_shannon_differ_by_a_factor() -> None:
    two = float(distances.jensen_shannon(REFERENCE, CURRENT))
    natural = float(distances.jensen_shannon(REFERENCE, CURRENT, base=np.e))
    assert natural == pytest.approx(two * np.sqrt(np.log(2)))
