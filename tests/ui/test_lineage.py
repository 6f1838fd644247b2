"""The lineage of a version as a graph: what flows where, and that it fits a phone."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from app.ui.lineage_record import lineage_details, lineage_of, stages
from core.assets.registry.bundle import Bundle, Part, PartKind
from core.assets.registry.upstream import Upstream
from core.decisions.releases.states import ReleaseState

WHEN = datetime(2026, 5, 1, tzinfo=UTC)
VERSION = SimpleNamespace(
    id="ver_1", model_name="Scorecard", number=3, artifact_name="m.skops", artifact_digest="a" * 64, state=SimpleNamespace(value="ready"), upstream=None,
)  # fmt: skip
DATA = SimpleNamespace(name="rows.csv", rows=10, digest="d" * 64)
LOG = SimpleNamespace(first=WHEN, last=WHEN, rows=7, labelled=2)


def release(release_id, state, environment="production"):
    return SimpleNamespace(id=release_id, environment=environment, state=state)


def deployment(environment="production", ended=None):
    return SimpleNamespace(environment=environment, ended_at=ended, started_at=WHEN)


def graph(releases=(), deployments=(), applications=("App", "Counter"), log=None, parts=(), version=VERSION):
    return lineage_of(version, DATA, Bundle(tuple(parts)), releases, deployments, applications, log)


def test_answers_reach_applications_from_a_live_release_only():
    old, new = release("r1", ReleaseState.RETIRED), release("r2", ReleaseState.LIVE)
    found = graph((new, old), (deployment(),), log=LOG)
    assert set(found.edges) == {
        ("data", "version"), ("version", "r1"), ("version", "r2"), ("r2", "app0"), ("r2", "app1"),
        ("app0", "log"), ("app1", "log"),
    }  # fmt: skip


def test_before_a_release_nothing_reaches_an_application():
    found = graph()
    assert found.edges == (("data", "version"),)
    assert [n.title for n in found.nodes] == ["rows.csv", "Scorecard v3", "App", "Counter"]


def test_a_log_without_a_live_release_comes_from_the_version():
    ended = graph((release("r1", ReleaseState.RETIRED),), (deployment(ended=WHEN),), log=LOG)
    assert ("version", "log") in ended.edges
    assert not [edge for edge in ended.edges if edge[1].startswith("app")]


IMPORTED = SimpleNamespace(**{
    **vars(VERSION), "upstream": Upstream("http://mlflow.example.org", "scorer", "7", "r1", ("champion",))
})  # fmt: skip


def test_what_was_imported_comes_from_its_registry():
    found = graph(version=IMPORTED)
    assert ("mlflow", "version") in found.edges
    assert ("MLflow", "scorer v7") in [(n.title, n.detail) for n in found.nodes]
    lines = stages(found, lineage_details(IMPORTED, DATA, (), None))[0].lines
    assert "**scorer v7** on `http://mlflow.example.org`" in lines


@pytest.mark.parametrize("version", [VERSION, IMPORTED])
@pytest.mark.parametrize("many", [3, 4, 9])
def test_a_row_holds_three_boxes(many, version):
    parts = [Part(f"p{n}", PartKind.OTHER, f"f{n}", "e" * 64, 1, "per", WHEN) for n in range(many)]
    found = graph(
        [release(f"r{n}", ReleaseState.REJECTED) for n in range(many)],
        applications=[f"a{n}" for n in range(many)],
        parts=parts,
        version=version,
    )
    rows = [n.row for n in found.nodes]
    assert max(rows.count(row) for row in set(rows)) == 3
    if many > 3:
        assert f"and {many - 2} more" in [n.title for n in found.nodes]


def test_the_same_in_words():
    found = graph((release("r2", ReleaseState.LIVE),), (deployment(),), log=LOG)
    told = stages(found, lineage_details(VERSION, DATA, (deployment(),), LOG))
    assert [s.title for s in told] == list(found.rows)
    assert "production" in told[2].lines[0]
    assert any("live in" in line for line in told[1].lines)
    assert found.words().startswith("rows.csv → Scorecard v3; ")
