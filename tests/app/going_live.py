"""Ask for a release at a real server, and sign it as the people would."""

import time

import httpx

from core.decisions.releases import commands as releases
from core.decisions.releases import queries as released
from core.decisions.releases.quorum import Meaning
from core.platform.store import Actor, Store
from tests.signing import ticket_for

WHY = "Read the gates, the card and the metrics of the evaluation."


def make_live(
    client: httpx.Client, store: Store, use_case: str, number: int, environment: str, **signers: Actor
):
    """Request, wait for the gates, sign for each area; return what `/live` then answers."""
    asked = client.post(
        "releases", json={"use_case": use_case, "version": number, "environment": environment}
    )
    assert asked.status_code == 201, asked.text
    request, until = asked.json()["id"], time.monotonic() + 60
    while client.get(f"releases/{request}").json()["state"] != "in_review":
        assert time.monotonic() < until, client.get(f"releases/{request}").text
        time.sleep(0.3)
    with store.reading() as view:
        snapshot = released.rounds(view, request)[-1].snapshot_digest
    for area, person in signers.items():
        ticket = ticket_for(store, person, request, snapshot)
        with store.unit_of_work(person) as uow:
            releases.sign(
                uow, request, area=area, meaning=Meaning.APPROVE, rationale=WHY, snapshot_digest=snapshot, ticket=ticket
            )  # fmt: skip
    live = client.get(f"live/{use_case}/{environment}")
    assert live.status_code == 200, live.text
    return live.json()
