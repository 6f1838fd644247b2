"""`aval release sign`: the author of a version is refused at the terminal too, and the attempt is in the log."""

from contextlib import contextmanager

from click.testing import CliRunner

from app import cli_release
from app.cli import main
from core.decisions.releases import queries
from core.platform.audit import queries as audit
from tests.app import test_releases as rest
from tests.core.decisions.conftest import SAID

bench, client, bearer = rest.bench, rest.client, rest.bearer


def sign(monkeypatch, client, bench, headers, name, request):
    @contextmanager
    def talking(_url, _token):
        client.headers.update(headers)
        client.base_url = client.base_url.join("/api/v1/")
        yield client

    seen = client.get(f"{rest.V1}/releases/{request}", headers=headers).json()["snapshot"]
    ticket = bench.ticket(bench.people[name], request, seen)
    monkeypatch.setattr(cli_release, "talking", talking)
    words = ["release", "sign", request, "--area", "operations", "--rationale", SAID]
    return CliRunner().invoke(
        main, [*words, "--snapshot", seen, "--ticket", ticket, "--decision", "approve", "--token", "t"]
    )


def test_the_author_is_refused_with_the_reason_and_an_event(bench, client, bearer, monkeypatch):
    bea = bearer("bea")
    request = rest.requested(bench, client, bea, "bea")
    done = sign(monkeypatch, client, bench, bea, "bea", request)
    assert done.exit_code == 1
    assert "You may not approve: you uploaded this version." in done.output
    (event,) = bench.ask(audit.events, action="refused")
    assert event.data["code"] == "release.uploaded_version"
    assert bench.ask(queries.signatures, request) == ()


def test_somebody_else_signs(bench, client, bearer, monkeypatch):
    request = rest.requested(bench, client, bearer("ana"))
    done = sign(monkeypatch, client, bench, bearer("otto"), "otto", request)
    assert done.exit_code == 0, done.output
    assert [s.person_id for s in bench.ask(queries.signatures, request)] == ["per_otto"]
