"""Alerts: few, on size and not on luck; silent on the negative control; episodes, not repeats."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from core.errors import Invalid
from core.evidence.alerts import judging, rules
from core.evidence.alerts import queries as alerts
from core.evidence.alerts.judging import Judged, Reason
from core.evidence.alerts.rules import Rule, RuleKind
from core.evidence.monitoring import drift
from core.evidence.monitoring.layout import Wanted, layout_of
from core.evidence.monitoring.performance import Measure, Metric
from core.evidence.monitoring.windows import Grain, Window, window_of, windows_of

SHIPPED = alerts.default_rules()


def _judge(reference: pd.DataFrame, months: list[pd.DataFrame], grain: Grain):
    table = pa.Table.from_pandas(reference, preserve_index=False)
    layout = layout_of(table, [Wanted(c, "number") for c in reference.columns])
    held = layout.profile(table)
    profiles = [layout.profile(pa.Table.from_pandas(m, preserve_index=False)) for m in months]
    windows = [window_of(date(2026, 1, 1) + timedelta(days=31 * i), grain) for i in range(len(months))]
    columns = drift.compare(
        layout, held.cells, np.stack([p.cells for p in profiles]), np.stack([p.moments for p in profiles])
    )
    return judging.judge_drift(SHIPPED, grain, windows, columns, [p.novel for p in profiles]).episodes


def test_clean_columns_raise_nothing_over_twenty_seeds():
    raised = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        frames = [
            pd.DataFrame(
                {f"c{i}": np.where(rng.random(n) < 0.1, np.nan, rng.standard_normal(n)) for i in range(32)}
            )
            for n in (3000, 350, 600)
        ]
        for grain in (Grain.MONTH, Grain.WEEK):
            raised += len(_judge(frames[0], frames[1:], grain))
    assert raised == 0


def test_planted_changes_are_found_by_their_own_rule():
    rng = np.random.default_rng(0)
    n = 4000
    calm = pd.DataFrame(
        {"x": rng.standard_normal(n), "level": rng.choice(["a", "b"], n), "same": rng.standard_normal(n)}
    )
    later = pd.DataFrame(
        {"x": rng.standard_normal(n), "level": rng.choice(["a", "b"], n), "same": rng.standard_normal(n)}
    )
    gone, new, far, moved = later.copy(), later.copy(), later.copy(), later.copy()
    gone.loc[:400, "x"] = np.nan
    new.loc[:100, "level"] = "z"
    far.loc[:200, "x"] = 50
    moved["x"] += 0.7
    found = {
        name: {(e.rule.kind, e.subject) for grain in Grain for e in _judge(calm, [frame], grain)}
        for name, frame in {"gone": gone, "new": new, "far": far, "moved": moved}.items()
    }
    assert (RuleKind.MISSING, "x") in found["gone"]
    assert found["new"] == {(RuleKind.NEW_CATEGORY, "level")}
    assert (RuleKind.OUT_OF_RANGE, "x") in found["far"]
    assert (RuleKind.PSI, "x") in found["moved"]
    assert not any(subject == "same" for some in found.values() for _, subject in some)


@pytest.mark.shared_data
def test_negative_control_stays_silent(shared_data):
    frame = pd.read_parquet(shared_data / "acs_employment_ma" / "data.parquet")
    columns = [c for c in frame.columns if c not in {"id", "year", "partition", "event_time", "employed"}]
    years = [frame.loc[frame["year"] == year, columns] for year in (2016, 2017, 2018)]
    for grain in Grain:
        assert _judge(frame.loc[frame["year"] == 2015, columns], years, grain) == []


RULE = Rule("r", RuleKind.PSI, Grain.DAY, 0.2, 10)


def _days(values: list[float]) -> list[Judged]:
    first = date(2026, 1, 1)
    return [
        Judged(
            window_of(first + timedelta(days=i), Grain.DAY), v, v > 0.2, v <= 0.16, Reason("", {"value": v})
        )
        for i, v in enumerate(values)
    ]


def test_an_episode_ends_only_when_the_value_has_come_to_rest():
    (one,) = judging.episodes(RULE, "x", _days([0.1, 0.25, 0.18, 0.4, 0.19]))
    assert one.open
    assert (one.first.start.day, one.last.start.day, one.worst) == (2, 4, 0.4)
    assert one.reason.values["value"] == 0.4
    first, second = judging.episodes(RULE, "x", _days([0.3, 0.1, 0.3]))
    assert (first.open, second.open) == (False, True)
    assert judging.episodes(RULE, "x", _days([0.1, 0.2, 0.2])) == []


def test_performance_must_fall_with_its_whole_interval():
    window = Window(date(2026, 1, 1), date(2026, 2, 1))

    def judge(task: str, metric: Metric, low: float, high: float, n: int = 500):
        measure = Measure((low + high) / 2, low, high, n)
        found = {"roc_auc": 0.8, "mae": 10.0}
        said = judging.judge_performance(SHIPPED, Grain.MONTH, task, found, [(window, {metric: measure})])
        return said.episodes

    assert judge("binary", Metric.ROC_AUC, 0.70, 0.75)
    assert not judge("binary", Metric.ROC_AUC, 0.70, 0.77)
    assert not judge("binary", Metric.ROC_AUC, 0.70, 0.75, n=50)
    assert judge("regression", Metric.MAE, 11.0, 14.0)
    assert not judge("regression", Metric.MAE, 5.0, 7.0)


def test_unreadable_rules_are_refused_by_reason():
    with pytest.raises(Invalid) as problem:
        rules.parse('name = "x"\nversion = "1"\n[[rule]]\nid = "a"\nkind = "psii"\n')
    assert "psii" in problem.value.text()
    assert replace(SHIPPED, rules=()).drift_limit == float("inf")


def test_windows():
    assert window_of(date(2026, 11, 23), Grain.WEEK) == Window(date(2026, 11, 23), date(2026, 11, 30))
    assert window_of(date(2024, 2, 29), Grain.MONTH) == Window(date(2024, 2, 1), date(2024, 3, 1))
    assert len(windows_of([date(2026, 1, 1), date(2026, 1, 31), date(2026, 3, 1)], Grain.MONTH)) == 2
