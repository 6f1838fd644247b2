"""The disk runs full under load: a clean error, nothing acknowledged lost, and work goes on once there is room."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.platform.audit import queries as audit
from core.platform.store import Store
from tests.browser.harness import ROOT

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs RLIMIT_FSIZE")

SCRIPT = """
import json, resource, sys, threading
from pathlib import Path
from app.wiring import open_store
from core.errors import Unavailable
from core.platform.store import SYSTEM
from core.settings import Settings

store = open_store(Settings(folder=sys.argv[1]), announce=lambda _job: None)
kept, codes, lock = [], set(), threading.Lock()

def write(name, many):
    for n in range(many):
        try:
            with store.unit_of_work(SYSTEM) as uow:
                uow.record("thing.made", "thing", f"{name}_{n}", {"text": "x" * 2000})
        except Unavailable as full:
            with lock:
                codes.add(full.code)
            return
        with lock:
            kept.append(f"{name}_{n}")

def upload():
    try:
        store.files.put_bytes(b"x" * 8_000_000)
    except Unavailable as full:
        codes.add("file " + full.code)

write("before", 20)
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
largest = max(p.stat().st_size for p in Path(sys.argv[1]).glob("aval.db*"))
resource.setrlimit(resource.RLIMIT_FSIZE, (largest + 400_000, hard))
threads = [threading.Thread(target=write, args=(f"full{t}", 2000)) for t in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
upload()
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
at_full = len(kept)
write("after", 20)
left = [p.name for p in Path(sys.argv[1]).rglob(".incoming-*")]
print(json.dumps({"kept": kept, "codes": sorted(codes), "at_full": at_full, "left": left}))
"""


def test_what_was_acknowledged_is_there_and_the_refusal_is_clean(store: Store) -> None:
    folder = store.settings.folder_path
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["codes"] == ["file store.full", "store.full"]
    assert told["left"] == []
    assert len(told["kept"]) == told["at_full"] + 20
    with store.reading() as session:
        assert audit.verify(session).ok
        found = {event.subject_id for event in audit.events(session, limit=100_000)}
    assert set(told["kept"]) == found


def test_the_error_is_of_the_house_for_each_engine() -> None:
    from sqlalchemy.exc import OperationalError

    from core.errors import Unavailable
    from core.platform.store.full import answered_when_full

    class Full(Exception):
        sqlstate = "53100"

    class Other(Exception):
        sqlstate = "40001"

    with pytest.raises(Unavailable), answered_when_full():
        raise OperationalError("INSERT", {}, Full())
    with pytest.raises(OperationalError), answered_when_full():
        raise OperationalError("INSERT", {}, Other())
    with pytest.raises(FileNotFoundError), answered_when_full():
        Path("/nowhere/at/all").read_bytes()
