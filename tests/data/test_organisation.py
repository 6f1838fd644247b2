"""The demo organisation: seeded once, resumable, idempotent, and as it promises."""

from datetime import timedelta

import pytest

from app.demo import seed
from app.wiring import open_store
from core.assets.intake import queries as intake
from core.assets.registry import VersionState
from core.assets.registry import queries as registered
from core.clock import system
from core.decisions.releases import effective
from core.decisions.releases import queries as released
from core.decisions.releases.standing import Worth
from core.decisions.releases.states import ReleaseState
from core.evidence.explain import queries as explained
from core.evidence.monitoring import queries as monitored
from core.platform.access import queries as people
from core.platform.access.permissions import AREAS
from core.platform.audit import queries as audit
from core.platform.jobs import queries as jobs
from core.platform.jobs.state import JobState
from core.settings import Settings
from tests.seeded import seeded_by_command, seeded_copy

pytestmark = [pytest.mark.timeout(400), pytest.mark.xdist_group("demo")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return seeded_copy(tmp_path_factory)


@pytest.fixture(scope="module")
def store(folder):
    store = open_store(Settings(folder=str(folder)))
    yield store
    store.close()


@pytest.fixture
def view(store):
    with store.reading() as view:
        yield view


def credit(view):
    use_case = registered.use_case(view, "credit")
    return {v.artifact_name: v for v in registered.versions(view, use_case.id)}


def facts(folder):
    """What a second run must not change, without ids: actions in order, versions, requests, batches."""
    store = open_store(Settings(folder=str(folder)))
    try:
        with store.reading() as view:
            assert audit.verify(view).ok
            versions = registered.versions(view)
            return {
                "versions": sorted(
                    (v.use_case_slug, v.number, v.artifact_name, v.state.value) for v in versions
                ),
                "requests": sorted(
                    (r.version.artifact_name, r.state.value, r.signed) for r in released.releases(view)
                ),
                "batches": sorted(
                    (v.artifact_name, b.kind.value, str(b.first_day), b.accepted)
                    for v in versions
                    for b in monitored.batches(view, v.id, limit=100)
                ),
                "explained": sorted(v.artifact_name for v in versions if explained.explanation(view, v.id)),
                "people": len(people.people(view)),
                "jobs": jobs.counts(view)[JobState.QUEUED] + jobs.counts(view)[JobState.RUNNING],
            }
    finally:
        store.close()


def test_two_people_in_each_deciding_area_and_the_rest(view):
    cast = people.people(view)
    for area in AREAS:
        assert len([p for p in cast if area.value in p.roles]) == 2
    assert len([p for p in cast if "data_scientist" in p.roles]) == 2
    assert len([p for p in cast if "administrator" in p.roles]) == 1
    assert len([p for p in cast if "viewer" in p.roles]) == 1


def test_one_live_one_superseded_one_waiting_and_two_refused_with_their_reason(view):
    found = credit(view)
    states = {
        name: [r.state for r in released.releases(view, version_id=version.id)]
        for name, version in found.items()
    }
    assert states["boosted.joblib"] == [ReleaseState.LIVE]
    assert states["scorecard.skops"] == [ReleaseState.RETIRED]
    assert states["refreshed.skops"] == [ReleaseState.IN_REVIEW]
    for name in ("poisoned.joblib", "rebuilt_elsewhere.skops"):
        assert found[name].state is VersionState.REFUSED
        assert found[name].refusal is not None
    assert "system" in found["poisoned.joblib"].refusal.text()
    assert "income_verified" in found["rebuilt_elsewhere.skops"].refusal.text()


def test_the_live_one_was_approved_by_others_from_different_areas(view):
    live = effective.live(view, "credit", "production")
    assert live is not None
    assert live.version.artifact_name == "boosted.joblib"
    signers = {s.person_id for s in live.approvals}
    assert live.version.author_id not in signers
    assert len(signers) >= 2
    assert len({s.area for s in live.approvals}) >= 2
    assert live.standing(system()).worth is not Worth.SUSPENDED


def test_no_gate_blocks_what_waits(view):
    waiting = released.releases(view, version_id=credit(view)["refreshed.skops"].id)[0]
    gates = released.gates(view, released.rounds(view, waiting.id)[-1].id)
    assert [g.verdict.kind.value for g in gates if g.verdict.blocks] == []
    assert 0 < waiting.signed < waiting.signatures


def test_every_ready_version_is_evaluated_and_explained(view):
    ready = [v for v in registered.versions(view) if v.state is VersionState.READY]
    assert {v.use_case_slug for v in ready} == {"credit", "tumour-triage", "diabetes-progression"}
    for version in ready:
        assert intake.evaluation(view, version.id) is not None, version.artifact_name
        assert explained.explanation(view, version.id) is not None, version.artifact_name


def test_the_seal_is_older_than_the_evaluation(view):
    for version in (v for v in registered.versions(view) if v.state is VersionState.READY):
        sealed = released.sealed(view, version.id, "production")
        assert sealed.sealed_at < intake.evaluation(view, version.id).started_at


def test_months_of_predictions_with_labels_that_came_later(view):
    for name, months in (("scorecard.skops", 4), ("boosted.joblib", 4)):
        version = credit(view)[name]
        covered = monitored.coverage(view, version.id)
        assert (covered.last - covered.first).days > months * 28
        assert 0 < covered.labelled < covered.rows or name == "scorecard.skops"
        received = monitored.batches(view, version.id, limit=100)
        assert all(batch.refused == 0 for batch in received)


def test_decisions_lie_in_the_eighteen_months_before_today_in_order(view):
    entries = audit.events(view, limit=10_000)[::-1]
    times = [entry.time for entry in entries]
    assert times == sorted(times)
    assert times[-1] <= system()
    assert timedelta(days=540) < times[-1] - times[0] < timedelta(days=560)
    assert len([t for t in times if system() - t < timedelta(days=30)]) > 5


def test_a_second_run_changes_nothing(folder, store):
    with store.reading() as view:
        before = audit.head(view)
    seed(Settings(folder=str(folder)), say=lambda _text: None)
    with store.reading() as view:
        assert audit.head(view) == before


def test_killed_on_the_way_nothing_is_there_twice(folder):
    """The shared demo was killed in the middle and asked for again (`tests/seeded.py`)."""
    found = facts(folder)
    assert found["jobs"] == 0
    names = [(slug, artifact) for slug, _number, artifact, _state in found["versions"]]
    assert len(set(names)) == len(names)
    assert len(set(found["batches"])) == len(found["batches"])
    assert len(set(found["requests"])) == len(found["requests"])


@pytest.mark.long
@pytest.mark.timeout(900)
def test_killed_in_the_middle_it_goes_on_where_it_stopped(folder, tmp_path):
    """SIGKILL at four moments, then to the end: what one gets that was never killed, and a log that verifies."""
    seeded_by_command(tmp_path / "killed", kill_after=(2, 4, 6, 11))
    seeded_by_command(tmp_path / "whole")
    assert facts(tmp_path / "killed") == facts(tmp_path / "whole") == facts(folder)
