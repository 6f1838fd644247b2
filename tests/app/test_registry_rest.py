"""Use cases, parts, data and cards over REST, behind the real guard."""

import json

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.addresses import Addresses
from app.api import datasets, drafts, jobs, parts, use_cases, versions
from app.api.problems import answer_with_problems
from app.doors import Doors
from app.guard import Guard
from app.submission import submit_again
from core.assets.registry import queries as registry
from tests.app import test_drafts as uploads

V1 = uploads.V1
house, pair = uploads.house, uploads.pair
PINNED = "registry.example/scorer@sha256:" + "b" * 64


@pytest.fixture
def client(house):
    application = FastAPI()
    for noun in (use_cases, drafts, parts, versions, datasets, jobs):
        application.include_router(noun.router, prefix=V1)
    answer_with_problems(application)
    with TestClient(
        Guard(application, Doors(house), Addresses.of(house.settings)), base_url=uploads.ORIGIN
    ) as asking:
        yield asking


@pytest.fixture
def ana(house):
    return uploads.member(house)


@pytest.fixture
def token(house, ana):
    return uploads.bearer(house, ana)


def submitted(client, token, draft):
    asked = {"use_case": "credit", "label_column": "outcome", "positive_label": "late"}
    answer = client.post(f"{V1}/drafts/{draft}/submit", headers=token, json=asked)
    assert answer.status_code == 202, answer.text
    return answer.json()["version"]


def test_parts_are_attached_taken_off_and_fixed(client, token, house, ana, pair):
    draft = uploads.opened(client, token)
    uploads.sent(client, token, draft, pair)
    where = f"{V1}/drafts/{draft}/parts"
    one = client.put(where, params={"kind": "pipeline", "name": "f.py"}, content=b"x = 1", headers=token)
    assert (one.status_code, one.json()["size"]) == (200, 5)
    secret = uploads.ticket(house, ana, draft)
    page = {"origin": uploads.ORIGIN}
    two = client.put(
        where, params={"kind": "other", "name": "n.txt", "ticket": secret}, content=b"y", headers=page
    )
    assert two.status_code == 200
    assert client.delete(f"{where}/{two.json()['id']}", headers=token).status_code == 204
    image = client.post(f"{V1}/drafts/{draft}/images", json={"reference": PINNED}, headers=token)
    assert image.status_code == 201
    loose = client.post(f"{V1}/drafts/{draft}/images", json={"reference": "scorer:latest"}, headers=token)
    assert (loose.status_code, loose.json()["code"]) == (422, "bundle.image")
    attached = client.get(where, headers=token).json()
    assert [p["kind"] for p in attached["parts"]] == ["pipeline", "image"]
    version = submitted(client, token, draft)
    fixed = client.get(f"{version['url']}/parts", headers=token).json()
    assert fixed == attached
    late = client.put(where, params={"kind": "other", "name": "z"}, content=b"z", headers=token)
    assert (late.status_code, late.json()["code"]) == (409, "bundle.bound")
    with house.reading() as view:
        assert registry.bundle(view, version["id"]).digest == fixed["digest"]


def test_parts_of_somebody_elses_upload_are_not_there(client, token, house):
    draft = uploads.opened(client, token)
    ben = uploads.bearer(house, uploads.member(house, name="Ben"))
    where = f"{V1}/drafts/{draft}"
    for answer in (
        client.get(f"{where}/parts", headers=ben),
        client.put(f"{where}/parts", params={"kind": "other", "name": "z"}, content=b"z", headers=ben),
        client.post(f"{where}/images", json={"reference": PINNED}, headers=ben),
        client.delete(f"{where}/parts/part_x", headers=ben),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "draft.unknown")
    other = uploads.ticket(house, uploads.member(house, name="Eve"), draft)
    stolen = client.put(
        f"{V1}/drafts/{draft}/parts",
        params={"kind": "other", "name": "z", "ticket": other},
        content=b"z",
        headers={"origin": uploads.ORIGIN},
    )
    assert stolen.status_code == 404


def test_data_is_described_and_the_next_upload_takes_it_over(client, token, house, pair):
    draft = uploads.opened(client, token)
    uploads.sent(client, token, draft, pair)
    where = submitted(client, token, draft)["url"] + "/dataset"
    found = client.get(where, headers=token).json()
    assert (found["rows"], found["flags_confirmed_at"], found["described"]) == (400, None, 1.0)
    said = client.put(f"{where}/flags", headers=token, json={"personal": ["age"]}).json()
    assert [c["name"] for c in said["columns"] if c["personal"]] == ["age"]
    assert said["flags_confirmed_at"]
    client.patch(f"{where}/purposes", headers=token, json={"income": "Ability to pay."})
    wrong = client.patch(f"{where}/purposes", headers=token, json={"salary": "x"})
    assert wrong.status_code == 422
    viewer = uploads.bearer(house, uploads.member(house, "business", "Bo"))
    assert client.put(f"{where}/flags", headers=viewer, json={"personal": []}).status_code == 403
    again = uploads.opened(client, token)
    uploads.sent(client, token, again, pair)
    second = client.get(submitted(client, token, again)["url"] + "/dataset", headers=token).json()
    purposes = {c["name"]: c["purpose"] for c in second["columns"]}
    assert purposes["income"] == "Ability to pay."
    assert second["flags_confirmed_at"] is None


def test_a_use_case_changes_in_part(client, token):
    answer = client.patch(f"{V1}/use-cases/credit", headers=token, json={"applications": ["Counter"]})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["applications"], answer.json()["title"]) == (["Counter"], "Credit")
    again = client.patch(f"{V1}/use-cases/credit", headers=token, json={"applications": ["Counter"]})
    assert (again.status_code, again.json()["code"]) == (409, "use_case.unchanged")


def test_a_card_in_every_form(client, token, pair):
    draft = uploads.opened(client, token)
    uploads.sent(client, token, draft, pair)
    where = submitted(client, token, draft)["url"] + "/card"
    assert json.loads(client.get(where, headers=token).content)["audience"] == "technical"
    public = client.get(where, headers=token, params={"form": "md", "audience": "public"})
    assert public.headers["content-type"].startswith("text/markdown")
    assert "Digest of the file" not in public.text
    assert client.get(where, headers=token, params={"form": "pdf"}).content.startswith(b"%PDF-")
    assert client.get(where, headers=token, params={"form": "docx"}).status_code == 422


MLFLOW = {"server": "http://mlflow.test", "model": "scorer", "version": "7", "metrics": {"accuracy": 0.5}}


def test_where_a_version_was_imported_from_is_kept(client, token, house, ana, pair):
    draft = uploads.opened(client, token)
    uploads.sent(client, token, draft, pair)
    asked = {"use_case": "credit", "label_column": "outcome", "positive_label": "late", "mlflow": MLFLOW}
    assert client.post(f"{V1}/drafts/{draft}/submit", headers=token, json=asked).status_code == 202
    told = client.get(f"{V1}/use-cases/credit/versions/1", headers=token).json()
    assert told["mlflow"] == {"run_id": "", "aliases": [], "params": {}, **MLFLOW}
    with house.unit_of_work(ana) as uow:
        _draft, again = submit_again(uow, told["id"], {})
    assert again.version.upstream.place == ("http://mlflow.test", "scorer", "7")
    listed = client.get(f"{V1}/use-cases/credit/versions", headers=token).json()
    assert [one["mlflow"]["version"] for one in listed] == ["7", "7"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"server": "http://user:secret@mlflow.test"},
        {"server": "javascript:alert(1)"},
        {"metrics": {f"m{n}": 1 for n in range(201)}},
        {"metrics": {"accuracy": "high"}},
        {"params": {"C": "x" * 501}},
        {"params": {"C": "\x00"}},
        {"model": ""},
    ],
)
def test_an_origin_that_cannot_be_is_refused(client, token, pair, wrong):
    draft = uploads.opened(client, token)
    uploads.sent(client, token, draft, pair)
    asked = {"use_case": "credit", "label_column": "outcome", "mlflow": {**MLFLOW, **wrong}}
    assert client.post(f"{V1}/drafts/{draft}/submit", headers=token, json=asked).status_code == 422
