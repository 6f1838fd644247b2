"""The desk in numbers: what was overturned and how long it took become KPIs of the version that had decided."""

import pytest

from core.assurance.reviews import commands, drafting
from core.assurance.reviews.measured import measured
from core.assurance.reviews.request import Outcome
from core.evidence.kpis import queries as kpis
from core.evidence.kpis import sources, work
from core.evidence.kpis.definition import Definition, Direction, Status
from core.evidence.monitoring.performance import DESK, Metric
from core.evidence.monitoring.windows import Grain, window_of
from core.platform.jobs.handling import run_waiting
from core.platform.store import SYSTEM
from tests.core.assurance.reviews.test_reviews import REASON, bench, case_of, do, taken  # noqa: F401
from tests.kpis import in_force


def judged(b, outcome):
    review = taken(b)
    do(b, SYSTEM, commands.keep_case, review, case_of(b))
    do(b, "carl", commands.decide, review, outcome, reason=REASON)
    return review


def test_an_overturned_decision_moves_the_kpi(bench):  # noqa: F811
    b = bench
    sources.provide(DESK, measured)
    definition = Definition(
        "Overturned", "How often was the model wrong?", "per_otto", Metric.OVERTURNED, "%", Direction.LOWER,
        0.1, 0.2, 0.4, Grain.MONTH, 1,
    )  # fmt: skip
    kpi = in_force(b.store, b.people["otto"], b.use_case.id, definition)
    for outcome in (Outcome.UPHELD, Outcome.OVERTURNED, Outcome.UPHELD, Outcome.UPHELD):
        judged(b, outcome)
    run_waiting(b.store, {"kpis.observe": work.observe})
    (score,) = [s for s in b.ask(kpis.scoreboard, b.use_case.id) if s.kpi.id == kpi.id]
    assert score.latest.value == 0.25
    assert score.latest.n == 4
    assert score.latest.low == pytest.approx(0.006309, abs=1e-6)  # Clopper–Pearson for 1 of 4
    assert score.latest.high == pytest.approx(0.805880, abs=1e-6)
    assert score.status is Status.WARNING


def test_days_to_answer_count_from_receipt_to_letter(bench):  # noqa: F811
    b = bench
    for days in (2, 4):
        review = taken(b)
        do(b, SYSTEM, commands.keep_case, review, case_of(b))
        b.hands.forward(seconds=days * 86400)
        do(b, "carl", commands.decide, review, Outcome.UPHELD, reason=REASON)
        letter = do(b, "carl", commands.write_letter, review, b.ask(drafting.draft, review))
        do(b, "carl", commands.send_letter, letter)
    found = b.ask(measured, [b.made], Grain.MONTH)[b.made]
    measure = found[window_of(b.hands.now, Grain.MONTH)][Metric.DAYS_TO_ANSWER]
    assert measure.value == pytest.approx(3, abs=0.01)
    assert measure.n == 2
