"""SIGKILL in the middle of signatures: every acknowledged one is there with its event, and none without."""

import random
import threading
import time

import httpx
import pytest
import skops.io
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from app.submission import Submission, submit
from app.wiring import handlers, start_runner
from core.assets.intake import commands as intake
from core.assets.registry import RiskTier, Task, VersionState
from core.assets.registry import commands as registry
from core.assets.registry import queries as registered
from core.assets.registry.card import SECTIONS, Source
from core.decisions.releases import commands as releases
from core.decisions.releases import queries as released
from core.decisions.releases.states import ReleaseState
from core.platform.audit import queries as audit
from core.platform.jobs.handling import run_waiting
from core.platform.store import SYSTEM
from core.settings import Settings
from tests.served import open_folder, person, start, token
from tests.signing import ticket_for

pytestmark = pytest.mark.timeout(280)
KILLS = 4
WHY = "Read the gates and the card; asked for another look."


@pytest.fixture
def house(tmp_path):
    """An evaluated version whose release to staging is requested, and the tokens of those concerned."""
    folder = tmp_path / "house"
    data = load_breast_cancer(as_frame=True)
    table = data.data.assign(benign=data.target)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(data.data, data.target)
    skops.io.dump(model, tmp_path / "model.skops")
    table.to_parquet(tmp_path / "table.parquet", index=False)
    runner = start_runner(Settings(folder=str(folder)))
    store = open_folder(folder)
    author = person(store, "author", "data_scientist")
    signers = {
        area: person(store, area, area) for area in ("operations", "compliance", "business", "validator")
    }
    with store.unit_of_work(SYSTEM) as uow:
        releases.publish_shipped(uow)
    with store.unit_of_work(author) as uow:
        registry.create_use_case(
            uow,
            slug="triage",
            title="Triage",
            purpose="Order the queue",
            task=Task.BINARY,
            risk_tier=RiskTier.LOW,
            lawful_basis="health",
        )
        draft = intake.open_draft(uow)
    for kind, path in (("artifact", tmp_path / "model.skops"), ("table", tmp_path / "table.parquet")):
        intake.receive_file(store, author, draft, kind, store.files.put_path(path), path.name)
    with store.unit_of_work(author) as uow:
        version = submit(uow, draft, Submission("triage", "benign", "1", model_name="triage")).version
    run_waiting(store, handlers(runner))
    with store.unit_of_work(author) as uow:
        typed = {
            field.id: "Said."
            for section in SECTIONS
            for field in section.fields
            if field.source is Source.PERSON
        }
        registry.edit_card(uow, version.id, typed)
    with store.unit_of_work(author) as uow:
        request = releases.request_release(uow, version_id=version.id, environment="staging")
    run_waiting(store, handlers(runner))
    runner.stop()
    with store.reading() as view:
        assert registered.version(view, version.id).state is VersionState.READY
        assert released.release(view, request).state is ReleaseState.IN_REVIEW
    keys = {area: (token(store, actor), actor) for area, actor in signers.items()}
    yield folder, store, request, token(store, author), keys
    store.close()


class Signing(threading.Thread):
    """Ask for changes, open a new round, again and again until the server dies; note what was acknowledged.

    What to do next is read from the store: the REST interface allows a token 120 requests a minute.
    """

    def __init__(self, served, store, request, author, signer):
        super().__init__(daemon=True)
        self.served, self.store, self.request, self.author = served, store, request, author
        self.key, self.signer = signer
        self.acknowledged = []
        self.surprises = []
        self.stop = threading.Event()

    def run(self):
        path = f"releases/{self.request}"
        with self.served.api(self.author) as mine, self.served.api(self.key) as theirs:
            while not self.stop.is_set():
                with self.store.reading() as view:
                    state = released.release(view, self.request).state
                    current = released.rounds(view, self.request)[-1]
                try:
                    if state is ReleaseState.IN_REVIEW:
                        vote = {
                            "area": "operations",
                            "meaning": "request_changes",
                            "rationale": WHY,
                            "snapshot": current.snapshot_digest,
                            "ticket": ticket_for(
                                self.store, self.signer, self.request, current.snapshot_digest
                            ),
                        }
                        answer = theirs.post(f"{path}/votes", json=vote)
                        if answer.status_code == 201:
                            self.acknowledged.append(current.number)
                        else:
                            self.surprises.append(answer.text)
                    elif state is ReleaseState.CHANGES_REQUESTED:
                        mine.post(f"{path}/rounds")
                    else:
                        time.sleep(0.02)
                except httpx.TransportError:
                    return


def test_no_acknowledged_signature_is_lost(house):
    folder, store, request, author, keys = house
    chance = random.Random(7)
    acknowledged = []
    for _ in range(KILLS):
        served = start(folder)
        try:
            served.ready()
            signing = Signing(served, store, request, author, keys["operations"])
            signing.start()
            until = time.monotonic() + 120
            while not signing.acknowledged and time.monotonic() < until:
                time.sleep(0.01)
            time.sleep(chance.random())
            served.kill()
            signing.stop.set()
            signing.join(20)
        finally:
            served.end()
        assert signing.surprises == []
        assert signing.acknowledged, "the server died before anything was signed"
        acknowledged += signing.acknowledged
        with store.reading() as view:
            votes = released.signatures(view, request)
            events = audit.events(view, action="release.signed", subject_id=request, limit=10_000)
            assert audit.verify(view).ok
        assert set(acknowledged) <= {vote.round for vote in votes}
        assert sorted(vote.round for vote in votes) == sorted(event.data["round"] for event in events)
    served = start(folder)
    try:
        served.ready()
        _approve(served, store, request, author, keys)
    finally:
        served.end()


def _approve(served, store, request, author, keys):
    """After all that the release can still be brought to its end: live once."""
    path = f"releases/{request}"
    until = time.monotonic() + 120
    while True:
        with store.reading() as view:
            state = released.release(view, request).state
        if state is ReleaseState.IN_REVIEW:
            break
        if state is ReleaseState.CHANGES_REQUESTED:
            with served.api(author) as mine:
                mine.post(f"{path}/rounds")
        assert time.monotonic() < until, state
        time.sleep(0.1)
    for area, (key, signer) in keys.items():
        with served.api(key) as theirs:
            seen = theirs.get(path).json()
            vote = {"area": area, "meaning": "approve", "rationale": WHY, "snapshot": seen["snapshot"]}
            vote["ticket"] = ticket_for(store, signer, request, seen["snapshot"])
            answer = theirs.post(f"{path}/votes", json=vote)
            if answer.is_success and answer.json()["state"] == "live":
                break
    with store.reading() as view:
        live = released.deployments(view, only_live=True)
        assert [d.request_id for d in live] == [request]
        assert audit.verify(view).ok
