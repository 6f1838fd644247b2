"""A money KPI from proposal to its windows, over a log that grows, with labels that come late."""

from dataclasses import replace

import pandas as pd
import pytest
from sqlmodel import select

from core.errors import Conflict, Invalid, Refused
from core.evidence.kpis import commands, queries
from core.evidence.kpis.definition import Direction, KpiKind, Status
from core.evidence.kpis.intervals import Method
from core.evidence.kpis.queries import State
from core.evidence.monitoring.windows import Grain
from core.platform.audit.tables import AuditEvent
from core.platform.store import SYSTEM, Actor
from tests.core.evidence.kpis.test_definition import AUC
from tests.core.evidence.monitoring.conftest import credit, sent, told, watch  # noqa: F401
from tests.kpis import in_force
from tests.people import add_row

PROFIT = "sum(case when predicted_positive then 0 when actual_positive then -0.45 * income else 0.031 * income end)"
MONEY = replace(
    AUC, name="Profit", metric=None, kind=KpiKind.BUSINESS, formula=PROFIT, currency="BRL", target=1000.0,
    warning=-1e9, critical=-1e10, window=Grain.MONTH, minimum_n=30, units=(("income", "BRL"),),
    direction=Direction.HIGHER,
)  # fmt: skip


@pytest.fixture
def watched(watch):  # noqa: F811
    it = watch()
    with it.store.unit_of_work(SYSTEM) as uow:
        add_row(uow, "per_1", "Ana", ["operations"])
        add_row(uow, "per_2", "Bo", ["operations"])
        add_row(uow, "per_3", "Cy", ["business"])
    return it


def person(number, role):
    return Actor(f"per_{number}", "person", frozenset({role}), "page")


def profit(rows):
    """The same figure by pandas."""
    refused = rows["probability"] >= 0.5
    lost = rows["default"].astype(bool)
    value = (-0.45 * rows["income"]).where(lost, 0.031 * rows["income"]).where(~refused, 0.0)
    return value.sum()


def test_two_people_of_the_owners_area_put_it_in_force(watched):
    it = watched
    with it.store.unit_of_work(person(1, "operations")) as uow:
        proposed = commands.define_kpi(uow, it.use_case_id, MONEY)
    with it.store.reading() as view:
        assert queries.kpis(view) == ()
        assert [one.state for one in queries.proposals(view)] == [State.PROPOSED]
        assert not queries.may_approve(view, person(1, "operations"), proposed)
        assert queries.may_approve(view, person(2, "operations"), proposed)
    for who, words in ((person(1, "operations"), "second person"), (person(3, "business"), "another area")):
        with pytest.raises(Refused, match=words), it.store.unit_of_work(who) as uow:
            commands.approve_kpi(uow, proposed.revision_id)
    with it.store.unit_of_work(person(2, "operations")) as uow:
        held = commands.approve_kpi(uow, proposed.revision_id)
    assert (held.state, held.decided_by, held.author_id) == (State.IN_FORCE, "per_2", "per_1")
    with it.store.unit_of_work(person(2, "operations")) as uow:
        change = commands.revise_kpi(uow, held.id, replace(MONEY, target=5.0))
    with it.store.reading() as view:
        assert queries.kpi(view, held.id).definition.target == 1000.0
    with (
        pytest.raises(Conflict, match="waits for approval"),
        it.store.unit_of_work(person(1, "operations")) as uow,
    ):
        commands.revise_kpi(uow, held.id, replace(MONEY, target=6.0))
    with it.store.unit_of_work(person(2, "operations")) as uow:
        commands.decline_kpi(uow, change.revision_id)
    with pytest.raises(Conflict, match="decided"), it.store.unit_of_work(person(1, "operations")) as uow:
        commands.approve_kpi(uow, change.revision_id)
    with it.store.reading() as view:
        assert [one.state for one in queries.revisions(view, held.id)] == [State.IN_FORCE, State.DECLINED]


def test_windows_follow_the_log_and_late_labels_leave_a_trace(watched):
    it = watched
    kpi = in_force(it.store, person(1, "operations"), it.use_case_id, replace(MONEY, segment="channel"))
    first, second = credit(600, 3), credit(300, 4)
    it.send(sent(first, "2026-08-01", 20, "a"))
    it.send(sent(second, "2026-09-01", 10, "b"))
    it.send(told(first, "a").iloc[:400], "labels")
    it.send(told(second, "b"), "labels")

    def seen():
        with it.store.reading() as view:
            return queries.observations(view, [kpi.revision_id], it.version_id, segment=None)[it.version_id]

    def overall(some):
        return [one for one in some if not one.segment]

    august, september = overall(seen())
    assert august.value == pytest.approx(profit(first.iloc[:400]), rel=1e-9)
    assert september.value == pytest.approx(profit(second), rel=1e-9)
    assert (august.coverage, september.coverage) == (pytest.approx(2 / 3), 1.0)
    assert august.method == Method.DELTA
    assert august.low < august.value < august.high
    parts = {one.segment: one for one in seen() if one.segment and one.window.start.month == 9}
    assert set(parts) == {"app", "branch", "phone"}
    assert parts["app"].value == pytest.approx(profit(second[second["channel"] == "app"]), rel=1e-9)
    with it.store.reading() as view:
        marks = {one.day: one.parts for one in queries.days(view, kpi.revision_id, it.version_id)}
    it.send(told(first, "a").iloc[400:], "labels")
    late, untouched = overall(seen())
    assert late.value == pytest.approx(profit(first), rel=1e-9)
    assert late.coverage == 1.0
    assert untouched == september
    with it.store.reading() as view:
        before = queries.traces(view, kpi.revision_id, it.version_id, late.place)
        after = {one.day: one.parts for one in queries.days(view, kpi.revision_id, it.version_id)}
    assert {(one.value, one.coverage) for one in before} == {(None, 0.0), (august.value, august.coverage)}
    moved = {day for day in marks if marks[day] != after[day]}
    assert moved
    assert all(day.month == 8 for day in moved), "a day that nothing came for is not read again"


@pytest.mark.parametrize(
    "change",
    [{"zone": "America/Sao_Paulo", "window": Grain.DAY}, {"every": 100}, {"formula": "median(income)"}],
)
def test_other_windows_equal_pandas(watched, change):
    it = watched
    formula = change.get("formula", "sum(income)")
    wanted = replace(MONEY, formula=formula, **{k: v for k, v in change.items() if k != "formula"})
    kpi = in_force(it.store, person(1, "operations"), it.use_case_id, wanted)
    rows = credit(450, 6)
    batch = sent(rows, "2026-08-01", 3, "a")
    moments = pd.Timestamp("2026-08-01T01:00:00Z") + pd.to_timedelta(range(450), unit="min") * 7
    batch["timestamp"] = moments.strftime("%Y-%m-%dT%H:%M:%SZ")
    it.send(batch.iloc[:200])
    it.send(batch.iloc[200:])
    with it.store.reading() as view:
        found = queries.observations(view, [kpi.revision_id], it.version_id)[it.version_id]
    if "every" in change:
        groups = rows["income"].groupby([i // 100 for i in range(450)]).sum()
        assert [one.n for one in found] == [100, 100, 100, 100, 50]
        assert found[-1].status == Status.NOT_ENOUGH
    elif "zone" in change:
        groups = rows["income"].groupby(moments.tz_convert("America/Sao_Paulo").date).sum()
        assert found[0].window.start.isoformat() == "2026-07-31"
    else:
        groups = pd.Series([rows["income"].median()])
        assert found[0].method == Method.ORDER
    assert [one.value for one in found] == pytest.approx(groups.tolist(), rel=1e-9)


def test_a_breach_and_its_end_are_told(watched):
    it = watched
    wanted = replace(MONEY, formula="avg(income)", target=4e3, warning=3e3, critical=2.9e3, units=())
    kpi = in_force(it.store, person(1, "operations"), it.use_case_id, wanted)
    for month, shift, name in ((7, 0.0, "a"), (8, -1.0, "b"), (9, 0.2, "c")):
        it.send(sent(credit(300, month, shift), f"2026-{month:02}-01", 20, name))
    with it.store.reading() as view:
        told = [e.body for e in view.exec(select(AuditEvent).order_by(AuditEvent.idx))]
        found = [str(body) for body in told if "kpi.breached" in str(body) or "kpi.recovered" in str(body)]
        statuses = [
            o.status for o in queries.observations(view, [kpi.revision_id], it.version_id)[it.version_id]
        ]
    assert statuses[1] == Status.CRITICAL
    assert len(found) == 2
    assert "kpi.breached" in found[0]
    assert "kpi.recovered" in found[1]
    assert "per_1" in found[0]


def test_mixed_currencies_are_no_value(watched):
    it = watched
    kpi = in_force(
        it.store,
        person(1, "operations"),
        it.use_case_id,
        replace(MONEY, currency_column="channel", currency="APP", units=()),
    )
    it.send(sent(credit(300, 3), "2026-08-01", 20, "a"))
    it.send(told(credit(300, 3), "a"), "labels")
    with it.store.reading() as view:
        (one,) = queries.observations(view, [kpi.revision_id], it.version_id)[it.version_id]
    assert (one.value, one.note, one.status) == (None, "mixed_currencies", Status.NOT_ENOUGH)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"formula": "sum(incme)"}, "formula"),
        ({"segment": "income"}, "segment"),
        ({"currency": "real"}, "currency"),
        ({"units": (("income", "EUR"),)}, "currency"),
        ({"units": (("wage", "BRL"),)}, "units"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"every": 3}, "every"),
        ({"every": 100, "formula": "median(income)", "units": ()}, "every"),
        ({"metric": AUC.metric}, "formula"),
    ],
)  # fmt: skip
def test_a_definition_that_cannot_be_measured_is_refused_by_field(watched, change, field):
    with pytest.raises(Invalid) as problem, watched.store.unit_of_work(person(1, "operations")) as uow:
        commands.define_kpi(uow, watched.use_case_id, replace(MONEY, **change))
    assert problem.value.field == field
    assert problem.value.text()
