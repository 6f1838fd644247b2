"""`aval audit`, `backup`, `restore`, `scrub` and `verify` as an operator types them."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import main
from core.decisions.releases import dossier_making
from core.platform.access import queries as access
from core.platform.audit import queries as audit
from core.platform.audit.keys import signing_path
from core.platform.audit.verify_log import read_note
from tests.app.test_cli import a_store, break_event
from tests.core.decisions.conftest import bench_on
from tests.core.decisions.releases.test_dossier import approve


@pytest.fixture
def aval(monkeypatch, tmp_path):
    """Run the command in an empty folder and an environment without settings; return its result."""
    monkeypatch.chdir(tmp_path)
    for name in ("AVAL_FOLDER", "AVAL_DATABASE_URL", "LANGUAGE", "LANG", "AVAL_CHECKPOINT_TO"):
        monkeypatch.delenv(name, raising=False)
    return lambda *words: CliRunner().invoke(main, words)


def grow(folder: Path, people: int) -> None:
    a_store(folder, people).close()


def test_a_checkpoint_kept_elsewhere_finds_a_cut_tail_and_names_an_edit(aval, tmp_path):
    store = a_store(tmp_path / "own", 5)
    words = ("--folder", "own")
    made = aval("audit", "checkpoint", "--out", "kept/note.txt", *words)
    assert made.exit_code == 0, made.output
    sealed = int(re.search(r"(\d+) events sealed", made.output).group(1))
    for n in range(5, 8):
        with store.unit_of_work(system()) as uow:
            uow.record("thing.made", "thing", f"t{n}")
    good = aval("audit", "verify", "--against", "kept/note.txt", *words)
    assert good.exit_code == 0, good.output
    assert "3 events not yet sealed" in good.output
    assert "root " in good.output
    with store.engine.connect() as connection:
        connection.exec_driver_sql("DROP TRIGGER audit_no_delete")
        connection.exec_driver_sql("DELETE FROM audit_event WHERE idx >= ?", (sealed - 2,))
        connection.commit()
    cut = aval("audit", "verify", "--against", "kept/note.txt", *words)
    assert cut.exit_code == 1
    assert f"event {sealed - 2} is the first that is missing" in cut.stderr
    store.close()


def system():
    from core.platform.store import SYSTEM

    return SYSTEM


def test_an_edit_is_named_and_a_note_of_another_log_is_refused(aval, tmp_path):
    store = a_store(tmp_path / "own", 4)
    assert aval("audit", "checkpoint", "--out", "kept/note.txt", "--folder", "own").exit_code == 0
    break_event(store, 2)
    store.close()
    found = aval("audit", "verify", "--against", "kept/note.txt", "--folder", "own")
    assert found.exit_code == 1
    assert "event 2 is the first at fault" in found.stderr
    grow(tmp_path / "other", 2)
    foreign = aval("audit", "verify", "--against", "kept/note.txt", "--folder", "other")
    assert foreign.exit_code == 1
    assert "cannot be held against" in foreign.stderr


def test_the_export_is_verified_by_the_written_file_alone(aval, tmp_path):
    grow(tmp_path / "own", 6)
    made = aval("audit", "checkpoint", "--out", "kept/note.txt", "--folder", "own")
    key = re.search(r"verifier key (\S+)", made.stderr).group(1)
    assert aval("audit", "export", "--out", "log.jsonl", "--folder", "own").exit_code == 0
    assert aval("audit", "verifier", "--out", "check.py").exit_code == 0
    words = [sys.executable, "-I", "check.py", "log.jsonl", "--key", key, "kept/note.txt"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)["not_yet_sealed"]) == (0, 0)
    log = tmp_path / "log.jsonl"
    log.write_text(log.read_text().replace("viewer", "wiewer", 1))
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    verdict = json.loads(done.stdout)
    assert done.returncode == 1
    assert verdict["first_bad_from"] == verdict["first_bad_to"]


def test_a_proof_leads_to_the_signed_root(aval, tmp_path):
    grow(tmp_path / "own", 6)
    found = json.loads(aval("audit", "prove", "3", "--folder", "own").stdout)
    size, root = read_note(found["checkpoint"], found["key"])
    from core.platform.audit import proofs

    path = [bytes.fromhex(node) for node in found["path"]]
    assert proofs.verify_inclusion(bytes.fromhex(found["leaf"]), 3, size, path, root)
    assert aval("audit", "prove", "999", "--folder", "own").exit_code == 2


def test_after_the_key_was_changed_old_notes_still_hold(aval, tmp_path):
    store = a_store(tmp_path / "own", 3)
    path = signing_path(store.settings)
    assert aval("audit", "checkpoint", "--out", "kept/old.note", "--folder", "own").exit_code == 0
    before = path.read_bytes()
    for _ in range(2):
        changed = aval("audit", "rotate-key", "--folder", "own")
        assert changed.exit_code == 0, changed.output
    assert path.read_bytes() != before
    assert path.stat().st_mode & 0o077 == 0
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    found = aval("audit", "verify", "--against", "kept/old.note", "--folder", "own")
    assert found.exit_code == 0, found.output + found.stderr
    assert "Every event is sealed" in found.output
    # a rotation that the present key does not acknowledge makes nobody's key ours
    from core.platform.audit.rotation import known_keys

    with store.unit_of_work(system()) as uow:
        keys = known_keys(uow.session, store.settings)
        assert len(keys) == 3
        from core.platform.audit import commands

        commands.record_rotation(
            uow, old=keys[-1], new=keys[0], endorsed="AAAA", acknowledged="A" * 86 + "=="
        )
    with store.reading() as session:
        assert known_keys(session, store.settings) == keys
    store.close()


def test_backup_restore_keys_and_scrub(aval, tmp_path):
    store = a_store(tmp_path / "own", 3)
    digest = store.files.put_bytes(b"artifact").digest
    with store.reading() as session:
        head = audit.head(session)
    assert aval("backup", "saved", "--folder", "own").exit_code == 0
    assert aval("backup-keys", "keys.json", "--folder", "own").exit_code == 0
    back = aval("restore", "saved", "--folder", "new")
    assert back.exit_code == 0, back.output + back.stderr
    assert f"root {head[1]}" in back.output
    assert aval("restore-keys", "keys.json", "--folder", "new").exit_code == 0
    other = a_store(tmp_path / "new", 0)
    with other.reading() as session:
        assert sorted(p.name for p in access.people(session)) == ["Person 0", "Person 1", "Person 2"]
    other.close()
    assert aval("restore", "saved", "--folder", "new").exit_code == 1
    assert aval("scrub", "--folder", "own").exit_code == 0
    store.files.path(digest).write_bytes(b"rot")
    rotten = aval("scrub", "--folder", "own")
    assert (rotten.exit_code, digest in rotten.stderr) == (1, True)
    store.close()


def test_verify_answers_about_a_dossier(aval, store, hands, tmp_path):
    bench = bench_on(store, hands)
    release = approve(bench)
    path = tmp_path / "d.zip"
    with path.open("w+b") as sink:
        dossier_making.write_dossier(store, release, sink)
    good = aval("verify", "d.zip")
    assert good.exit_code == 0, good.output
    assert "per_carl  compliance: approve" in good.output
    data = bytearray(path.read_bytes())
    data[200] ^= 4
    path.write_bytes(data)
    bad = aval("verify", "d.zip")
    assert bad.exit_code == 1
    assert "DOES NOT HOLD" in bad.output
