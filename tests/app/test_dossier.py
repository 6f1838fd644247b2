"""The dossier over the wire: for a token over REST, for a signed-in reader from the page, for nobody else."""

import contextlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.decisions.releases import verify_dossier
from tests.app.edge import serving
from tests.conftest import Hands
from tests.core.decisions.conftest import bench_on
from tests.core.decisions.releases.test_dossier import approve


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A served store with one decided release and one that waits."""
    folder = tmp_path_factory.mktemp("house")
    with contextlib.ExitStack() as stack:
        edge = stack.enter_context(serving(folder))
        edge.store.clock, kept = Hands(), edge.store.clock
        bench = bench_on(edge.store, edge.store.clock)
        decided = approve(bench)
        waiting = bench.request(bench.people["bea"], bench.version(bench.people["ana"], seed=4))
        edge.store.clock = kept
        edge.add("rita", "viewer", "operations")
        yield edge, decided, waiting


def test_a_program_gets_it_with_its_token_and_the_file_checks_itself(house, tmp_path: Path) -> None:
    edge, decided, waiting = house
    headers = {"Authorization": f"Bearer {edge.token('rita')[1]}"}
    with edge.browser(**headers) as client:
        answer = client.get(f"/api/v1/releases/{decided}/dossier")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/zip"
        assert f"{decided}.zip" in answer.headers["content-disposition"]
        small = client.get(f"/api/v1/releases/{decided}/dossier", params={"artifact": "false"})
        assert len(small.content) < len(answer.content) - 30_000
        early = client.get(f"/api/v1/releases/{waiting}/dossier")
        assert (early.status_code, early.json()["code"]) == (409, "dossier.undecided")
        assert client.get("/api/v1/releases/rel_none/dossier").status_code == 404
    path = tmp_path / "d.zip"
    path.write_bytes(answer.content)
    done = subprocess.run(
        [sys.executable, "-I", verify_dossier.__file__, str(path), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(done.stdout)["artifact"]["seen"] == "inside"


def test_a_reader_gets_it_from_the_page_and_a_stranger_the_sign_in(house) -> None:
    edge, decided, waiting = house
    with edge.browser(edge.key("rita")) as client:
        answer = client.get(f"/download/dossier/{decided}")
        assert answer.status_code == 200
        assert answer.content[:2] == b"PK"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert client.get(f"/download/dossier/{waiting}").status_code == 409
    with edge.browser() as client:
        assert client.get(f"/download/dossier/{decided}").status_code in {303, 401}
        assert client.get(f"/api/v1/releases/{decided}/dossier").status_code == 401
