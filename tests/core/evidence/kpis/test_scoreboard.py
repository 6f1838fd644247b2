"""A KPI from its definition to the scoreboard, with labels that come late."""

from dataclasses import replace

import pytest
from sqlalchemy import event
from sqlmodel import select

from core.errors import Conflict, Invalid, Refused
from core.evidence.kpis import commands, queries
from core.evidence.kpis.definition import Status
from core.evidence.monitoring.performance import Metric
from core.platform.audit.tables import AuditEvent
from core.platform.store import SYSTEM
from tests.core.evidence.kpis.test_definition import AUC
from tests.core.evidence.monitoring.conftest import NOW, credit, sent, told, watch  # noqa: F401
from tests.kpis import changed, in_force
from tests.people import add_row


@pytest.fixture
def watched(watch, actor):  # noqa: F811
    it = watch()
    with it.store.unit_of_work(SYSTEM) as uow:
        add_row(uow, "per_1", "Ana")
    return it


def _define(it, definition, actor):
    found = in_force(it.store, actor, it.use_case_id, definition)
    it.work()
    return found


def test_from_definition_to_scoreboard(watched, actor):
    it = watched
    owner = actor("operations")
    kpi = _define(it, replace(AUC, target=0.6, warning=0.55, critical=0.5), owner)
    volume = _define(
        it, replace(AUC, name="Volume", metric=Metric.ROWS, target=1000, warning=None, critical=500), owner
    )
    with it.store.reading() as view:
        empty = queries.scoreboard(view)
    assert [(s.kpi.definition.name, s.status) for s in empty] == [
        ("Ranking", Status.NOT_ENOUGH),
        ("Volume", Status.NOT_ENOUGH),
    ]
    rows = credit(700, 3)
    it.send(sent(rows, "2026-08-01", 20, "a"))
    with it.store.reading() as view:
        ranking, volumes = queries.scoreboard(view, it.use_case_id)
    assert ranking.latest.value is None
    assert (ranking.status, ranking.latest.n) == (Status.NOT_ENOUGH, 0)
    assert (volumes.status, volumes.latest.value) == (Status.SHORT, 700)
    it.send(told(rows, "a").iloc[:400], "labels")
    with it.store.reading() as view:
        ranking = queries.scoreboard(view, it.use_case_id)[0]
    assert ranking.latest.n == 400
    assert ranking.latest.coverage == pytest.approx(4 / 7)
    assert ranking.latest.low < ranking.latest.value < ranking.latest.high
    assert ranking.status in {Status.ON_TARGET, Status.SHORT}
    assert ranking.version_id == it.version_id
    it.send(sent(credit(50, 9), "2026-09-01", 20, "late"))
    with it.store.reading() as view:
        waits = queries.scoreboard(view, it.use_case_id)[0]
    assert waits.waiting
    assert (waits.latest, len(waits.history)) == (ranking.latest, 2)
    revised = changed(
        it.store, owner, kpi.id, replace(kpi.definition, target=0.99, warning=0.98, critical=0.97)
    )
    with it.store.unit_of_work(owner) as uow:
        commands.retire_kpi(uow, volume.id)
    it.work()
    with it.store.reading() as view:
        (ranking,) = queries.scoreboard(view, it.use_case_id)
        assert [one.number for one in queries.revisions(view, kpi.id)] == [1, 2]
        before = queries.observations(view, [kpi.revision_id])[it.version_id]
    assert revised.number == 2
    assert ranking.status == Status.CRITICAL
    assert before[0].status != Status.CRITICAL


def test_refusals(watched, actor):
    it = watched
    owner = actor("business")
    kpi = _define(it, AUC, owner)
    with pytest.raises(Conflict) as problem:
        _define(it, replace(AUC, name="ranking "), owner)
    assert problem.value.field == "name"
    with pytest.raises(Invalid) as problem:
        _define(it, replace(AUC, name="Other", owner_id="per_nobody"), owner)
    assert problem.value.field == "owner_id"
    with pytest.raises(Refused):
        _define(it, replace(AUC, name="Other"), actor("compliance"))
    with pytest.raises(Conflict), it.store.unit_of_work(owner) as uow:
        commands.revise_kpi(uow, kpi.id, AUC)
    with it.store.unit_of_work(owner) as uow:
        commands.retire_kpi(uow, kpi.id)
    with pytest.raises(Conflict), it.store.unit_of_work(owner) as uow:
        commands.retire_kpi(uow, kpi.id)
    with it.store.reading() as view:
        actions = [e.body for e in view.exec(select(AuditEvent).order_by(AuditEvent.idx))]
    assert sum("kpi.approved" in str(body) for body in actions) == 1
    assert not any("Ranking" in str(body) for body in actions)


def test_scoreboard_asks_as_often_for_many_as_for_one(watched, actor):
    it = watched
    owner = actor("operations")
    _define(it, AUC, owner)
    it.send(sent(credit(100, 3), "2026-08-01", 20, "a"))

    def count() -> int:
        asked = []
        listen = lambda *args: asked.append(args[2])  # noqa: E731
        with it.store.reading() as view:
            event.listen(view.get_bind(), "before_cursor_execute", listen)
            queries.scoreboard(view)
            event.remove(view.get_bind(), "before_cursor_execute", listen)
        return len(asked)

    one = count()
    for n in range(6):
        _define(it, replace(AUC, name=f"Ranking {n}"), owner)
    assert count() == one <= 4
