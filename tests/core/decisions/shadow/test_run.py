"""A challenger answers the champion's log in the jail; months, outcomes, money, erased rows, succession."""

from datetime import date

import numpy as np
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from core.assets.registry.tables import VersionRow
from core.decisions.releases.tables import DeploymentRow
from core.decisions.shadow import commands, queries
from core.errors import Conflict, Refused
from core.evidence.worth.matrix import Cell, MatrixState
from core.evidence.worth.tables import CostMatrixRow
from core.platform.audit import queries as audit
from core.platform.store import SYSTEM, Actor
from tests.core.decisions.retraining.conftest import FEATURES, rows_of
from tests.core.evidence.explain.registered import register


def turned(loop, features=FEATURES):
    """A version that has learnt a world in which a high income is the risk."""
    table = rows_of(1200, 3, turned=True).assign(extra=1.0)
    numbers = [name for name in features if name != "purpose"]
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["purpose"]), (StandardScaler(), numbers)
    )
    model = make_pipeline(columns, LogisticRegression()).fit(table[features], table["default"])
    return register(loop.store, model, table, features=features)


def started(loop, version):
    made = loop.do(loop.person("otto", "operations"), commands.start, version.id)
    loop.work()
    return made


def months(loop, made):
    with loop.store.reading() as view:
        return queries.months(view, made)


def test_the_turned_world_shows_month_by_month_who_is_right(any_loop):
    loop = any_loop
    loop.send(rows_of(600, 5), "2026-09-01", 30)
    loop.send(rows_of(600, 6, turned=True), "2026-10-01", 30)
    made = started(loop, turned(loop))
    before, after = months(loop, made)
    assert (before.start, after.start) == (date(2026, 9, 1), date(2026, 10, 1))
    assert (before.rows, before.labelled, before.sampled) == (600, 600, 600)
    assert before.champion_right + before.challenger_right == before.differing
    assert before.agreement < 0.6
    assert before.expected is None  # no cost matrix
    with loop.store.reading() as view:
        found = queries.shadow(view, made)
        assert not queries.stale(view, found)
        assert [e.action for e in audit.events(view, subject_id=found.challenger)][:2] == [
            "shadow.scored",
            "shadow.started",
        ]
    told = queries.disagreements(loop.store, found, after)
    assert 0 < len(told) <= 50
    assert all(one.champion != one.challenger for one in told)
    assert {one.prediction_id for one in told} <= {f"2026-10-01-{n}" for n in range(600)}
    assert started(loop, turned_again(loop, found)) == made  # one run for a pair


def turned_again(loop, found):
    from core.assets.registry import queries as registry

    with loop.store.reading() as view:
        return registry.version(view, found.challenger)


def test_worth_is_what_the_cells_say_of_decisions_and_outcomes(loop):
    with loop.store.unit_of_work(SYSTEM) as uow:
        uow.session.add(
            CostMatrixRow(
                id="mat_1", number=1, use_case_id=loop.champion.use_case_id, state=MatrixState.SIGNED.value, currency="EUR", money_columns=[],
                cells=dict(zip(Cell, ("5", "-100", "50", "-500"), strict=True)),
                author_id="per_x", created_at=uow.now, signed_by="per_y", signed_at=uow.now,
            )
        )  # fmt: skip
    loop.send(rows_of(500, 7, turned=True), "2026-10-01", 30)
    (month,) = months(loop, started(loop, turned(loop)))
    # The log says 0.5 of every row, so the champion always said yes: where they differ, the challenger says no.
    assert month.challenger_right + month.champion_right == month.differing > 0
    assert month.realised is not None
    assert month.realised.n == 500
    assert month.realised.mean * 500 == pytest.approx(
        150 * month.challenger_right - 505 * month.champion_right
    )
    assert month.realised.low <= month.realised.mean <= month.realised.high
    assert month.expected is not None
    assert month.expected[0] * 500 == pytest.approx(month.differing * (0.5 * 150 - 0.5 * 505))
    assert month.expected[1] > 0  # by the challenger's own probabilities its noes are right


def test_rows_that_come_later_and_rows_that_go_are_scored_again(loop):
    loop.send(rows_of(300, 5), "2026-09-01", 30)
    made = started(loop, turned(loop))
    loop.send(rows_of(5, 8), "2026-09-02", 1)
    loop.work()
    assert [m.rows for m in months(loop, made)] == [300]
    with loop.store.reading() as view:
        found = queries.shadow(view, made)
        assert list(queries.stale(view, found)) == [date(2026, 9, 1)]
        assert not queries.stale(
            view, found, by_itself=True
        )  # the newest month grew by less than a twentieth
    loop.send(rows_of(100, 9), "2026-10-03", 1)
    loop.work()  # profiling what came goes on with the run
    assert [(m.start.month, m.rows) for m in months(loop, made)] == [(9, 305), (10, 100)]


def test_whoever_may_not_run_checks_starts_none_and_what_stands_in_the_way_is_said(loop):
    loop.send(rows_of(60, 5), "2026-09-01", 30)
    challenger = turned(loop)
    with pytest.raises(Refused):
        loop.do(Actor("per_v", "person", frozenset({"viewer"}), "page"), commands.start, challenger.id)
    otto = loop.person("otto", "operations")
    for version, code in (
        (loop.champion, "shadow.itself"),
        (turned(loop, [*FEATURES, "extra"]), "shadow.other_features"),
    ):
        with pytest.raises(Conflict) as raised:
            loop.do(otto, commands.start, version.id)
        assert raised.value.code == code
    assert "extra" in raised.value.text()
    with loop.store.unit_of_work(SYSTEM) as uow:
        uow.session.get(VersionRow, challenger.id).state = "refused"
    with pytest.raises(Conflict) as raised:
        loop.do(otto, commands.start, challenger.id)
    assert raised.value.code == "shadow.not_ready"


def test_a_run_ends_with_its_champion_and_what_it_showed_stays(loop):
    loop.send(rows_of(100, 5), "2026-09-01", 30)
    made = started(loop, turned(loop))
    with loop.store.unit_of_work(SYSTEM) as uow:
        uow.session.get(DeploymentRow, "dep_1").ended_at = uow.now
    loop.send(rows_of(100, 6), "2026-10-01", 30)
    loop.work()
    with loop.store.reading() as view:
        assert queries.shadow(view, made).ended_at is not None
    assert len(months(loop, made)) == 1
    with pytest.raises(Conflict):
        loop.do(loop.person("otto", "operations"), commands.end, made)


def test_a_hash_survives_the_way_through_the_store(loop):
    loop.send(rows_of(200, 5), "2026-09-01", 30)
    made = started(loop, turned(loop))
    (month,) = months(loop, made)
    assert max(int(one.id_hash) for one in month.cases) > np.iinfo(np.int32).max
