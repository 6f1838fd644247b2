"""Another version takes a live one's place: its alerts end when the newcomer's own windows were judged, and not before."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from core.decisions.releases.tables import DeploymentRow
from core.evidence.alerts import commands, queries
from core.platform.audit import queries as audit
from core.platform.store import SYSTEM
from tests.core.decisions.retraining.conftest import FEATURES, any_loop, loop, rows_of, runner
from tests.core.evidence.explain.registered import register

__all__ = ["any_loop", "loop", "runner"]
MONTH = "2026-10-01"


def richer(n, seed):
    table = rows_of(n, seed)
    return table.assign(income=table["income"] * 3)


def alerts(found, version):
    with found.store.reading() as view:
        return {
            one.subject: one
            for one in queries.alerts(view, version_id=version.id)
            if one.rule == "input_drift"
        }


def version_of(found, table, features=FEATURES):
    numbers = [name for name in features if name != "purpose"]
    columns = make_column_transformer((OneHotEncoder(), ["purpose"]), (StandardScaler(), numbers))
    model = make_pipeline(columns, LogisticRegression()).fit(table[features], table["default"])
    return register(found.store, model, table, features=features)


def live(found, version, number):
    """Put a version in the place of whichever is live."""
    with found.store.unit_of_work(SYSTEM) as uow:
        before = uow.session.get(DeploymentRow, f"dep_{number - 1}")
        before.ended_at = uow.now
        uow.session.flush()
        uow.session.add(
            DeploymentRow(
                id=f"dep_{number}", use_case_id=version.use_case_id, environment="production", version_id=version.id,
                request_id="rel_1", artifact_digest=version.artifact_digest, started_by="per_x", started_at=uow.now,
            )
        )  # fmt: skip
    return replace(found, champion=version)


@pytest.fixture
def drifted(any_loop):
    any_loop.send(richer(400, 5), MONTH, 28, labelled=False)
    any_loop.work()
    assert alerts(any_loop, any_loop.champion)["income"].open
    return any_loop


def test_alerts_end_when_the_newcomer_is_judged_at_rest(drifted):
    old, new = drifted.champion, version_of(drifted, richer(1200, 7))
    beside = replace(drifted, champion=new)
    beside.send(richer(400, 8), "2026-10-02", 27, labelled=False)
    beside.work()
    assert alerts(drifted, old)["income"].open  # a version that is not live takes nobody's place
    now = live(drifted, new, 2)
    now.work()
    assert alerts(drifted, old)["income"].open  # nothing has been judged since it is live
    now.send(richer(30, 9), "2026-10-03", 1, labelled=False)
    now.work()
    over = alerts(drifted, old)["income"]
    assert (over.open, over.succeeded_by) == (False, new.id)
    assert not any(one.open for one in alerts(drifted, new).values())
    with drifted.store.reading() as view:
        told = audit.events(view, subject_id=old.id)[0]
    assert told.action == "alert.settled"
    assert told.data["succeeded_by"] == new.id
    assert over.id in told.data["resolved"]

    back = live(now, old, 3)
    back.send(richer(30, 10), "2026-10-04", 1, labelled=False)
    back.work()
    again = alerts(drifted, old)["income"]
    assert (again.id, again.open, again.succeeded_by) == (over.id, True, "")


def test_what_lasts_goes_on_under_the_newcomer_with_whoever_cared(drifted):
    otto = drifted.person("otto", "operations")
    old, new = drifted.champion, version_of(drifted, rows_of(1200, 7))
    drifted.do(otto, commands.acknowledge, alerts(drifted, old)["income"].id)
    now = live(drifted, new, 2)
    now.send(richer(400, 8), MONTH, 28, labelled=False)
    now.work()
    assert not alerts(drifted, old)["income"].open
    heir = alerts(drifted, new)["income"]
    assert heir.open
    assert heir.owner_id == otto.id


def test_a_window_too_small_or_too_old_ends_nothing_and_a_lost_column_asks_nobody(drifted):
    old = drifted.champion
    new = version_of(drifted, richer(1200, 7), ["purpose", "months"])
    small = version_of(drifted, richer(1200, 11))
    now = live(drifted, small, 2)
    now.send(richer(100, 8), MONTH, 28, labelled=False)
    now.work()
    assert alerts(drifted, old)["income"].open
    now.send(richer(400, 9), "2026-08-01", 28, labelled=False)
    now.work()
    assert alerts(drifted, old)["income"].open
    then = live(now, new, 3)
    then.send(rows_of(400, 12), "2026-08-01", 28, labelled=False)
    then.work()
    over = alerts(drifted, old)["income"]
    assert (over.open, over.succeeded_by) == (False, new.id)
    assert over.resolved_at - over.raised_at < timedelta(hours=1)
