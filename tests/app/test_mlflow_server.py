"""What an MLflow server may answer: lists in pages, odd values, and things that nobody should follow."""

import contextlib
import json
import zipfile
from pathlib import PurePosixPath

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.mlflow_server import artifact_root, server_name, tracking
from core.assets.registry import mlflow_answers as answers
from core.assets.registry.mlflow_answers import Numbered
from core.errors import Invalid, NotFound, TooLarge, Unauthenticated, Unavailable

URL = "http://mlflow.test/prefix"
VERSION = Numbered("scorer", "1", "r1", "READY", "")
MIB = 1 << 20


class Server:
    """Answers like MLflow from a table of files, and remembers what it was asked."""

    def __init__(self, files=None, uri="mlflow-artifacts:/1/models/m-1/artifacts", **odd):
        self.files, self.uri, self.odd, self.asked = files or {}, uri, odd, []

    def __call__(self, request):
        self.asked.append(request)
        path = request.url.path.removeprefix("/prefix")
        name = path.rsplit("/", 1)[-1]
        if name in self.odd:
            return self.odd[name](request)
        if name == "get-download-uri":
            return httpx.Response(200, json={"artifact_uri": self.uri})
        root = "/api/2.0/mlflow-artifacts/artifacts"
        if path == root:
            return httpx.Response(200, json={"files": self.listed(request.url.params["path"])})
        if path.startswith(root):
            return httpx.Response(
                200, content=self.files[path.removeprefix(f"{root}/1/models/m-1/artifacts/")]
            )
        return httpx.Response(404, json={"error_code": "RESOURCE_DOES_NOT_EXIST", "message": f"no {path}"})

    def listed(self, folder):
        below = folder.removeprefix("1/models/m-1/artifacts").strip("/")
        prefix = f"{below}/" if below else ""
        inside = [name.removeprefix(prefix) for name in self.files if name.startswith(prefix)]
        heads = dict.fromkeys(name.split("/")[0] for name in inside)
        return [
            {"path": head, "is_dir": True}
            if any(name.startswith(f"{head}/") for name in inside)
            else {"path": head, "is_dir": False, "file_size": str(len(self.files[prefix + head]))}
            for head in heads
        ]


def packed(server, target, most=MIB):
    with tracking(URL, httpx.MockTransport(server)) as open_server:
        open_server.packed(VERSION, target, most=most)
    return target


def asking(server, do):
    with tracking(URL, httpx.MockTransport(server)) as open_server:
        return do(open_server)


FILES = {
    "MLmodel": b"flavors: {}\n",
    "model.pkl": b"\x80\x05.",
    "data/a b.bin": b"x" * 5000,
    "data/deep/ü.txt": b"",
}


def test_a_folder_is_packed_whole_and_the_same_files_give_the_same_bytes(tmp_path):
    one = packed(Server(FILES), tmp_path / "one.zip").read_bytes()
    turned = dict(reversed(FILES.items()))
    assert packed(Server(turned), tmp_path / "two.zip").read_bytes() == one
    assert packed(Server({**FILES, "MLmodel": b"other"}), tmp_path / "three.zip").read_bytes() != one
    with zipfile.ZipFile(tmp_path / "one.zip") as members:
        assert {name: members.read(name) for name in members.namelist()} == FILES


@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "/etc/passwd", "C:/x", "a\\..\\x", ".", "", "a//b", "a\nb", "a\x1b[2J"]
)
def test_a_path_that_leaves_the_folder_is_refused_before_it_is_asked_for(tmp_path, name):
    server = Server(
        artifacts=lambda _r: httpx.Response(200, json={"files": [{"path": name, "is_dir": False}]})
    )
    with pytest.raises(Invalid) as told:
        packed(server, tmp_path / "x.zip")
    assert told.value.code == "mlflow.path"
    assert "\x1b" not in told.value.text()
    assert len(server.asked) == 2


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8), min_size=1, max_size=5
    )
)
def test_whatever_is_let_through_stays_below(parts):
    try:
        path = answers.below("/".join(parts))
    except Invalid:
        return
    assert not path.is_absolute()
    assert ".." not in path.parts
    assert PurePosixPath("/root", path).is_relative_to("/root")


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("s3://bucket/models", "mlflow.not_served"),
        ("file:///etc", "mlflow.not_served"),
        ("", "mlflow.not_served"),
        ("mlflow-artifacts://elsewhere.test/1", "mlflow.other_host"),
        ("mlflow-artifacts://[", "mlflow.not_served"),
        ("mlflow-artifacts:/1/%2e%2e/%2e%2e/x", "mlflow.path"),
    ],
)
def test_files_come_from_this_server_alone(uri, code):
    with pytest.raises(Invalid) as told:
        artifact_root(uri, URL)
    assert told.value.code == code


def test_files_of_this_very_host_are_its_own():
    assert artifact_root("mlflow-artifacts://mlflow.test/1/m", URL) == PurePosixPath("1/m")


def test_bytes_are_counted_as_they_come_whatever_was_claimed(tmp_path):
    big = Server({"MLmodel": b"x" * 3000})
    big.listed = lambda _f: [{"path": "MLmodel", "is_dir": False, "file_size": 1}]
    with pytest.raises(TooLarge):
        packed(big, tmp_path / "x.zip", most=2000)
    claimed = Server({"MLmodel": b"x"})
    claimed.listed = lambda _f: [{"path": "MLmodel", "is_dir": False, "file_size": "5000"}]
    with pytest.raises(TooLarge):
        packed(claimed, tmp_path / "x.zip", most=2000)
    assert len(claimed.asked) == 2


def test_endless_folders_and_lists_end(tmp_path):
    nested = Server()
    nested.listed = lambda _f: [{"path": "again", "is_dir": True}]
    with pytest.raises(Invalid, match="nested too deep"):
        packed(nested, tmp_path / "x.zip")
    crowd = Server()
    crowd.listed = lambda _f: [{"path": f"f{n}", "is_dir": False} for n in range(2000)]
    with pytest.raises(Invalid, match="more than"):
        packed(crowd, tmp_path / "x.zip")
    page = {"registered_models": [], "next_page_token": "same"}
    with pytest.raises(Invalid, match="does not end"):
        asking(Server(search=lambda _r: httpx.Response(200, json=page)), lambda s: list(s.models()))


def test_an_empty_folder_is_said(tmp_path):
    with pytest.raises(Invalid, match="no files"):
        packed(Server(), tmp_path / "x.zip")


def test_pages_are_followed_and_versions_come_in_order_of_number():
    def search(request):
        second = request.url.params.get("page_token") == "next"
        numbers = ["2", "1"] if second else ["10", "9"]
        found = [{"name": "scorer", "version": n, "run_id": None} for n in numbers]
        other = [{"name": "another", "version": "1"}]
        return httpx.Response(
            200, json={"model_versions": found + other, **({} if second else {"next_page_token": "next"})}
        )

    server = Server(search=search)
    found = asking(server, lambda s: s.versions("scorer"))
    assert [v.version for v in found] == ["1", "2", "9", "10"]
    assert server.asked[0].url.params["filter"] == "name='scorer'"


@pytest.mark.parametrize(("name", "asked"), [("a", "name='a'"), ("a's", 'name="a\'s"')])
def test_quotes_in_a_name(name, asked):
    assert answers.filtered(name) == asked


def test_both_kinds_of_quotes_are_refused():
    with pytest.raises(Invalid):
        answers.filtered("a'\"")


def test_only_numbers_count_as_metrics():
    values = [0.5, 3, float("nan"), float("inf"), 10**400, True, "0.5", None]
    metrics = [{"key": f"m{n}", "value": value} for n, value in enumerate(values)]
    data = {"metrics": metrics, "params": [{"key": "C", "value": "1\x1b[2J"}, {"key": "", "value": "x"}]}
    found = answers.logged({"run": {"data": data}})
    assert found.metrics == {"m0": 0.5, "m1": 3.0}
    assert found.params == {"C": "1 [2J"}
    many = [{"key": f"m{n}", "value": n} for n in range(1000)]
    assert len(answers.logged({"run": {"data": {"metrics": many}}}).metrics) == answers.MOST_VALUES


@pytest.mark.parametrize(
    "body",
    [
        [], 1, "x", {"registered_models": {}}, {"registered_models": [1]}, {"registered_models": [{"name": ""}]},
        {"registered_models": [{"name": "a", "aliases": [{"alias": "x"}]}]},
    ],
)  # fmt: skip
def test_an_answer_of_another_kind_is_refused(body):
    with pytest.raises(Invalid):
        answers.registered_models(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["run", "data", "metrics", "key", "value", "registered_models", "name", "aliases", "files", "path"]), inner
    ),
    max_leaves=12,
)  # fmt: skip


@given(JSON)
def test_no_answer_breaks_the_reading(body):
    for read in (
        answers.registered_models,
        answers.versions,
        answers.version,
        answers.logged,
        answers.next_page,
        lambda found: answers.entries(found, PurePosixPath()),
    ):
        with contextlib.suppress(Invalid):
            read(body)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(401, json={"message": "who?"}), Unauthenticated),
        (httpx.Response(403, text="Invalid Host header"), Unauthenticated),
        (httpx.Response(404, json={"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "m"}), NotFound),
        (httpx.Response(400, json={"error_code": "INVALID_PARAMETER_VALUE", "message": "m"}), Invalid),
        (httpx.Response(500, text="down"), Unavailable),
        (httpx.Response(200, text="<html>"), Invalid),
        (httpx.Response(302, headers={"location": "http://evil.test/"}), Invalid),
        (httpx.Response(404, text="<html>"), Invalid),
    ],
)
def test_every_refusal_has_its_words(answer, kind):
    server = Server(get=lambda _r: answer)
    with pytest.raises(kind) as told:
        asking(server, lambda s: s.model("scorer"))
    assert told.value.text()
    assert len(server.asked) == 1


def test_a_server_that_is_not_there():
    def gone(_request):
        raise httpx.ReadTimeout("slow")

    with pytest.raises(Unavailable, match="slow"):
        asking(gone, lambda s: s.model("scorer"))


def test_a_broken_stream_is_unavailable(tmp_path):
    def broken(_request):
        def chunks():
            yield b"x"
            raise httpx.ReadError("gone")

        return httpx.Response(200, content=chunks())

    with pytest.raises(Unavailable):
        packed(Server({"MLmodel": b"x"}, MLmodel=broken), tmp_path / "x.zip")


@pytest.mark.parametrize(
    ("set_", "sent"),
    [
        ({"MLFLOW_TRACKING_TOKEN": "t"}, "Bearer t"),
        ({"MLFLOW_TRACKING_USERNAME": "u", "MLFLOW_TRACKING_PASSWORD": "p"}, "Basic dTpw"),
        ({"MLFLOW_TRACKING_TOKEN": "t", "MLFLOW_TRACKING_USERNAME": "u", "MLFLOW_TRACKING_PASSWORD": "p"}, "Basic dTpw"),
        ({"MLFLOW_TRACKING_USERNAME": "u"}, None),
    ],
)  # fmt: skip
def test_credentials_are_those_that_mlflow_reads(monkeypatch, set_, sent):
    for name in ("TOKEN", "USERNAME", "PASSWORD"):
        monkeypatch.delenv(f"MLFLOW_TRACKING_{name}", raising=False)
    for name, value in set_.items():
        monkeypatch.setenv(name, value)
    server = Server(get=lambda _r: httpx.Response(200, json={"registered_model": {"name": "scorer"}}))
    asking(server, lambda s: s.model("scorer"))
    assert server.asked[0].headers.get("authorization") == sent
    assert str(server.asked[0].url).startswith(f"{URL}/api/2.0/mlflow/registered-models/get")


@pytest.mark.parametrize(
    "address", ["mlflow.test", "ftp://x", "http://u:p@x", "http://", "http://[", "sqlite:///x"]
)
def test_only_an_address_without_credentials_is_taken(address):
    with pytest.raises(Invalid) as told:
        server_name(address)
    assert "u:p" not in str(told.value)


def test_one_server_has_one_name():
    assert {
        server_name(a) for a in ("http://MLflow.test/x/", " http://mlflow.test/x", "http://mlflow.test/x?y#z")
    } == {"http://mlflow.test/x"}


def test_an_alias_is_read_back():
    model = {"registered_model": {"name": "scorer", "aliases": [{"alias": "champion", "version": "9"}]}}
    done = lambda _r: httpx.Response(200, json={})  # noqa: E731
    server = Server(**{"set-tag": done, "alias": done, "get": lambda _r: httpx.Response(200, json=model)})
    with pytest.raises(Unavailable):
        asking(server, lambda s: s.point(VERSION, "champion", {"aval.version": "3"}))
    bodies = [json.loads(r.content) for r in server.asked if r.method == "POST"]
    assert bodies == [
        {"name": "scorer", "version": "1", "key": "aval.version", "value": "3"},
        {"name": "scorer", "version": "1", "alias": "champion"},
    ]
