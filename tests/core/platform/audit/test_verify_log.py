"""The offline verifier, run as a stranger would: plain Python, an export, notes kept elsewhere."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from core.platform.audit import canonical, verify_log
from core.platform.audit.checkpoint import Checkpoint, public_bytes, sign, verifier_key
from core.platform.audit.merkle import Frontier, leaf_hash

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NAME = "aval.test/log"
VERIFIER = verifier_key(NAME, public_bytes(KEY.public_key()))
SIZE, SEALED = 300, 256


def bodies() -> list[str]:
    return [
        canonical.encode(
            {
                "v": 1,
                "seq": n,
                "time": f"2026-11-23T12:00:00.{n:06d}Z",
                "action": "thing.made",
                "data": {"n": n},
            }
        ).decode()
        for n in range(SIZE)
    ]


def note(entries: list[str], size: int, key: Ed25519PrivateKey = KEY) -> str:
    frontier = Frontier()
    for body in entries[:size]:
        frontier = frontier.push(leaf_hash(body.encode()))
    return sign(Checkpoint(NAME, size, frontier.root()), key)


def run(tmp_path: Path, entries: list[str], notes: list[str]) -> tuple[int, dict]:
    export = tmp_path / "export.jsonl"
    export.write_text("".join(json.dumps({"body": body}) + "\n" for body in entries), encoding="utf-8")
    paths = []
    for number, text in enumerate(notes):
        path = tmp_path / f"{number}.note"
        path.write_text(text, encoding="utf-8")
        paths.append(str(path))
    done = subprocess.run(
        [sys.executable, "-I", verify_log.__file__, str(export), "--key", VERIFIER, *paths],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def test_an_honest_log_passes_and_says_what_is_not_sealed_yet(tmp_path: Path) -> None:
    entries = bodies()
    status, verdict = run(tmp_path, entries, [note(entries, 100), note(entries, SEALED)])
    assert (status, verdict["ok"], verdict["sealed"], verdict["not_yet_sealed"]) == (
        0,
        True,
        SEALED,
        SIZE - SEALED,
    )


def test_another_key_is_no_evidence(tmp_path: Path) -> None:
    entries = bodies()
    status, verdict = run(
        tmp_path, entries, [note(entries, SEALED, Ed25519PrivateKey.from_private_bytes(bytes(32)))]
    )
    assert (status, "signature" in verdict["unusable"]) == (2, True)


def mutate(kind: str, entries: list[str], at: int, other: int) -> None:
    if kind == "edit":
        entries[at] = entries[at].replace("made", "mode")
    elif kind == "delete":
        del entries[at]
    elif kind == "insert":
        entries.insert(at, entries[other].replace("made", "mode"))
    elif kind == "swap":
        entries[at], entries[other] = entries[other], entries[at]
    elif kind == "back-date":
        entries[at] = entries[at].replace("2026-", "2025-")
    elif kind == "cut":
        del entries[min(at, SEALED - 1) :]


@pytest.mark.parametrize("kind", ["edit", "delete", "insert", "swap", "back-date", "cut"])
def test_a_mutation_before_the_last_checkpoint_is_found(kind: str) -> None:
    entries = bodies()
    held = verify_log.Held()
    for size in (64, 128, 192, SEALED):
        held.add(*verify_log.read_note(note(entries, size), VERIFIER))
    rng = random.Random(kind)
    for _ in range(60):
        changed = entries.copy()
        at, other = sorted(rng.sample(range(SEALED), 2))
        mutate(kind, changed, at, other)
        leaves = [leaf_hash(b.encode()) for b in changed]
        faults = [(n, "out of place") for n, b in enumerate(changed) if f'"seq":{n},' not in b]
        verdict = verify_log.judge([(leaves, faults)], held)
        assert verdict["ok"] is False
        assert verdict["first_bad_from"] <= at <= verdict["first_bad_to"] or kind == "cut"


@given(st.integers(0, 700), st.lists(st.integers(1, 300), max_size=6), st.integers(0, 999))
def test_parts_of_any_size_grow_the_tree_that_single_entries_grow(
    first: int, parts: list[int], bad: int
) -> None:
    leaves = [leaf_hash(b"%d" % n) for n in range(first + sum(parts))]
    frontier, kept = Frontier(), {}
    for leaf in leaves:
        frontier, completed = frontier.grow(leaf)
        kept |= {(level, index): node for level, index, node in completed if level >= verify_log.KEPT}
    broken = {place: bytes(32) if place == (8, bad % 4) else node for place, node in kept.items()}
    tree, wrong = verify_log.Tree(kept=kept), verify_log.Tree(kept=broken)
    found, at = [], 0
    for size in (first, *parts):
        assert tree.extend(leaves[at : at + size]) is None
        found += [one for one in [wrong.extend(leaves[at : at + size])] if one]
        at += size
    assert (tree.size, tuple(tree.edge), tree.root()) == (frontier.size, frontier.edge, frontier.root())
    place = bad % 4
    assert found == ([(place << 8, (place << 8) + 255, "block")] if (8, place) in kept else [])
