"""The decision log over REST: words, filters, pages that follow each other, and no door without a token."""

from datetime import timedelta

import pytest

from app.api import decisions
from core.overview.decision_log import work
from core.platform.access import reviewing
from core.platform.discussion import commands as discussion
from tests.app.rest import asking, bearer_of, claimed
from tests.core.decisions.conftest import bench_on

V1 = "/api/v1/decisions"


@pytest.fixture
def bench(store, hands, monkeypatch):
    claimed(store, monkeypatch)
    bench = bench_on(store, hands)
    bench.person("ada", "administrator")
    for n in range(5):
        hands.forward(minutes=1)
        bench.do(
            bench.people["carl"], discussion.comment, subject_kind="use_case", subject_id=bench.use_case.id,
            text=f"Reason number {n}: incomes fell by {n}.5 points",
        )  # fmt: skip
    bench.do(
        bench.people["ada"], reviewing.review_access, note="Looked at every account, closed two trainees."
    )
    work.catch_up(store)
    return bench


@pytest.fixture
def client(bench):
    with asking(bench.store, decisions) as client:
        yield client


def bearer(bench, name):
    return bearer_of(bench.store, bench.people[name])


def test_words_and_filters_find_the_newest_first(client, bench):
    otto = bearer(bench, "otto")
    found = client.get(V1, params={"q": "INCOME reasons"}, headers=otto).json()
    assert [one["texts"][0][14] for one in found["decisions"]] == list("43210")
    (one,) = client.get(V1, params={"q": "2,5"}, headers=otto).json()["decisions"]
    assert (one["kind"], one["action"], one["actor"]) == ("comment", "comment.written", "per_carl")
    assert one["page"] == "/model?use_case=credit&tab=use_case"
    assert one["audit"] == f"/api/v1/audit/events/{one['index']}"
    for params, count in (
        ({"person": "per_otto"}, 0),
        ({"use_case": "credit"}, 5),
        ({"use_case": "none"}, 0),
        ({"kind": ["comment", "signature"]}, 5),
        ({"kind": "signature"}, 0),
        ({"since": bench.hands.now.isoformat()}, 1),
        ({"until": (bench.hands.now - timedelta(minutes=2)).isoformat()}, 2),
    ):
        answered = client.get(V1, params={"q": "incomes", **params}, headers=otto).json()
        assert len(answered["decisions"]) == count, params


def test_pages_follow_each_other(client, bench):
    otto = bearer(bench, "otto")
    seen, before = [], {}
    while True:
        page = client.get(V1, params={"q": "incomes", "limit": 2, **before}, headers=otto).json()
        seen += [one["texts"][0][14] for one in page["decisions"]]
        if page["older"] is None:
            break
        before = {"before": page["older"]}
    assert seen == list("43210")


def test_who_may_not_read_it_elsewhere_does_not_find_it_here(client, bench):
    assert client.get(V1).status_code == 401
    for name, count in (("otto", 0), ("carl", 0), ("ada", 1)):
        found = client.get(V1, params={"q": "trainees"}, headers=bearer(bench, name)).json()
        assert len(found["decisions"]) == count
    many = " ".join(f"word{n}" for n in range(13))
    assert client.get(V1, params={"q": many}, headers=bearer(bench, "ada")).status_code == 422
    assert client.get(V1, params={"kind": "kitchen"}, headers=bearer(bench, "ada")).status_code == 422
    assert (
        client.get(V1, params={"since": "2026-01-01T00:00"}, headers=bearer(bench, "ada")).status_code == 422
    )
