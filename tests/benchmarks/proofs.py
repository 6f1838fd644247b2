"""What proves: a million events recomputed in the store and offline, an inclusion proof, a dossier of 200 MB."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from core.assets.registry.tables import VersionRow
from core.decisions.releases.dossier_making import verifier_text, write_dossier
from core.platform.audit import queries
from core.platform.audit.rotation import known_keys
from core.platform.audit.work import seal, write_beside
from core.platform.store import SYSTEM, Store
from tests.browser.harness import ROOT, environment
from tests.served import open_folder

EVENTS = 1_000_000
BATCH = 5_000
ARTIFACT = 200 * 10**6


def million(folder: Path) -> Iterator[Mapping[str, float]]:
    """Verify 1,000,000 events by `aval audit verify` and by the offline verifier; prove 500 of them."""
    store = open_folder(folder)
    for start in range(0, EVENTS, BATCH):
        with store.unit_of_work(SYSTEM) as uow:
            for n in range(start, start + BATCH):
                uow.record("bench.event", "thing", f"thing_{n}", {"n": n, "digest": "0" * 64})
    seal(store)
    aval = [sys.executable, "-m", "app.cli", "audit"]
    subprocess.run([*aval, "export", "--folder", str(folder), "--out", str(folder / "log.jsonl")], cwd=ROOT, env=environment(), check=True, capture_output=True)  # fmt: skip
    with store.reading() as view:
        last, key = queries.last_checkpoint(view), known_keys(view, store.settings)[0]
    write_beside(store, folder / "kept", last.size, last.note, named="kept.note")
    offline = [
        sys.executable,
        "-I",
        str(ROOT / "core/platform/audit/verify_log.py"),
        str(folder / "log.jsonl"),
    ]
    while True:
        seconds, mib = _measured([*aval, "verify", "--folder", str(folder)])
        apart, apart_mib = _measured([*offline, "--key", key, str(folder / "kept" / "kept.note")])
        span, size = _proofs(store)
        yield {
            "audit_million": seconds,
            "audit_million_mib": mib,
            "offline_million": apart,
            "offline_million_mib": apart_mib,
            "proof_ms": span,
            "proof_bytes": size,
        }


def dossier(folder: Path) -> Iterator[Mapping[str, float]]:
    """Make the dossier of a 200 MB model (processor seconds) and check it with verify.py (seconds)."""
    from tests.conftest import Hands
    from tests.core.decisions.conftest import bench_on

    hands = Hands()
    store = open_folder(folder)
    store.clock = hands
    bench = bench_on(store, hands)
    version = bench.version(bench.people["ana"])
    with store.files.writer() as writer:
        for _ in range(ARTIFACT // 10**6):
            writer.write(os.urandom(10**6))
        stored = writer.finish()
    with store.unit_of_work(SYSTEM) as uow:
        row = uow.session.get(VersionRow, version)
        row.artifact_digest, row.artifact_size = stored.digest, stored.size
        uow.session.add(row)
        uow.record("bench.stored", "version", version)
    release = bench.request(bench.people["bea"], version)
    for name in ("otto", "carl"):
        bench.sign(bench.people[name], release)
    checker = folder / "verify.py"
    checker.write_bytes(verifier_text())
    while True:
        begin = time.process_time()
        with (folder / "dossier.zip").open("w+b") as sink:
            write_dossier(store, release, sink)
        made = time.process_time() - begin
        seconds, _mib = _measured([sys.executable, "-I", str(checker), str(folder / "dossier.zip")])
        yield {"dossier": made, "dossier_verify": seconds}


def _proofs(store: Store, count: int = 500) -> tuple[float, int]:
    spans, sizes = [], []
    with store.reading() as view:
        for _ in range(count):
            index = random.randrange(EVENTS)
            begin = time.perf_counter()
            path = queries.prove_inclusion(view, index, EVENTS)
            spans.append(time.perf_counter() - begin)
            sizes.append(sum(map(len, path)))
    return sorted(spans)[count // 2] * 1000, max(sizes)


def _measured(words: list[str]) -> tuple[float, float]:
    """Run a command; return its seconds and its peak of resident memory in MiB.

    A small process starts it: the kernel counts what a parent held at the fork as the child's own.
    """
    process = subprocess.run(
        [sys.executable, "-I", "-c", _APART, *words],
        cwd=ROOT, env=environment(), check=True, capture_output=True, text=True,
    )  # fmt: skip
    seconds, kib = process.stdout.split()
    return float(seconds), float(kib) / 1024


_APART = """
import os, subprocess, sys, time
begin = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_pid, status, used = os.wait4(process.pid, 0)
print(time.perf_counter() - begin, used.ru_maxrss)
sys.exit(bool(status))
"""
