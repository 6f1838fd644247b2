"""From a signed matrix and a frozen threshold to a promise and what came of it, on both engines."""

from decimal import Decimal

import numpy as np
import pytest

from core.errors import Conflict, Refused, Unauthenticated
from core.evidence.worth import commands, queries, work
from core.evidence.worth.matrix import Cell, MatrixState, signing_subject
from core.platform.access import ways_in
from core.platform.access.confirmation import Confirmed
from core.platform.access.sessions import Purpose
from core.platform.jobs import commands as jobs
from core.platform.jobs.handling import run_waiting
from core.platform.store import SYSTEM, Actor
from tests.core.evidence.monitoring.conftest import credit, sent, told, watch  # noqa: F401
from tests.people import add_row

CELLS = dict(zip(Cell, ("-5", "-0.02 * income", "0.031 * income", "-0.45 * income"), strict=True))
BUSINESS = Actor("per_biz", "person", frozenset({"business"}), "page")
SCIENTIST = Actor("per_sci", "person", frozenset({"data_scientist"}), "page")


@pytest.fixture
def watched(watch):  # noqa: F811
    it = watch()
    with it.store.unit_of_work(SYSTEM) as uow:
        add_row(uow, "per_biz", "Ana", ["business"])
    return it


def asked(it, query):
    with it.store.reading() as view:
        return query(view, it.version_id)


def signed(it):
    with it.store.unit_of_work(SCIENTIST) as uow:
        made = commands.propose_matrix(uow, it.use_case_id, CELLS, money_columns=["income"])
    with pytest.raises(Refused), it.store.unit_of_work(SCIENTIST) as uow:
        commands.sign_matrix(uow, made.id, ticket="x")
    with pytest.raises(Unauthenticated), it.store.unit_of_work(BUSINESS) as uow:
        commands.sign_matrix(uow, made.id, ticket="")
    with it.store.unit_of_work(BUSINESS) as uow:
        ticket = ways_in.issue_ticket(
            uow, Purpose.SIGNING, signing_subject(made.id), how=Confirmed.PASSWORD.value
        )
    with it.store.unit_of_work(BUSINESS) as uow:
        return commands.sign_matrix(uow, made.id, ticket=ticket)


def worth_of(rows, cut=0.5):
    """The same by pandas."""
    yes, was = rows["probability"] >= cut, rows["default"].astype(bool)
    income = rows["income"].fillna(0.0)
    return np.where(yes, np.where(was, -5, -0.02 * income), np.where(was, -0.45 * income, 0.031 * income))


def test_signed_frozen_promised_and_followed(watched):
    it = watched
    with pytest.raises(Conflict, match="has not signed"):
        work.evaluated(it.store, it.version_id)
    assert signed(it).state is MatrixState.SIGNED
    found = work.evaluated(it.store, it.version_id)
    assert len(found.validation.probability) == len(found.untouched.probability) == 2000
    assert found.explored.best.mean >= max(found.explored.all_no, found.explored.all_yes)
    whole = np.concatenate([found.validation.decided(0.5)[1], found.untouched.decided(0.5)[1]])
    assert whole.sum() == pytest.approx(worth_of(it.reference).sum(), rel=1e-9)
    assert asked(it, queries.exploration) is None
    run_waiting(it.store, {queries.EXPLORE_JOB: work.explore})
    kept = asked(it, queries.exploration)
    assert kept.explored.points == found.explored.points
    assert kept.explored.point(0.503).threshold == 0.5
    assert kept.monthly_rows == found.monthly_rows
    with pytest.raises(Refused), it.store.unit_of_work(SCIENTIST) as uow:
        commands.request_freeze(uow, it.version_id, 0.5, 600)
    with pytest.raises(Refused):
        work.freeze(it.store, SCIENTIST, it.version_id, 0.5, 600)
    with it.store.unit_of_work(BUSINESS) as uow:
        commands.request_freeze(uow, it.version_id, 0.5, 600)
    run_waiting(it.store, {queries.FREEZE_JOB: work.freeze_asked})
    point = asked(it, queries.operating_point)
    assert point.chosen_by == BUSINESS.id
    assert point.judged.n == 2000
    with pytest.raises(Conflict, match="frozen"):
        work.freeze(it.store, BUSINESS, it.version_id, 0.4, 600)
    with it.store.unit_of_work(BUSINESS) as uow:
        promise = commands.keep_promise(uow, "rel_1", it.version_id)
        assert commands.keep_promise(uow, "rel_1", it.version_id) is None, "once"
    assert promise.low < promise.value < promise.high
    assert promise.value == pytest.approx(Decimal(repr(point.judged.mean * 600)), abs=Decimal("0.01"))


def test_months_after_the_promise_equal_pandas_and_the_gap_adds_up(watched):
    it = watched
    signed(it)
    work.freeze(it.store, BUSINESS, it.version_id, 0.5, 600)
    with it.store.unit_of_work(BUSINESS) as uow:
        promise = commands.keep_promise(uow, "rel_1", it.version_id)
    day = promise.made_at.date()
    rows = credit(500, 8)
    it.send(sent(rows, day.isoformat(), 1, "a"))
    it.send(told(rows, "a").iloc[:300], "labels")

    def followed():
        with it.store.unit_of_work(SYSTEM) as uow:
            jobs.enqueue(uow, commands.FOLLOW_JOB, "version", it.version_id, {"version_id": it.version_id})
        run_waiting(it.store, {commands.FOLLOW_JOB: work.follow})
        with it.store.reading() as view:
            (month,) = queries.months(view, ["rel_1"])["rel_1"]
        return month

    early = followed()
    assert (early.rows, early.labelled) == (500, 300)
    assert float(early.value) == pytest.approx(worth_of(rows.iloc[:300]).sum(), abs=0.006)
    assert early.gap.whole == early.value - early.promised
    assert early.gap.waiting != 0
    assert early.promised == pytest.approx(promise.value * 8 / 30, abs=Decimal("0.01")), "made on 23 November"
    it.send(told(rows, "a").iloc[300:], "labels")
    late = followed()
    assert float(late.value) == pytest.approx(worth_of(rows).sum(), abs=0.006)
    assert late.gap.waiting == 0
    assert late.gap.whole == late.value - late.promised
    assert late.low < late.value < late.high
