"""From the proposal to the challenger: consent of two areas, a run in the jail, intake's checks, paired comparison."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sqlmodel import select

from core.assets.datasets.reading import to_parquet
from core.assets.datasets.tables import DatasetRow
from core.assets.registry import queries as registry
from core.assets.registry.tables import VersionRow
from core.decisions.releases import evidence
from core.decisions.releases.champion import COMPARED
from core.decisions.releases.gates import GateKind, Rule
from core.decisions.retraining import commands, queries
from core.decisions.retraining.policy import Policy, TriggerKind
from core.decisions.retraining.request import Recipe, State
from core.errors import Conflict, Invalid, Refused
from core.evidence.fairness import queries as fairness
from core.evidence.fairness import work as fairness_work
from core.platform.access.permissions import Role
from core.platform.audit import queries as audit
from core.platform.store import SYSTEM
from tests.core.decisions.retraining.conftest import FEATURES, rows_of, uploaded

WHY = "The relation has turned; waiting costs more."


def consented(loop, retraining_id):
    ana, otto = loop.person("ana", "data_scientist"), loop.person("otto", "operations")
    assert loop.do(otto, commands.answer, retraining_id, consents=True, reason=WHY) is State.PROPOSED
    return ana, loop.do(ana, commands.answer, retraining_id, consents=True, reason=WHY)


def test_a_turned_world_is_learnt_by_the_challenger_and_the_paired_interval_says_so(any_loop):
    loop = any_loop
    loop.send(rows_of(3000, 2, turned=True), "2026-09-01", 60)
    proposed = loop.do(loop.person("otto", "operations"), commands.propose, loop.champion.use_case_id)
    ana, state = consented(loop, proposed)
    assert state is State.RUNNING
    loop.work()
    found = loop.retraining()
    assert found.problem is None
    assert found.state is State.DONE
    with loop.store.reading() as view:
        challenger = registry.version(view, found.challenger)
        snapshot = view.exec(select(DatasetRow).where(DatasetRow.digest == found.snapshot.digest)).one()
    assert (challenger.number, challenger.author_id, challenger.state.value) == (2, ana.id, "ready")
    assert snapshot.lawful_basis == "contract"
    assert (found.snapshot.reference, found.snapshot.logged) == (1200, 3000)
    later = pd.read_parquet(loop.store.files.path(challenger.table_digest))
    training = pd.read_parquet(loop.store.files.path(found.snapshot.digest))
    assert len(later) == found.snapshot.kept
    assert len(training) + len(later) == 4200
    assert found.snapshot.first < found.snapshot.cut <= found.snapshot.last
    assert found.result.rows == len(later)
    auc = next(one for one in found.result.metrics if one.metric == "roc_auc")
    assert auc.champion < 0.5 < auc.challenger
    assert auc.better
    assert auc.difference == pytest.approx(auc.challenger - auc.champion)
    with loop.store.reading() as view:
        actions = [e.action for e in audit.events(view, subject_id=proposed)]
        assert audit.verify(view).ok
    assert actions[::-1] == [
        "retraining.proposed",
        "retraining.answered",
        "retraining.answered",
        "retraining.decided",
        "retraining.snapshot_taken",
        "retraining.challenger_registered",
        "retraining.compared",
    ]


def test_a_challenger_meets_the_gates_with_the_champions_answers_and_the_groups_of_its_later_rows(any_loop):
    loop = any_loop
    rows = rows_of(3000, 2, turned=True)
    loop.send(rows, "2026-09-01", 60)
    people = pd.DataFrame(
        {"case": [f"2026-09-01-{n}" for n in range(len(rows))], "sex": np.where(rows.index % 3, "f", "m")}
    )
    sent = loop.store.files.put_bytes(to_parquet(people))
    officer = loop.person("carl", "compliance")
    fairness_work.take_table(
        loop.store, officer, loop.champion.use_case_id, sent, "people.parquet", key="case", lawful_basis="legal_obligation"
    )  # fmt: skip
    proposed = loop.do(loop.person("otto", "operations"), commands.propose, loop.champion.use_case_id)
    consented(loop, proposed)
    loop.work()
    found = loop.retraining()
    assert found.state is State.DONE
    auc = next(one for one in found.result.metrics if one.metric == "roc_auc")
    with loop.store.reading() as view:
        challenger = registry.version(view, found.challenger)
        groups = fairness.measured(view, found.challenger)
        about = evidence.subject(view, found.challenger, "production", loop.store.clock())
        rule = Rule(GateKind.CHAMPION, metric="roc_auc", limit=-0.01)
        (later,) = evidence.read(view, replace(about, draws=500), [rule])
    (gate,) = evidence.finish([later], loop.store.files)
    assert gate.reason == COMPARED["paired"]
    assert gate.value.value == pytest.approx(auc.difference)
    assert gate.value.low == pytest.approx(auc.low, abs=0.02)
    table = pd.read_parquet(loop.store.files.path(challenger.table_digest))
    assert set(table) == {*FEATURES, "default", "sex"}  # neither the case nor anything else of it
    (parity,) = groups.report.single
    assert parity.attributes == ("sex",)
    assert sum(one.n for one in parity.groups) == len(table)
    training = pd.read_parquet(loop.store.files.path(found.snapshot.digest))
    assert "sex" not in training  # nobody trains on it
    assert "sex" not in challenger.signature.names

    said = about.answers
    assert loop.store.files.exists(said)
    with loop.store.unit_of_work(SYSTEM) as uow:
        uow.session.get(VersionRow, challenger.id).table_digest = "0" * 64
    with loop.store.reading() as view:
        assert not evidence.subject(view, found.challenger, "production", loop.store.clock()).answers


def test_one_area_that_declines_ends_it_and_nothing_is_trained(loop):
    loop.send(rows_of(300, 2), "2026-09-01", 60)
    proposed = loop.do(loop.person("ana", "data_scientist"), commands.propose, loop.champion.use_case_id)
    otto = loop.person("otto", "operations")
    assert (
        loop.do(otto, commands.answer, proposed, consents=False, reason="Not before the audit is over.")
        is State.DECLINED
    )
    loop.work()
    assert loop.retraining().snapshot is None
    with pytest.raises(Conflict) as raised:
        loop.do(loop.person("ana", "data_scientist"), commands.answer, proposed, consents=True, reason=WHY)
    assert raised.value.code == "retraining.decided"


def test_nobody_consents_twice_or_for_an_area_that_is_not_theirs(loop):
    proposed = loop.do(loop.person("ana", "data_scientist"), commands.propose, loop.champion.use_case_id)
    both = loop.person("both", "data_scientist", "operations")
    loop.do(both, commands.answer, proposed, consents=True, reason=WHY)
    with pytest.raises(Refused) as raised:
        loop.do(both, commands.answer, proposed, consents=True, reason=WHY)
    assert raised.value.code == "retraining.no_seat"
    with pytest.raises(Refused):
        loop.do(loop.person("carl", "compliance"), commands.answer, proposed, consents=True, reason=WHY)
    with pytest.raises(Invalid):
        loop.do(loop.person("otto", "operations"), commands.answer, proposed, consents=True, reason="yes")


def test_two_at_once_are_not_proposed_and_without_a_live_version_none_is(loop, store):
    loop.do(loop.person("ana", "data_scientist"), commands.propose, loop.champion.use_case_id)
    with pytest.raises(Conflict) as raised:
        loop.do(loop.person("otto", "operations"), commands.propose, loop.champion.use_case_id)
    assert raised.value.code == "retraining.open_already"
    with store.unit_of_work(SYSTEM) as uow:
        from core.decisions.releases.tables import DeploymentRow

        uow.session.get(DeploymentRow, "dep_1").ended_at = uow.now
    loop.do(
        loop.person("otto", "operations"), commands.answer, loop.retraining().id, consents=False, reason=WHY
    )
    with pytest.raises(Conflict) as raised:
        loop.do(loop.person("otto", "operations"), commands.propose, loop.champion.use_case_id)
    assert raised.value.code == "retraining.nothing_live"


def test_too_few_outcomes_fail_the_run_with_a_sentence_and_it_may_be_proposed_again(loop):
    loop.send(rows_of(50, 2), "2026-09-01", 60)
    proposed = loop.do(loop.person("ana", "data_scientist"), commands.propose, loop.champion.use_case_id)
    consented(loop, proposed)
    loop.work()
    found = loop.retraining()
    assert found.state is State.FAILED
    assert found.problem["code"] == "retraining.few_outcomes"
    assert found.challenger == ""
    assert (
        loop.do(loop.person("ana", "data_scientist"), commands.propose, loop.champion.use_case_id) != proposed
    )


def test_the_teams_own_pipeline_answers_with_a_version(loop):
    loop.send(rows_of(300, 2, turned=True), "2026-09-01", 60)
    ana = loop.person("ana", "data_scientist")
    proposed = loop.do(ana, commands.propose, loop.champion.use_case_id, recipe=Recipe.OUTSIDE)
    _ana, state = consented(loop, proposed)
    assert state is State.OUTSIDE
    loop.work()
    assert loop.retraining().snapshot is None
    with pytest.raises(Invalid) as raised:
        loop.do(ana, commands.answer_with, proposed, loop.champion.id)
    assert raised.value.code == "retraining.other_version"
    table = rows_of(600, 9, turned=True)
    columns = make_column_transformer(
        (OneHotEncoder(), ["purpose"]), (StandardScaler(), ["income", "months"])
    )
    model = make_pipeline(columns, LogisticRegression()).fit(table[FEATURES], table["default"])
    version = uploaded(loop, ana, model, table)
    loop.do(ana, commands.answer_with, proposed, version)
    loop.work()
    found = loop.retraining()
    assert (found.state, found.challenger) == (State.DONE, version)
    assert next(one for one in found.result.metrics if one.metric == "roc_auc").better


def test_the_policy_proposes_by_itself_and_only_what_nobody_has_answered(loop):
    loop.do(
        loop.person("otto", "operations"),
        commands.set_policy,
        loop.champion.use_case_id,
        Policy(rest_days=0, every_days=0),
    )
    loop.send(rows_of(600, 3), "2026-09-01", 30)
    loop.work()
    with loop.store.reading() as view:
        assert queries.retrainings(view, loop.champion.use_case_id) == ()
    rich = rows_of(900, 4).assign(income=lambda t: t["income"] * 3)
    loop.send(rich, "2026-10-05", 28)
    loop.work()
    found = loop.retraining()
    assert (found.state, found.proposed_by) == (State.PROPOSED, "system")
    assert [t.kind for t in found.triggers] == [TriggerKind.DRIFT]
    assert found.triggers[0].names
    loop.do(loop.person("otto", "operations"), commands.answer, found.id, consents=False, reason=WHY)
    loop.work()
    assert loop.retraining().id == found.id


def test_a_policy_needs_the_data_scientists_and_one_more_area(loop):
    otto = loop.person("otto", "operations")
    for areas in (
        (Role.OPERATIONS, Role.BUSINESS),
        (Role.DATA_SCIENTIST,),
        (Role.DATA_SCIENTIST, Role.VIEWER),
    ):
        with pytest.raises(Invalid) as raised:
            loop.do(otto, commands.set_policy, loop.champion.use_case_id, Policy(areas=areas))
        assert raised.value.code == "retraining.areas"
    with pytest.raises(Refused):
        loop.do(loop.person("paul", "viewer"), commands.set_policy, loop.champion.use_case_id, Policy())
