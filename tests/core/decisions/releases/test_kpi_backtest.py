"""The KPI back-test: rates and means of KPIs in force on the evaluation rows, as pandas counts them; sums are left out."""

from dataclasses import replace

import pandas as pd
import pytest

from core.assets.intake import queries as intake
from core.assets.intake.evaluation import Estimate
from core.assets.registry import queries as registry
from core.decisions.releases import evidence
from core.decisions.releases.champion import Contender
from core.decisions.releases.gates import Comparison, GateKind, Rule, Verdict, judge
from core.evidence.kpis.backtest import as_log, backtest
from core.evidence.kpis.definition import Definition, Direction, Status
from core.evidence.monitoring.performance import Metric
from core.evidence.monitoring.windows import Grain
from core.evidence.monitoring.work import expected_rows
from tests.core.evidence.fairness.test_work import evaluated, people
from tests.kpis import in_force
from tests.ui.hands import member

RULE = Rule(GateKind.KPI_BACKTEST, limit="0", comparison=Comparison.AT_MOST, missing_blocks=False)
CAUGHT = "sum(case when predicted_positive and actual_positive then 1 else 0 end) / sum(case when actual_positive then 1 else 0 end)"
SUM = "sum(income)"


def definition(name, formula="", **more):
    """A KPI, higher is better, whose critical line is what a test asks about."""
    held = Definition(
        name, "", "per_1", None, "", Direction.HIGHER, 0.5, None, None, Grain.MONTH, 30, formula=formula
    )
    return replace(held, **more)


@pytest.fixture
def table():
    return people(900)


@pytest.fixture
def version(store, table):
    return evaluated(store, table)


def told(store, version, *definitions, metrics=None):
    with store.reading() as view:
        evaluation = intake.evaluation(view, version.id)
        expected = expected_rows(view, version)
    evaluation = replace(evaluation, metrics=metrics or {})
    frame = pd.read_parquet(store.files.path(version.dataset_digest))
    predictions = pd.read_parquet(store.files.path(evaluation.predictions_digest))
    return backtest(
        definitions, version, evaluation, expected, lambda: as_log(version, expected, frame, predictions)
    )


def test_rates_and_means_equal_pandas_and_sums_are_left_out(store, version, table):
    asked = [definition("Caught", CAUGHT), definition("Income", "avg(income)"), definition("Sum", SUM)]
    caught, income = told(store, version, *asked)
    bad = table["default"] == 1
    assert caught.found.value == pytest.approx((table["score"] >= 0.5)[bad].mean(), abs=1e-12)
    assert income.found.value == pytest.approx(table["income"].mean(), rel=1e-12)
    assert (caught.definition.name, income.definition.name) == ("Caught", "Income")
    assert caught.found.low < caught.found.value < caught.found.high


def test_a_metric_is_read_from_the_evaluation_and_volume_is_not_asked(store, version):
    ranked = definition("Ranks", metric=Metric.ROC_AUC, target=0.8, critical=0.7)
    rows = definition("Rows", metric=Metric.ROWS, target=1000)
    (found,) = told(store, version, ranked, rows, metrics={"roc_auc": Estimate(0.72, 0.68, 0.76, 900)})
    assert (found.found.value, found.status, found.kept) == (0.72, Status.SHORT, True)


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        ({"target": 2}, False),
        ({"target": 2, "warning": 0.0}, True),
        ({"target": 2, "warning": 1, "critical": 0}, True),
        ({"target": -1, "direction": Direction.LOWER, "critical": 2}, True),
        ({"target": -1, "direction": Direction.LOWER}, False),
    ],
)
def test_the_last_line_counts(store, version, lines, kept):
    (found,) = told(store, version, definition("Caught", CAUGHT, **lines))
    assert found.kept is kept


@pytest.mark.parametrize("formula", ["avg(bureau)", "avg(label_time - timestamp)", "sum("])
def test_what_the_rows_do_not_hold_is_left_out(store, version, formula):
    assert told(store, version, definition("Odd", formula)) == ()


def gate(store, version, hands):
    with store.reading() as view:
        made = registry.version(view, version.id)
        about = evidence.Subject(
            version=made, evaluated=Contender(made, intake.evaluation(view, made.id)),
            use_case=registry.use_case_by_id(view, made.use_case_id), environment="production", now=hands.now,
            sealed=None, champion=None, draws=0,
        )  # fmt: skip
        begun = evidence.READERS[GateKind.KPI_BACKTEST](view, about, RULE)
    return judge(RULE, begun if isinstance(begun, evidence.Reading) else begun(store.files))


def test_the_gate_names_the_kpis_that_are_not_kept(store, version, hands):
    assert gate(store, version, hands).verdict is Verdict.NOT_AVAILABLE
    operations = member(store, "operations")
    held = definition("Income is high", "avg(income)", owner_id=operations.id, target=1)
    in_force(store, operations, version.use_case_id, held)
    found = gate(store, version, hands)
    assert (found.verdict, found.measured, found.n) == (Verdict.PASSED, 0, 1)
    missed = definition("Catches all", CAUGHT, owner_id=operations.id, target=0.999, critical=0.99)
    in_force(store, operations, version.use_case_id, missed)
    found = gate(store, version, hands)
    assert (found.verdict, found.measured, found.n, found.said) == (
        Verdict.FAILED,
        1,
        2,
        "✗ Catches all, ✓ Income is high",
    )
