"""The strip of a release review: courses over real versions, KPIs of the live one, no alarm inside the policy."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.ui.review_strip import review_figures
from core.assets.intake import queries as intake
from core.assets.registry import RiskTier
from core.assets.registry import queries as registry
from core.evidence.kpis.definition import PERCENT, Definition, Direction, Status
from core.evidence.kpis.queries import Kpi, Observation, Score
from core.evidence.monitoring.performance import Metric
from core.evidence.monitoring.windows import Grain, Window
from tests.core.decisions.conftest import bench_on

NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def bench(house, hands):
    return bench_on(house, hands, RiskTier.LIMITED)


def score(name, values, *, status=Status.ON_TARGET, metric=Metric.RECALL, target=0.6):
    definition = Definition(
        name=name, question="", owner_id="per_x", metric=metric, unit=PERCENT, direction=Direction.HIGHER,
        target=target, warning=None, critical=None, window=Grain.MONTH, minimum_n=1,
    )  # fmt: skip
    window = Window(NOW, NOW.replace(month=12))
    seen = tuple(Observation(window, v, None, None, 30, 1.0, status, NOW) for v in values)
    return Score(Kpi(name, "uc", "rev", 1, definition, "per_x", NOW, None), "ver", seen)


def test_courses_are_those_of_the_versions_before(bench):
    ana = bench.people["ana"]
    made = [bench.version(ana, strength=s) for s in (0.8, 1.2, 1.5)]

    def asked(view):
        version = registry.version(view, made[-1])
        return intake.earlier_metrics(view, version), intake.evaluation(view, made[-1]), version

    earlier, candidate, _version = bench.ask(asked)
    assert len(earlier) == 2
    assert earlier[0]["roc_auc"] < earlier[1]["roc_auc"] < candidate.metrics["roc_auc"].value
    auc, latency = review_figures(candidate, None, earlier, (), 0, latency_holds=True)
    assert auc.series == (*(e["roc_auc"] for e in earlier), candidate.metrics["roc_auc"].value)
    assert latency.reading == "gray"
    assert review_figures(candidate, None, earlier, (), 0, latency_holds=False)[-1].reading == "inverse"


def test_kpis_that_left_their_bands_stand_first_and_those_without_data_stay_away(bench):
    made = bench.version(bench.people["ana"])
    candidate = bench.ask(intake.evaluation, made)
    calm = score("Calm", [0.5, 0.7])
    grave = score("Grave", [0.7, 0.5], status=Status.CRITICAL)
    silent = replace(score("Silent", [None]), history=())
    third = score("Third", [0.8])
    figures = review_figures(candidate, None, (), (calm, silent, third, grave), 7, latency_holds=True)
    assert [f.label for f in figures][1:3] == ["Grave", "Calm"]
    assert (figures[1].delta, figures[1].reading, figures[1].reference) == (
        "-10.0 pp",
        "normal",
        "vs target, v7 live",
    )
    assert (figures[2].delta, figures[2].reading, figures[2].series) == ("+10.0 pp", "gray", (0.5, 0.7))
