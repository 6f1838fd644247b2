"""Bands judge as they are written, and a definition that cannot judge is refused by field."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.evidence.kpis.definition import Definition, Direction, Status, check, metrics_for
from core.evidence.monitoring.performance import Metric
from core.evidence.monitoring.windows import Grain

AUC = Definition(
    name="Ranking",
    question="Does the model still rank customers by risk?",
    owner_id="per_1",
    metric=Metric.ROC_AUC,
    unit="",
    direction=Direction.HIGHER,
    target=0.8,
    warning=0.75,
    critical=0.7,
    window=Grain.MONTH,
    minimum_n=30,
)
ORDER = [Status.ON_TARGET, Status.SHORT, Status.WARNING, Status.CRITICAL]


@pytest.mark.parametrize(
    ("value", "n", "status"),
    [
        (0.8, 30, Status.ON_TARGET),
        (0.79, 30, Status.SHORT),
        (0.75, 30, Status.SHORT),
        (0.7, 30, Status.WARNING),
        (0.69, 30, Status.CRITICAL),
        (0.99, 29, Status.NOT_ENOUGH),
        (None, 1000, Status.NOT_ENOUGH),
        (float("nan"), 1000, Status.NOT_ENOUGH),
    ],
)
def test_bands(value, n, status):
    assert AUC.judge(value, n) == status


@given(
    limits=st.lists(st.floats(-100, 100), min_size=3, max_size=3).map(sorted),
    value=st.floats(-100, 100),
    other=st.floats(-100, 100),
)
def test_better_values_never_judge_worse_in_either_direction(limits, value, other):
    low, middle, high = limits
    up = replace(AUC, target=high, warning=middle, critical=low)
    down = replace(AUC, direction=Direction.LOWER, target=-high, warning=-middle, critical=-low)
    assert up.judge(value, 50) == down.judge(-value, 50)
    if value >= other:
        assert ORDER.index(up.judge(value, 50)) <= ORDER.index(up.judge(other, 50))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"question": "x" * 301}, "question"),
        ({"unit": "x" * 17}, "unit"),
        ({"metric": Metric.MAE}, "metric"),
        ({"minimum_n": 0}, "minimum_n"),
        ({"target": float("nan")}, "target"),
        ({"warning": 0.9}, "warning"),
        ({"critical": 0.76}, "critical"),
        ({"direction": Direction.LOWER}, "warning"),
    ],
)
def test_what_cannot_judge_is_refused(change, field):
    with pytest.raises(Invalid) as problem:
        check(replace(AUC, **change), "binary")
    assert problem.value.field == field
    assert problem.value.text()


def test_a_definition_without_bands_stands():
    check(replace(AUC, warning=None, critical=None), "binary")
    assert Metric.PREDICTED_POSITIVE not in metrics_for("regression")
