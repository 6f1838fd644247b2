"""Every snippet of docs/clients.md is run, in its order, against a real server."""

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import click
import httpx
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression

from app.api.application import create
from app.cli import main
from core.assets.registry import RiskTier, Task
from core.assets.registry import commands as registered
from core.assets.registry import queries as registry
from core.decisions.releases import commands as releases
from core.evidence.monitoring import queries as monitoring
from core.platform.access import commands as access
from core.platform.store import SYSTEM
from tests.app.going_live import make_live
from tests.browser.harness import free_port
from tests.served import ROOT, open_folder, person, serving, token

TEXT = (ROOT / "docs" / "clients.md").read_text()
SNIPPETS = re.findall(r"^```(bash|python)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
RELAY = next(text for _kind, text in SNIPPETS if text.startswith("# aval_relay.py"))


class Office:
    """A served Aval, a folder with the files that the snippets name, and a shell in it."""

    def __init__(self, served, store, people, folder):
        self.served, self.store, self.people, self.folder = served, store, people, folder
        self.key = token(store, people["ana"])
        paths = [str(Path(sys.executable).parent), os.environ["PATH"]]
        self.environment = {
            **os.environ, "AVAL_URL": served.url, "AVAL_TOKEN": self.key, "PATH": ":".join(paths), "PYTHONPATH": str(ROOT)
        }  # fmt: skip

    def run(self, kind, text):
        words = ["bash", "-euo", "pipefail", "-c", text] if kind == "bash" else [sys.executable, "-c", text]
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        return done.stdout

    def logged(self, enough):
        """Wait until the log of version 1 holds so many rows; return how many it holds."""
        until = time.monotonic() + 60
        while True:
            with self.store.reading() as view:
                found = monitoring.coverage(view, registry.version_by_number(view, "credit", 1).id)
            if time.monotonic() > until or (found is not None and found.rows >= enough):
                return 0 if found is None else found.rows
            time.sleep(0.3)


def rows(n, seed):
    random = np.random.default_rng(seed)
    X = pd.DataFrame({"income": random.normal(50, 12, n).round(1), "age": random.integers(18, 80, n)})
    return X, pd.Series(np.where(X["income"] + random.normal(0, 8, n) > 50, "no", "yes"), name="default")


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    folder = tmp_path_factory.mktemp("office")
    X, y = rows(400, 1)
    model = LogisticRegression().fit(X, y)
    skops.io.dump(model, folder / "model.skops")
    X.assign(default=y).to_csv(folder / "applications.csv", index=False)
    seen, truth = rows(50, 2)
    ids = [f"p-{n}" for n in range(50)]
    said = {
        "prediction_id": ids,
        "timestamp": "2026-11-01T08:00:00+00:00",
        "probability": model.predict_proba(seen)[:, 1],
    }
    seen.assign(**said).to_csv(folder / "predictions.csv", index=False)
    pd.DataFrame({"prediction_id": ids, "label": truth}).to_csv(folder / "labels.csv", index=False)
    store = open_folder(folder / "aval")
    with store.unit_of_work(SYSTEM) as uow:
        access.claim_house(uow, "own")
        releases.publish_shipped(uow)
        registered.create_use_case(
            uow, slug="credit", title="Credit", purpose="Decide on loans.", task=Task.BINARY, risk_tier=RiskTier.LOW,
            lawful_basis="credit_protection",
        )  # fmt: skip
    people = {
        "ana": person(store, "ana", "data_scientist", "operations"),
        "otto": person(store, "otto", "operations"),
        "carl": person(store, "carl", "compliance"),
    }
    with serving(folder / "aval") as served:
        yield Office(served, store, people, folder)
    store.close()


def test_every_snippet_does_what_is_said(office):
    told = []
    for kind, text in SNIPPETS:
        if text is RELAY:
            continue
        if "/live/" in text and not any("/live/" in before for before, _said in told):
            with office.served.api(office.key) as client:
                signers = {"operations": office.people["otto"], "compliance": office.people["carl"]}
                make_live(client, office.store, "credit", 1, "production", **signers)
        told.append((text, office.run(kind, text)))
    assert len(told) == 10
    with office.served.api(office.key) as client:
        versions = client.get("use-cases/credit/versions").json()
        until = time.monotonic() + 60
        while any(v["state"] == "checking" for v in versions) and time.monotonic() < until:
            time.sleep(0.3)
            versions = client.get("use-cases/credit/versions").json()
        assert [v["state"] for v in versions] == ["ready"] * 3
    said = dict(told)
    pushed = next(out for text, out in said.items() if "from app.push import push" in text)
    assert pushed.startswith("3 ready {")
    answered = next(out for text, out in said.items() if "/infer" in text)
    assert '"prediction_ids":["application-17"]' in answered
    sent = next(out for text, out in said.items() if "aval predictions send" in text)
    assert "predictions.csv: 50 of 50 rows taken" in sent
    assert "labels.csv: 50 of 50 rows taken" in sent
    assert '"accepted":2' in next(out for text, out in said.items() if '"c-1"' in text)
    assert "2 0 []" in next(out for text, out in said.items() if "/labels/" in text)
    assert next(out for text, out in said.items() if "ce-id" in text).count('"new":1') == 2
    assert office.logged(55) == 55


def test_the_relay_hands_on_what_kserve_sends(office):
    port = free_port()
    relay = subprocess.Popen(
        [sys.executable, "-c", RELAY],
        env={**office.environment, "PORT": str(port)},
        stderr=subprocess.DEVNULL,
    )

    def send(half, body, service="credit-v1"):
        head = {
            "ce-specversion": "1.0",
            "ce-id": "kserve-1",
            "ce-type": f"org.kubeflow.serving.inference.{half}",
        }
        more = {
            "ce-inferenceservicename": service,
            "ce-time": "2026-11-02T11:00:00Z",
            "ce-source": "http://localhost:9081/",
        }
        return httpx.post(f"http://127.0.0.1:{port}", json=body, headers={**head, **more}, timeout=30)

    try:
        until = time.monotonic() + 20
        while True:
            with contextlib.suppress(httpx.TransportError):
                first = send("request", {"instances": [[60.0, 30]]})
                break
            assert time.monotonic() < until
            time.sleep(0.1)
        assert (first.status_code, first.json()) == (202, {"new": 1, "waiting": 1})
        assert send("response", {"predictions": [0.2]}).json()["new"] == 1
        assert office.logged(56) == 56
        assert send("response", {"predictions": [0.2]}, service="credit").status_code == 404
        assert send("response", {"predictions": [0.2]}, service="credit-v99").status_code == 404
        assert send("odd", {}).status_code == 422
    finally:
        relay.terminate()
        relay.wait(10)


def test_every_route_that_is_named_is_one_of_the_application():
    paths = [re.sub(r"{[^}]*}", "[^/]+", path) for path in create().openapi()["paths"]]
    named = {re.split(r"[\s`?]", found)[0] for found in re.findall(r"/api(/v1/[^\"\s]+)", TEXT)}
    assert len(named) >= 8
    unknown = [one for one in named if not any(re.fullmatch(path, one) for path in paths)]
    assert unknown == []


LINES = re.findall(r"^(aval .*)$", TEXT.replace("\\\n", ""), re.MULTILINE)


@pytest.mark.parametrize("line", LINES)
def test_every_command_that_is_named_takes_these_options(line):
    command, words = main, shlex.split(line, comments=True)[1:]
    context = click.Context(main)
    while isinstance(command, click.Group):
        command = command.get_command(context, words.pop(0))
    parsed = command.make_context("aval", words, auto_envvar_prefix=None, resilient_parsing=True)
    assert parsed.args == []
