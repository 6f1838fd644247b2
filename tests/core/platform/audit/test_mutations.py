"""Random mutations of the log with its triggers dropped, by an attacker who may rewrite every table of it."""

import json
import random
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection
from sqlmodel import Session

from core.platform.audit import canonical, verify_log
from core.platform.audit import queries as audit
from core.platform.audit.checkpoint import Checkpoint, public_bytes, sign, verifier_key
from core.platform.audit.keys import signing_key
from core.platform.audit.log import append
from core.platform.audit.merkle import Frontier, leaf_hash
from core.platform.audit.rotation import known_keys
from core.platform.audit.tables import KEPT_LEVEL
from core.platform.audit.work import leaves_name, note_name, seal
from core.platform.store import Store

SIZE, SEALS = 700, (100, 300, 301, 600)
SEALED = SEALS[-1]
KINDS = ("edit", "delete", "insert", "swap", "back-date", "cut", "re-sign")


@pytest.fixture
def held(store: Store, actor, tmp_path: Path, hands) -> Store:
    """A log of 700 entries, its triggers dropped, with four checkpoints handed out to a folder."""
    handed = Store(store.settings.with_(checkpoint_to=str(tmp_path / "held")), append, clock=hands)
    n = 0
    for until in (*SEALS, SIZE):
        while n < until:
            with handed.unit_of_work(actor("operations")) as uow:
                for n in range(n, min(n + 50, until)):  # noqa: B020
                    uow.record("thing.made", "thing", f"t{n}", {"n": n, "digest": f"{n:064x}"})
                n += 1
        if until in SEALS:
            assert seal(handed)
    with handed.engine.begin() as connection:
        for (name,) in connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).all():
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
    yield handed
    handed.close()


def rows(connection: Connection) -> list[dict]:
    return [
        dict(row) for row in connection.exec_driver_sql("SELECT * FROM audit_event ORDER BY idx").mappings()
    ]


def forge(row: dict, rng: random.Random, field: str = "") -> None:
    body = json.loads(row["body"])
    match field or rng.choice(["data", "actor", "time", "action"]):
        case "data":
            body["data"]["n"] += 1_000
        case "actor":
            body["actor"]["id"] = row["actor"] = "per_mallory"
        case "time":
            body["time"] = row["time"] = "2020" + body["time"][4:]
        case "action":
            body["action"] = row["action"] = "thing.lost"
    row["body"] = canonical.encode(body).decode()


def mutate(kind: str, found: list[dict], rng: random.Random) -> int:
    """Change the rows; return the index of the first one that is not what was sealed."""
    at, other = sorted(rng.sample(range(SEALED), 2))
    if kind in {"edit", "re-sign"}:
        forge(found[at], rng)
    elif kind == "back-date":
        forge(found[at], rng, "time")
    elif kind == "delete":
        del found[at]
    elif kind == "insert":
        made = dict(found[at])
        forge(made, rng, "data")
        found.insert(at, made)
    elif kind == "swap":
        found[at], found[other] = found[other], found[at]
    elif kind == "cut":
        del found[at:]
    return at


def renumber(found: list[dict]) -> None:
    for n, row in enumerate(found):
        body = json.loads(row["body"])
        body["seq"] = row["idx"] = n
        row["body"] = canonical.encode(body).decode()


def write(connection: Connection, found: list[dict], level: str) -> None:
    """Write the rows back: `rows` only, with their `leaves`, or with every `hash` that the store keeps."""
    connection.exec_driver_sql("DELETE FROM audit_event")
    frontier, nodes = Frontier(), []
    for row in found:
        if level != "rows":
            row["leaf"] = leaf_hash(row["body"].encode())
        if level == "hashes":
            frontier, completed = frontier.grow(row["leaf"])
            nodes += [n for n in completed if n[0] >= KEPT_LEVEL]
    names = list(found[0]) if found else []
    if found:
        connection.exec_driver_sql(
            f"INSERT OR REPLACE INTO audit_event ({','.join(names)}) VALUES ({','.join('?' * len(names))})",
            [tuple(row[name] for name in names) for row in found],
        )
    if level == "hashes":
        connection.exec_driver_sql(
            "UPDATE audit_frontier SET size = ?, edge = ?", (frontier.size, frontier.pack())
        )
        connection.exec_driver_sql("DELETE FROM audit_node")
        if nodes:
            connection.exec_driver_sql("INSERT INTO audit_node VALUES (?, ?, ?)", nodes)


def attack(
    store: Store, seed: int, folder: Path, keys: tuple[str, ...], exact: verify_log.Held
) -> tuple[str, str]:
    """One mutation in a transaction that is rolled back; assert that it is found, and where."""
    rng = random.Random(seed)
    kind, level = rng.choice(KINDS), rng.choice(["rows", "leaves", "hashes"])
    notes = [str(path) for path in folder.glob("*.note")]
    with store.engine.connect() as connection, connection.begin() as transaction:
        found = rows(connection)
        at = mutate(kind, found, rng)
        if level == "hashes":
            renumber(found)
        elif kind in {"insert", "swap"}:
            found = [{**row, "idx": n} for n, row in enumerate(found)]
        write(connection, found, level)
        with Session(connection) as session:
            assert not audit.verify(session, exact).ok, (kind, level)
            verdict = audit.verify(session, exact)
            assert (verdict.first_bad, verdict.last_bad) == (at, at), (kind, level, verdict)
            ranged = verify_log.Held()
            for size, root in exact.roots.items():
                ranged.add(size, root)
            without = audit.verify(session, ranged)
            assert not without.ok
            if kind != "cut":
                assert without.sealed <= at <= without.last_bad, (kind, level, without)
            export = folder.parent / "export.jsonl"
            with export.open("w", encoding="utf-8") as file:
                file.writelines(json.dumps({"body": body}) + "\n" for body in audit.bodies(session))
        transaction.rollback()
    offline = verify_log.judge(verify_log.entries_of(str(export)), verify_log.held_elsewhere(notes, keys))
    assert (offline["ok"], offline["first_bad_from"], offline["first_bad_to"]) == (False, at, at), (
        kind,
        level,
    )
    if kind == "re-sign":
        key = Ed25519PrivateKey.generate()
        forged = sign(Checkpoint(store.settings.log_origin, SEALED, bytes.fromhex(offline["root"])), key)
        with pytest.raises(verify_log.Unusable):
            verify_log.read_signed(forged, keys)
        claimed = folder.parent / "claimed"
        shutil.copytree(folder, claimed, dirs_exist_ok=True)
        (claimed / note_name(SEALED)).write_text(forged, encoding="utf-8")
        with pytest.raises(verify_log.Unusable):
            verify_log.held_elsewhere([str(claimed / note_name(SEALED))], keys)
    return kind, level


@pytest.mark.parametrize(
    "count", [pytest.param(150, id="150"), pytest.param(1000, id="1000", marks=pytest.mark.long)]
)
def test_every_mutation_is_found_and_the_first_bad_entry_is_named(
    held: Store, tmp_path: Path, count: int
) -> None:
    folder = tmp_path / "held"
    assert sorted(p.name for p in folder.iterdir()) == sorted(
        f(s) for s in SEALS for f in (note_name, leaves_name)
    )
    with held.reading() as session:
        keys = known_keys(session, held.settings)
        assert keys == (
            verifier_key(held.settings.log_origin, public_bytes(signing_key(held.settings).public_key())),
        )
        exact = verify_log.held_elsewhere([str(p) for p in folder.glob("*.note")], keys)
        honest = audit.verify(session, exact)
    assert (honest.ok, honest.size, honest.sealed) == (True, SIZE, SEALED)
    seen = {attack(held, seed, folder, keys, exact) for seed in range(count)}
    assert {kind for kind, _level in seen} == set(KINDS)
    assert {level for _kind, level in seen} == {"rows", "leaves", "hashes"}


def test_a_rewrite_after_the_last_checkpoint_is_reported_as_not_yet_sealed(
    held: Store, tmp_path: Path
) -> None:
    """What nobody outside holds cannot be proved; the verdict says how much that is."""
    with held.engine.connect() as connection, connection.begin() as transaction:
        found = rows(connection)
        forge(found[SEALED + 50], random.Random(1), "actor")
        write(connection, found, "hashes")
        with Session(connection) as session:
            keys = known_keys(session, held.settings)
            exact = verify_log.held_elsewhere([str(p) for p in (tmp_path / "held").glob("*.note")], keys)
            verdict = audit.verify(session, exact)
        transaction.rollback()
    assert (verdict.ok, verdict.sealed, verdict.size) == (True, SEALED, SIZE)


def test_a_broken_leaf_file_accuses_nobody(held: Store, tmp_path: Path) -> None:
    folder = tmp_path / "held"
    spoilt = folder / leaves_name(300)
    spoilt.write_bytes(b"\0" * len(spoilt.read_bytes()))
    with held.reading() as session:
        keys = known_keys(session, held.settings)
        exact = verify_log.held_elsewhere([str(p) for p in folder.glob("*.note")], keys)
        assert audit.verify(session, exact).ok
    with held.engine.connect() as connection, connection.begin() as transaction:
        found = rows(connection)
        forge(found[150], random.Random(1), "actor")
        write(connection, found, "hashes")
        with Session(connection) as session:
            verdict = audit.verify(session, exact)
        transaction.rollback()
    assert (verdict.ok, verdict.first_bad, verdict.last_bad) == (False, 100, 299)
