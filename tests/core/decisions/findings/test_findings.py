"""Findings: opened with an owner and a date, resolved with a reason by somebody else than the author."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.decisions.findings import commands, queries
from core.decisions.findings.severity import FindingState, Severity, blocks
from core.errors import Conflict, Invalid, NotFound, Refused
from core.platform.audit import queries as audit
from tests.core.decisions.conftest import SAID

severities = st.sampled_from(list(Severity))


@given(severities, severities)
def test_graver_findings_block_wherever_lesser_ones_do(one, other):
    low, high = sorted((one, other), key=list(Severity).index)
    assert blocks(high, FindingState.OPEN, low)
    assert blocks(low, FindingState.OPEN, high) is (low is high)
    assert not blocks(high, FindingState.RESOLVED, low)


def opened(bench, version, who="carl", **changed):
    given_facts = {
        "version_id": version, "title": "Proxy for sex", "text": "Region stands in.", "severity": Severity.HIGH,
        "owner_id": "per_ana", "due_at": bench.hands.now + timedelta(days=9),
    }  # fmt: skip
    return bench.do(bench.people[who], commands.open_finding, **{**given_facts, **changed})


def test_from_open_to_resolved(bench):
    version = bench.version(bench.people["ana"])
    found = opened(bench, version)
    assert bench.ask(queries.blocking, version, Severity.HIGH, bench.hands.now) == (found,)
    bench.do(bench.people["cora"], commands.resolve, found.id, resolution=SAID)
    assert bench.ask(queries.blocking, version, Severity.LOW, bench.hands.now) == ()
    assert bench.ask(queries.finding, found.id).resolved_by == "per_cora"
    events = bench.ask(audit.events, subject_kind="finding", subject_id=found.id)
    assert [e.action for e in reversed(events)] == ["finding.opened", "finding.resolved"]
    assert all("Proxy" not in e.body and SAID not in e.body for e in events)
    with pytest.raises(Conflict):
        bench.do(bench.people["cora"], commands.resolve, found.id, resolution=SAID)


def test_what_is_refused(bench):
    version = bench.version(bench.people["ana"])
    with pytest.raises(Invalid):
        opened(bench, version, title=" ")
    with pytest.raises(Invalid):
        opened(bench, version, due_at=bench.hands.now)
    with pytest.raises(NotFound):
        opened(bench, "ver_none")
    found = opened(bench, version)
    with pytest.raises(Refused, match="you uploaded this version"):
        bench.do(bench.people["ana"], commands.resolve, found.id, resolution=SAID)
    with pytest.raises(Invalid, match="20 characters"):
        bench.do(bench.people["carl"], commands.resolve, found.id, resolution="done")
