"""One byte of one event changed with raw SQL, triggers gone: the command names the event."""

import sqlite3
import subprocess
import sys

import pytest

from core.platform.audit import queries as audit
from tests.browser.harness import ROOT, environment
from tests.served import open_folder, person

EVENTS = 9


def verify(folder):
    return subprocess.run(
        [sys.executable, "-m", "app.cli", "audit", "verify", "--folder", str(folder)],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder(tmp_path):
    store = open_folder(tmp_path / "house")
    for n in range(EVENTS):
        person(store, f"p{n}", "viewer")
    with store.reading() as view:
        assert audit.verify(view).size == EVENTS
    store.close()
    return tmp_path / "house"


def touch(folder, statement, *values):
    """Write past Aval, as somebody with the file and an editor would."""
    with sqlite3.connect(folder / "aval.db") as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f'DROP TRIGGER "{name}"')
        raw.execute(statement, values)


@pytest.mark.parametrize("index", [0, 4, EVENTS - 1])
@pytest.mark.parametrize("place", [0.1, 0.5, 0.95])
def test_a_changed_byte_is_named(folder, index, place):
    with sqlite3.connect(folder / "aval.db") as raw:
        (body,) = raw.execute("SELECT body FROM audit_event WHERE idx = ?", (index,)).fetchone()
    at = int(len(body) * place)
    flipped = body[:at] + chr(ord(body[at]) ^ 1) + body[at + 1 :]
    touch(folder, "UPDATE audit_event SET body = ? WHERE idx = ?", flipped, index)
    found = verify(folder)
    assert found.returncode == 1
    assert f"event {index} is the first at fault" in found.stderr


def test_the_triggers_refuse_it_while_they_stand(folder):
    with sqlite3.connect(folder / "aval.db") as raw, pytest.raises(sqlite3.Error):
        raw.execute("UPDATE audit_event SET body = '' WHERE idx = 1")


def test_a_cut_tail_is_seen(folder):
    touch(folder, "DELETE FROM audit_event WHERE idx = ?", EVENTS - 1)
    found = verify(folder)
    assert found.returncode == 1
    assert f"event {EVENTS - 1}" in found.stderr


def test_an_untouched_log_passes(folder):
    found = verify(folder)
    assert found.returncode == 0
    assert found.stdout.startswith(f"{EVENTS} events")
