"""Sealing: signed, handed out, and held against the log that later stands there."""

import stat
import subprocess
from pathlib import Path

import pytest

from core.errors import Invalid
from core.platform.audit import queries as audit
from core.platform.audit import work
from core.platform.audit.checkpoint import public_bytes, verify
from core.platform.audit.keys import signing_key
from core.platform.audit.log import append
from core.platform.store import Store
from core.settings import Settings


def write(store: Store, actor, n: int) -> None:
    with store.unit_of_work(actor()) as uow:
        for i in range(n):
            uow.record("thing.made", "thing", f"t{i}")


def test_a_checkpoint_reaches_every_place(any_store: Store, actor, tmp_path: Path, hands) -> None:
    repository = tmp_path / "held"
    repository.mkdir()
    subprocess.run(["git", "init", "--quiet", str(repository)], check=True)
    places = f"{tmp_path / 'folder'} git:{repository} memory://held"
    store = Store(any_store.settings.with_(checkpoint_to=places), append, clock=hands)
    assert not work.due(store)
    assert work.seal(store) is None
    write(store, actor, 3)
    assert work.due(store)
    note = work.seal(store)
    key = public_bytes(signing_key(store.settings).public_key())
    said = verify(note, store.settings.log_origin, key)
    with store.reading() as session:
        assert (said.size, said.root.hex()) == audit.head(session)
        assert audit.last_checkpoint(session).places == tuple(places.split())
    assert (tmp_path / "folder" / "checkpoint-000000000003.note").read_text() == note
    committed = subprocess.run(
        ["git", "log", "--oneline"], cwd=repository, capture_output=True, text=True, check=True
    )
    assert "3 entries" in committed.stdout
    assert not work.due(store)
    assert work.seal(store) is None
    write(store, actor, 1)
    assert not work.due(store)
    hands.forward(seconds=61)
    assert work.due(store)
    store.close()


def test_a_place_that_fails_stops_nothing(store: Store, actor, tmp_path: Path, hands) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    other = Store(store.settings.with_(checkpoint_to=f"{blocked}/x {tmp_path / 'good'}"), append, clock=hands)
    write(other, actor, 1)
    assert work.seal(other)
    with other.reading() as session:
        assert audit.last_checkpoint(session).places == (str(tmp_path / "good"),)
    other.close()


def test_the_key_is_for_its_owner_only(tmp_path: Path) -> None:
    settings = Settings(folder=str(tmp_path))
    first = signing_key(settings)
    path = tmp_path / "keys" / "log.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert public_bytes(signing_key(settings).public_key()) == public_bytes(first.public_key())
    path.chmod(0o644)
    with pytest.raises(Invalid, match="chmod 600"):
        signing_key(settings)


def test_a_decision_is_sealed_at_once(store: Store, actor) -> None:
    write(store, actor, 1)
    work.seal(store)
    write(store, actor, 1)
    assert not work.due(store)
    with store.unit_of_work(actor()) as uow:
        uow.record("release.signed", "release", "rel_1")
    assert work.due(store)
    work.seal(store)
    assert not work.due(store)
