"""Approve releases without end, from several threads; print each one that was acknowledged. Killed from outside.

`python -m tests.faults.approving FOLDER DATABASE_URL THREADS`, on a store that `prepare` has filled.
"""

import contextlib
import os
import sys
import threading
import time
from itertools import cycle
from pathlib import Path

from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from app.wiring import open_store
from core.decisions.releases import commands as releases
from core.decisions.releases import queries
from core.decisions.releases.quorum import Meaning
from core.decisions.releases.tables import RequestRow
from core.errors import Conflict, Unavailable
from core.platform.store import SYSTEM, Actor, Store
from core.settings import Settings
from tests.signing import ticket_for

ENVIRONMENT = "staging"  # of limited risk: one signature of operations puts a version live
OTTO, BEA = (
    Actor("per_otto", "person", frozenset({"operations"})),
    Actor("per_bea", "person", frozenset({"data_scientist"})),
)
WHY = "Read the gates and the difference to what is live."


def prepare(bench, threads: int) -> None:
    """Two versions for each thread, and one judged request whose verdicts the load hands in again."""
    for n in range(2 * threads):
        bench.version(bench.people["ana"], rows=40, strength=6.0, seed=n)
    with bench.store.reading() as view:
        first = _versions(view)[0]
    bench.request(bench.people["bea"], first, ENVIRONMENT)


def _versions(view) -> list[str]:
    from core.assets.registry import queries as registered

    case = registered.use_case(view, "credit")
    return [v.id for v in registered.versions(view, case.id)][::-1]


def approve(store: Store, version: str, verdicts) -> str | None:
    """Request, judge, sign: the last one puts the version live and is what is acknowledged."""
    with store.unit_of_work(BEA) as uow:
        request = releases.request_release(uow, version_id=version, environment=ENVIRONMENT)
    with store.reading() as view:
        current = queries.rounds(view, request)[-1]
    with store.unit_of_work(SYSTEM) as uow:
        releases.keep_judgement(uow, current.id, *verdicts)
    ticket = ticket_for(store, OTTO, request, current.snapshot_digest)
    with store.unit_of_work(OTTO) as uow:
        releases.sign(
            uow, request, area="operations", meaning=Meaning.APPROVE, rationale=WHY,
            snapshot_digest=current.snapshot_digest, ticket=ticket,
        )  # fmt: skip
    return request


def _without_end(store: Store, versions: list[str], verdicts) -> None:
    for version in cycle(versions):
        try:
            request = approve(store, version, verdicts)
        except Conflict:  # it is live, or was asked for before the kill
            with contextlib.suppress(Conflict, DBAPIError, Unavailable):
                _withdraw_left(store, version)
            continue
        except (DBAPIError, Unavailable):  # the database is gone; somebody starts it again
            time.sleep(0.1)
            continue
        os.write(1, f"{request}\n".encode())


def _withdraw_left(store: Store, version: str) -> None:
    with store.reading() as view:
        left = [r.id for r in queries.open_releases(view) if r.version.id == version]
    for request in left:
        with store.unit_of_work(BEA) as uow:
            releases.withdraw(uow, request)


def main() -> None:
    folder, url, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    store = open_store(Settings(folder=folder, database_url=url), announce=lambda _job: None)
    with store.reading() as view:
        versions = _versions(view)
        oldest = select(RequestRow.id).order_by(RequestRow.requested_at).limit(1)
        gates = queries.gates(view, queries.rounds(view, view.exec(oldest).one())[0].id)
    verdicts = [g.verdict for g in gates], [(g.evidence_kind, g.evidence_id) for g in gates]
    running = [
        threading.Thread(
            target=_without_end, args=(store, versions[2 * n : 2 * n + 2], verdicts), daemon=True
        )
        for n in range(threads)
    ]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


def command(store: Store, threads: int) -> list[str]:
    """The words that start this program on a store."""
    url = (
        store.engine.url.render_as_string(hide_password=False)
        if store.engine.dialect.name != "sqlite"
        else ""
    )
    folder: Path = store.settings.folder_path
    return [sys.executable, "-m", "tests.faults.approving", str(folder), url, str(threads)]


if __name__ == "__main__":
    main()
