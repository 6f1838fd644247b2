"""Group metrics against fairlearn, intervals by simulation, small groups, and what the correction leaves."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.evidence.fairness import groups, parity, tally
from core.evidence.fairness.tally import Metric

THEIRS = {
    Metric.SELECTION: "selection_rate",
    Metric.TPR: "true_positive_rate",
    Metric.FPR: "false_positive_rate",
}


def frame_of(truth, said, sensitive):
    """Fairlearn's own answer, for the metrics that both know."""
    from fairlearn import metrics as fl
    from sklearn.metrics import accuracy_score, precision_score

    asked = {
        Metric.SELECTION: fl.selection_rate,
        Metric.TPR: fl.true_positive_rate,
        Metric.FPR: fl.false_positive_rate,
        Metric.PRECISION: lambda y, p: precision_score(y, p, zero_division=np.nan),
        Metric.ERROR: lambda y, p: 1 - accuracy_score(y, p),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fl.MetricFrame(
            metrics={m.value: f for m, f in asked.items()},
            y_true=truth.astype(int),
            y_pred=said.astype(int),
            sensitive_features=sensitive,
        )


def by_name(found, metric):
    return {g.name: g.figures[metric] for g in found.groups if not g.hidden}


def agrees(found, theirs, metrics=tuple(tally.SHARES)):
    """Every figure and both gaps within 1e-12 of fairlearn's."""
    for metric in metrics:
        column = theirs.by_group[metric.value]
        for name, figure in by_name(found, metric).items():
            want = column[name if len(name) > 1 else name[0]]
            assert np.isnan(figure.value) if np.isnan(want) else abs(figure.value - want) <= 1e-12
        gap = found.gap(metric)
        ratio, difference = (
            theirs.ratio(method="between_groups")[metric.value],
            theirs.difference(method="between_groups")[metric.value],
        )
        assert abs(gap.difference.value - difference) <= 1e-12
        if gap.ratio is not None:
            assert abs(gap.ratio.value - ratio) <= 1e-12


@pytest.mark.shared_data
@pytest.mark.parametrize("rows", [30_000, pytest.param(300_000, marks=pytest.mark.long)])
@pytest.mark.parametrize("attributes", [("SEX",), ("RAC1P",), ("SEX", "RAC1P")])
def test_census_employment_equals_fairlearn(shared_data, attributes, rows):
    table = pd.read_parquet(shared_data / "acs_employment_ma" / "data.parquet").iloc[:rows]
    truth, said = table["employed"].to_numpy(bool), table["prediction"].to_numpy(bool)
    made = [groups.attribute(a, table[a]) for a in attributes]
    found = made[0] if len(made) == 1 else groups.crossed(*made)
    ours = parity.compare(found, tally.of_classes(found, truth, said), draws=50)
    small = [g for g in ours.groups if g.n < parity.SMALLEST]
    assert all(g.hidden for g in small)
    if "RAC1P" in attributes and (rows == 30_000 or "SEX" in attributes):
        assert small  # race group 4 is that rare
    large = np.isin(found.codes, [i for i, g in enumerate(ours.groups) if not g.hidden])
    texts = table.loc[large, list(attributes)].map(groups.as_text)
    agrees(ours, frame_of(truth[large], said[large], texts))


@given(
    hnp.arrays(np.int8, st.integers(2, 400), elements=st.integers(0, 15)),
)
def test_counts_are_those_of_plain_loops(rows):
    """Any rows at all: each share is hits over rows, counted by hand."""
    codes, truth, said = rows // 4, rows % 2 == 1, rows // 2 % 2 == 1
    table = groups.attribute("g", pd.Series(codes))
    found = parity.compare(table, tally.of_classes(table, truth, said), smallest=1, draws=5)
    for place, group in enumerate(found.groups):
        held = table.codes == place
        hits, of = int((held & said).sum()), int(held.sum())
        assert group.n == of
        figure = group.figures[Metric.SELECTION]
        assert figure.value == hits / of
        assert figure.low <= figure.value <= figure.high
        right = held & truth
        tpr = group.figures[Metric.TPR]
        if right.any():
            assert tpr.value == (right & said).sum() / right.sum()
        else:
            assert np.isnan(tpr.value)


def test_a_group_of_29_is_hidden_and_one_of_30_is_shown():
    table = groups.attribute("g", pd.Series(["a"] * 200 + ["b"] * 29 + ["c"] * 30))
    said = np.tile([True, False, True], 100)[:259]
    found = parity.compare(table, tally.of_classes(table, said, said))
    assert [(g.name[0], g.n, g.hidden) for g in found.groups] == [
        ("a", 200, False),
        ("b", 29, True),
        ("c", 30, False),
    ]
    assert {found.gap(Metric.SELECTION).lowest, found.gap(Metric.SELECTION).highest} <= {("a",), ("c",)}


def test_quantities_are_compared_by_their_means():
    rng = np.random.default_rng(3)
    names = pd.Series(rng.choice(["x", "y"], 4000))
    truth = rng.normal(10, 2, 4000)
    predicted = truth + np.where(names == "x", 0.5, -0.2) + rng.normal(0, 1, 4000)
    table = groups.attribute("g", names)
    found = parity.compare(table, tally.of_quantities(table, truth, predicted))
    for name in ("x", "y"):
        held = (names == name).to_numpy()
        assert by_name(found, Metric.BIAS)[(name,)].value == pytest.approx((predicted - truth)[held].mean())
        assert by_name(found, Metric.MAE)[(name,)].value == pytest.approx(
            np.abs(predicted - truth)[held].mean()
        )
    assert found.gap(Metric.BIAS).ratio is None
    assert found.gap(Metric.BIAS).p < 1e-6
    assert found.gap(Metric.BIAS).difference.low < 0.7 < found.gap(Metric.BIAS).difference.high


def test_holm_keeps_what_is_real_and_drops_what_chance_brings():
    """Forty attributes without effect and one with: the one remains, and at most a stray other."""
    rng = np.random.default_rng(5)
    n = 3000
    real = rng.choice(["a", "b"], n)
    said = rng.random(n) < np.where(real == "a", 0.5, 0.35)
    truth = rng.random(n) < 0.5
    columns = [real, *(rng.choice(["a", "b"], n) for _ in range(40))]
    found = []
    for i, column in enumerate(columns):
        table = groups.attribute(f"g{i}", pd.Series(column))
        found.append(parity.compare(table, tally.of_classes(table, truth, said), draws=20))
    judged = parity.corrected(found)
    assert judged[0].gap(Metric.SELECTION).remains
    raw = sum(g.p < 0.05 for p in found[1:] for g in p.gaps)
    assert raw > 2
    tested, remaining = parity.comparisons(judged)
    assert tested == 41 * 5
    assert remaining < 1 + raw


def coverage(rounds: int) -> dict[str, float]:
    """How often the intervals hold the truth: shares, the difference and the ratio of two groups, and two means."""
    rng = np.random.default_rng(17)
    chance, sizes = {"a": 0.42, "b": 0.31}, {"a": 400, "b": 260}
    names = np.repeat(list(sizes), list(sizes.values()))
    table = groups.attribute("g", pd.Series(names))
    centre = np.where(names == "a", 1.0, 1.4)
    held: dict[str, int] = {}

    def mark(key, low, high, real):
        held[key] = held.get(key, 0) + bool(low <= real <= high)

    for turn in range(rounds):
        said = rng.random(len(names)) < np.where(names == "a", chance["a"], chance["b"])
        truth = rng.random(len(names)) < 0.5
        found = parity.compare(table, tally.of_classes(table, truth, said), seed=turn, draws=1000)
        for name, real in chance.items():
            figure = by_name(found, Metric.SELECTION)[(name,)]
            mark("share", figure.low, figure.high, real)
            tpr = by_name(found, Metric.TPR)[(name,)]
            mark("tpr", tpr.low, tpr.high, real)
        gap = found.gap(Metric.SELECTION)
        if (gap.lowest, gap.highest) == (("b",), ("a",)):
            mark("difference", gap.difference.low, gap.difference.high, chance["a"] - chance["b"])
            mark("ratio", gap.ratio.low, gap.ratio.high, chance["b"] / chance["a"])
        else:
            mark("difference", 1, 0, 0)
            mark("ratio", 1, 0, 0)
        label = rng.normal(size=len(names))
        means = parity.compare(
            table, tally.of_quantities(table, label, label + rng.exponential(centre)), seed=turn
        )
        for name, real in (("a", 1.0), ("b", 1.4)):
            figure = by_name(means, Metric.BIAS)[(name,)]
            mark("mean", figure.low, figure.high, real)
        apart = means.gap(Metric.BIAS).difference
        mark("mean difference", apart.low, apart.high, 0.4)
    doubled = {"share", "tpr", "mean"}
    return {key: n / rounds / (2 if key in doubled else 1) for key, n in held.items()}


@pytest.mark.long
def test_intervals_hold_the_truth_as_often_as_they_say():
    found = coverage(4000)
    assert all(0.93 <= share <= 0.97 for share in found.values()), found


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    """The same with few rounds: three standard errors wide, so that it fails on a wrong interval and not on chance."""
    found = coverage(250)
    assert all(0.95 - 0.045 <= share <= 0.95 + 0.042 for share in found.values()), found
