"""What a pipeline sends over REST: a model, predictions of it, and what became of them."""

import contextlib
import time
from collections.abc import Iterator
from io import BytesIO

import httpx
import pandas as pd

from core.platform.access import queries as people
from core.platform.store import Actor, Store
from tests.browser.harness import House
from tests.browser.trained import Trained
from tests.served import open_folder, token

PARQUET = {"Content-Type": "application/vnd.apache.parquet"}
PATIENCE = 90.0  # seconds


def actor(store: Store, name: str) -> Actor:
    """Somebody of the demo as commands know them."""
    with store.reading() as view:
        found = next(p for p in people.people(view) if p.name == name)
        return people.actor(view, found.id, "page")


@contextlib.contextmanager
def client(house: House, name: str) -> Iterator[httpx.Client]:
    """A client of the REST interface with a token of somebody of the demo."""
    store = open_folder(house.folder)
    try:
        key = token(store, actor(store, name))
    finally:
        store.close()
    with httpx.Client(
        base_url=f"{house.url}/api/v1", headers={"Authorization": f"Bearer {key}"}, timeout=60
    ) as made:
        yield made


def bring(api: httpx.Client, model: Trained, *, purpose: str, currency: str) -> None:
    """Define a use case of limited risk, bring its first version, and wait until it is evaluated."""
    asked = {
        "slug": model.slug,
        "title": model.title,
        "purpose": purpose,
        "task": model.task,
        "risk_tier": "limited",
        "lawful_basis": "none",
        "currency": currency,
    }
    answer = api.post("/use-cases", json=asked)
    assert answer.status_code == 201, answer.text
    draft = api.post("/drafts", json={}).json()["id"]
    for kind, path in (("artifact", model.model), ("table", model.table)):
        sent = api.put(f"/drafts/{draft}/{kind}", params={"name": path.name}, content=path.read_bytes())
        assert sent.status_code < 300, sent.text
    said = {
        "use_case": model.slug,
        "label_column": model.label,
        "positive_label": model.positive,
        "model_name": model.title,
    }
    made = api.post(f"/drafts/{draft}/submit", json=said)
    assert made.status_code < 300, made.text
    until = time.monotonic() + PATIENCE
    while api.get(f"/use-cases/{model.slug}/versions/1").json()["state"] != "ready":
        assert time.monotonic() < until, "the version is not evaluated"
        time.sleep(0.3)


def send(
    api: httpx.Client, model: Trained, rows: pd.DataFrame, said: pd.Series, prefix: str, when: pd.Series
) -> list[str]:
    """Post predictions of the first version and, a moment later, what became of them; return the ids of the batches."""
    ids = [f"{prefix}-{at}" for at in range(len(rows))]
    output = "probability" if model.task == "binary" else "prediction"
    sent = rows[model.features].assign(prediction_id=ids, timestamp=when, **{output: said})
    told = pd.DataFrame({"prediction_id": ids, "label": rows[model.label]})
    batches = []
    for kind, table in (("predictions", sent), ("labels", told)):
        answer = api.post(f"/{kind}/{model.slug}/1", content=parquet(table), headers=PARQUET)
        assert answer.status_code == 202, answer.text
        assert answer.json()["accepted"] == len(rows), answer.text
        batches.append(answer.json()["id"])
    return batches


def parquet(table: pd.DataFrame) -> bytes:
    """A table as a body."""
    out = BytesIO()
    table.to_parquet(out, index=False)
    return out.getvalue()
