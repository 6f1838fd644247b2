"""Shadow runs over REST: start, read, rows that differ, end."""

import pytest

from app.api import shadows
from tests.app.rest import asking, bearer_of, claimed
from tests.core.decisions.retraining.conftest import loop_on, rows_of, runner
from tests.core.decisions.shadow.test_run import turned

__all__ = ["runner"]
PATH = "/api/v1/shadows"


@pytest.fixture
def loop(store, runner, monkeypatch):
    claimed(store, monkeypatch)
    return loop_on(store, runner)


def test_a_run_is_started_read_and_ended(loop):
    loop.send(rows_of(200, 5), "2026-09-01", 30)
    challenger = turned(loop)
    otto = bearer_of(loop.store, loop.person("otto", "operations"))
    viewer = bearer_of(loop.store, loop.person("vera", "compliance"))
    with asking(loop.store, shadows) as client:
        body = {"use_case": "credit", "version": challenger.number}
        made = client.post(PATH, json=body, headers=otto)
        assert made.status_code == 201
        one = f"{PATH}/{made.json()['id']}"
        loop.work()
        (month,) = client.get(one, headers=viewer).json()["months"]
        assert (month["start"], month["rows"], month["sampled"]) == ("2026-09-01", 200, 200)
        assert month["low"] < month["agreement"] < month["high"]
        rows = client.get(f"{one}/months/2026-09-01/disagreements", headers=otto).json()
        assert rows[0]["champion"] != rows[0]["challenger"]
        assert client.get(f"{one}/months/2026-08-01/disagreements", headers=otto).status_code == 404
        assert client.post(f"{one}/end", headers=otto).json()["ended_at"]
        assert client.post(f"{one}/end", headers=otto).json()["code"] == "shadow.ended"
        assert [r["id"] for r in client.get(f"{PATH}?use_case=credit", headers=otto).json()] == [
            made.json()["id"]
        ]
        wrong = client.post(PATH, json={"use_case": "credit", "version": 1}, headers=otto)
        assert (wrong.status_code, wrong.json()["code"]) == (409, "shadow.itself")
