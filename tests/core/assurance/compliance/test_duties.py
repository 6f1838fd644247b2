"""Incidents: what each obliges to under the laws that are followed, by when it was noticed, and what was told."""

from datetime import UTC, datetime, timedelta

import pytest

from core.assets.registry import RiskTier
from core.assurance.compliance import commands, gathering, queries
from core.assurance.compliance.duty import Told, Trait, duties, owed
from core.decisions.findings.severity import Severity
from core.decisions.incidents.commands import open_incident
from core.errors import Conflict
from core.platform.access.reviewing import review_access
from core.platform.store import SYSTEM
from tests.core.decisions.conftest import bench_on

NOTICED = datetime(2026, 11, 20, 16, tzinfo=UTC)  # a Friday
NOTE = "Sent by the form of the authority, number 12."


def due(name: str) -> datetime:
    return next(d for d in duties() if d.id == name).due(NOTICED)


def test_each_clock_counts_as_its_law_does():
    assert due("gdpr-33") == NOTICED + timedelta(hours=72)
    assert due("lgpd-48").date() == datetime(2026, 11, 25).date()  # noqa: DTZ001 - Monday, Tuesday, Wednesday
    assert due("ai-act-73") == NOTICED + timedelta(days=15)
    assert due("ai-act-73-death") == NOTICED + timedelta(days=10)
    assert due("ai-act-73-widespread") == NOTICED + timedelta(days=2)


def test_a_law_that_is_not_followed_obliges_to_nothing():
    assert {d.law for d in owed({Trait.PERSONAL_DATA}, {"gdpr"})} == {"gdpr"}
    assert owed({Trait.PERSONAL_DATA}, set()) == ()
    assert {d.to for d in owed({Trait.HIGH_RISK}, {"lgpd", "gdpr"})} == {Told.PEOPLE}


@pytest.fixture
def bench(store, hands):
    bench = bench_on(store, hands, RiskTier.HIGH)
    bench.made = bench.version(bench.people["ana"])
    bench.incident = bench.do(
        bench.people["carl"], open_incident, version_id=bench.made, title="Wrong scores", text="Scores were swapped.",
        severity=Severity.HIGH, owner_id="per_carl", began_at=hands(), noticed_at=hands(),
    ).id  # fmt: skip
    return bench


def facts(bench):
    return bench.ask(gathering.facts, bench.hands(), bench.use_case.id)[0]


def test_a_duty_past_its_deadline_shows_in_the_law_map_until_it_is_told(bench):
    carl = bench.people["carl"]
    new = bench.do(carl, commands.classify_incident, bench.incident, {Trait.PERSONAL_DATA})
    assert set(new) == {"lgpd-48", "gdpr-33"}
    assert bench.do(carl, commands.classify_incident, bench.incident, {Trait.PERSONAL_DATA}) == ()
    assert (facts(bench).incidents.open, facts(bench).incidents.overdue) == (2, 0)
    bench.hands.forward(days=8)
    assert facts(bench).incidents.overdue == 2
    for duty in bench.ask(queries.duties_of, bench.use_case.id):
        bench.do(carl, commands.fulfil_duty, duty.id, note=NOTE)
        with pytest.raises(Conflict):
            bench.do(carl, commands.fulfil_duty, duty.id, note=NOTE)
    assert (facts(bench).incidents.open, facts(bench).incidents.late) == (0, 2)


def test_an_access_review_is_seen_by_the_controls(bench):
    assert bench.ask(gathering.house).access_reviewed_at is None
    bench.do(SYSTEM, review_access, note="Looked at every account; nobody has left.")
    assert bench.ask(gathering.house).access_reviewed_at == bench.hands()
