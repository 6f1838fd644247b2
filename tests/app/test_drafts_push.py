"""`aval push`: what it sends, what it prints, and how it ends; the server here is a table of answers."""

import json

import httpx
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.linear_model import LogisticRegression

from app import push as module
from app.push import Problem, push, push_command
from core.errors import Invalid, Unavailable

READY = {
    "use_case": "credit",
    "number": 3,
    "state": "ready",
    "page": "/model?use_case=credit&version=3",
    "refusal": None,
    "evaluation": {"metrics": {"roc_auc": {"value": 0.81, "low": 0.79, "high": 0.83, "n": 900}}},
}
REFUSED = {
    **READY,
    "state": "refused",
    "evaluation": None,
    "refusal": {"code": "x", "detail": "A feature is missing.", "fix": "Did you mean age?"},
}


class Server:
    """Answers like Aval's REST interface and remembers what it was asked."""

    def __init__(self, outcome=READY, refuse=None):
        self.outcome, self.refuse, self.asked, self.polls = outcome, refuse or {}, [], 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        path = request.url.path.removeprefix("/api/v1/")
        self.asked.append((request.method, path, dict(request.url.params), request.content, request.headers))
        if path in self.refuse:
            status, document = self.refuse[path]
            return httpx.Response(status, json=document)
        if path == "drafts":
            return httpx.Response(201, json={"id": "d1"})
        if path in {"drafts/d1/artifact", "drafts/d1/table"}:
            return httpx.Response(200, json={})
        if path == "drafts/d1/submit":
            return httpx.Response(202, json={"version": {"id": "v", "number": 3}, "job": {"id": "j1"}})
        if path == "jobs/j1":
            self.polls += 1
            return httpx.Response(
                200,
                json={
                    "state": "done" if self.polls > 1 else "running",
                    "progress": 0.5,
                    "message": "Predicting",
                },
            )
        if path == "use-cases/credit/versions/3":
            return httpx.Response(200, json=self.outcome)
        return httpx.Response(404, json={"detail": f"no {path}"})

    def of(self, path):
        return next(a for a in self.asked if a[1] == path)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.0)


@pytest.fixture
def pair(tmp_path):
    model, table = tmp_path / "model.skops", tmp_path / "rows.csv"
    model.write_bytes(b"m" * 2_500_000)
    table.write_bytes(b"a,b\n1,2\n")
    return model, table


def send(server, model, table, **more):
    return push(
        model, table, use_case="credit", label="b", url="http://aval.test", token="aval_t",
        transport=httpx.MockTransport(server), **more,
    )  # fmt: skip


def test_files_go_up_whole_with_token_name_and_length_then_the_meaning(pair):
    server, shares = Server(), []
    found = send(
        server,
        *pair,
        positive_label="1",
        threshold=0.4,
        protected=["a"],
        say=lambda _text, share: shares.append(share),
    )
    method, _path, params, content, headers = server.of("drafts/d1/artifact")
    assert (method, params, content) == ("PUT", {"name": "model.skops"}, b"m" * 2_500_000)
    assert headers["authorization"] == "Bearer aval_t"
    assert headers["content-length"] == "2500000"
    assert json.loads(server.of("drafts/d1/submit")[3]) == {
        "use_case": "credit", "label_column": "b", "positive_label": "1", "operating_threshold": 0.4,
        "protected_columns": ["a"], "model_name": "", "note": "",
    }  # fmt: skip
    assert found.metrics[0].low == 0.79
    assert 1.0 in shares
    assert server.polls == 2


def test_a_notebook_sends_objects(tmp_path):
    X = pd.DataFrame({"a": np.arange(20.0)})
    fitted = LogisticRegression().fit(X, np.arange(20) > 9)
    server = Server()
    send(server, fitted, X.assign(b=np.arange(20) > 9))
    assert server.of("drafts/d1/artifact")[3].startswith(b"PK")
    assert server.of("drafts/d1/table")[3].startswith(b"PAR1")


def test_the_servers_words_reach_the_caller(pair):
    server = Server(
        refuse={
            "drafts/d1/table": (
                422,
                {"detail": "rows.csv has no rows.", "fix": "Send more.", "code": "table.empty"},
            )
        }
    )
    with pytest.raises(Problem) as told:
        send(server, *pair)
    assert (told.value.text(), told.value.fix_text(), told.value.code, told.value.status) == (
        "rows.csv has no rows.",
        "Send more.",
        "table.empty",
        422,
    )
    assert not any(path.endswith("submit") for _method, path, *_rest in server.asked)


def test_words_with_braces_are_shown_as_they_are(pair):
    server = Server(refuse={"drafts": (422, {"detail": "no column {x}"})})
    with pytest.raises(Problem) as told:
        send(server, *pair)
    assert told.value.text() == "no column {x}"


def test_without_waiting_nothing_is_polled(pair):
    server = Server({**READY, "state": "checking", "evaluation": None})
    assert send(server, *pair, wait=0).state == "checking"
    assert server.polls == 0


def test_a_missing_file_is_told_before_anything_is_sent(tmp_path):
    server = Server()
    with pytest.raises(Invalid):
        send(server, tmp_path / "nowhere.skops", tmp_path / "rows.csv")
    assert server.asked == []


def test_a_server_that_is_not_there_is_unavailable(pair):
    def gone(_request):
        raise httpx.ConnectError("refused")

    with pytest.raises(Unavailable):
        send(gone, *pair)


@pytest.mark.parametrize(
    ("server", "status", "words"),
    [
        (Server(READY), 0, "0.81"),
        (Server(REFUSED), 1, "Did you mean age?"),
        (Server(refuse={"drafts": (403, {"detail": "You may not."})}), 3, "You may not."),
    ],
)
def test_exit_statuses(pair, monkeypatch, server, status, words):
    monkeypatch.setattr(module, "push", lambda *a, **k: push(*a, **k, transport=httpx.MockTransport(server)))
    args = [str(pair[0]), str(pair[1]), "--use-case", "credit", "--label", "b", "--token", "aval_t"]
    ended = CliRunner().invoke(push_command, args)
    assert ended.exit_code == status
    assert words in ended.output


def test_unreachable_ends_with_four(pair):
    args = [
        str(pair[0]),
        str(pair[1]),
        "--use-case",
        "c",
        "--label",
        "b",
        "--token",
        "t",
        "--url",
        "http://127.0.0.1:9",
    ]
    assert CliRunner().invoke(push_command, args).exit_code == 4
