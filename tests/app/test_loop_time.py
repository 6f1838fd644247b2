"""Loop time over REST, behind the real guard: what the page shows, for all use cases or one."""

from datetime import timedelta

import pytest

from app.api import loop_time
from app.api.application import create
from core.overview.loop import Period
from core.overview.looptime import loop_time as asked
from core.platform.access import commands as access
from core.platform.access import queries as people
from core.platform.store import SYSTEM
from tests.app.rest import asking, claimed
from tests.core.decisions.conftest import bench_on
from tests.core.overview.test_looptime import Story

PATH = "/api/v1/loop-time"


@pytest.fixture
def story(store, hands) -> Story:
    found = Story(bench_on(store, hands))
    for _ in range(3):
        found.answer_alerts(found.release())
    return found


@pytest.fixture
def client(store, story, monkeypatch):
    claimed(store, monkeypatch)
    with asking(store, loop_time) as client:
        yield client


@pytest.fixture
def key(store) -> dict[str, str]:
    with store.unit_of_work(SYSTEM) as uow:
        person = access.add_person(uow, name="Vi", email="vi@example.org", roles=["operations"])
    with store.reading() as view:
        holder = people.actor(view, person, "page")
    with store.unit_of_work(holder) as uow:
        until = uow.now + timedelta(days=1)
        _id, token = access.create_token(uow, label="t", roles=holder.roles, expires_at=until)
    return {"Authorization": f"Bearer {token}"}


def test_it_answers_what_the_page_shows(client, key, story, hands):
    found = client.get(PATH, headers=key)
    assert found.status_code == 200, found.text
    told, expected = found.json(), story.bench.ask(asked, Period.until(hands.now, 365))
    assert {name: both["now"]["n"] for name, both in told["stages"].items()} == {
        stage.value: both.now.n for stage, both in expected.stages.items()
    }
    assert told["lead_time"]["now"]["median"] == expected.lead.now.median
    assert told["releases"]["released"] == 3
    assert told["stages"]["business"]["now"] == {
        "n": 0, "median": None, "low": None, "high": None, "ninetieth": None, "single": [],
    }  # fmt: skip
    assert [one["release_id"] for one in told["slowest"]] == [c.request_id for c in expected.slowest]
    one = client.get(PATH, params={"use_case": "credit", "days": 90}, headers=key).json()
    assert one["lead_time"] == told["lead_time"]


def test_what_is_unknown_is_a_problem(client, key):
    assert client.get(PATH).status_code == 401
    missing = client.get(PATH, params={"use_case": "none"}, headers=key)
    assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json")
    assert client.get(PATH, params={"days": 7}, headers=key).status_code == 422


def test_the_document_of_the_interface_names_it():
    document = create().openapi()
    assert document["paths"]["/v1/loop-time"]["get"]["summary"] == "Loop time"
