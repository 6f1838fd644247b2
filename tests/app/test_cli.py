import subprocess
import sys

import pytest
from click.testing import CliRunner

from app.cli import main
from app.wiring import open_store
from core.platform.access import commands as access
from core.platform.store import SYSTEM
from core.platform.store.migrate import upgrade
from core.settings import Settings


@pytest.fixture
def aval(monkeypatch, tmp_path):
    """Run the command in an empty folder and an environment without settings; return its result."""
    monkeypatch.chdir(tmp_path)
    for name in ("AVAL_FOLDER", "AVAL_DATABASE_URL", "LANGUAGE", "LANG"):
        monkeypatch.delenv(name, raising=False)
    return lambda *words: CliRunner().invoke(main, words)


def a_store(folder, people=1):
    store = open_store(Settings(folder=str(folder)), announce=lambda _job: None)
    upgrade(store.engine)
    for n in range(people):
        with store.unit_of_work(SYSTEM) as uow:
            access.add_person(uow, name=f"Person {n}", email=f"p{n}@example.org", roles=["viewer"])
    return store


def break_event(store, index):
    with store.engine.connect() as connection:
        triggers = connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type='trigger' AND tbl_name='audit_event'"
        ).all()
        for (name,) in triggers:
            connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
        body = connection.exec_driver_sql("SELECT body FROM audit_event WHERE idx=?", (index,)).scalar_one()
        touched = body.replace("viewer", "wiewer", 1)
        assert touched != body
        connection.exec_driver_sql("UPDATE audit_event SET body=? WHERE idx=?", (touched, index))
        connection.commit()


def test_help_loads_neither_pandas_nor_streamlit():
    script = "import sys, app.cli; print({'pandas','streamlit','sqlalchemy','skops'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_every_command_explains_itself(aval):
    assert aval("--help").exit_code == 0
    for words in (["serve"], ["worker"], ["demo"], ["migrate"], ["push"], ["release"], ["audit", "verify"]):
        found = aval(*words, "--help")
        assert found.exit_code == 0, found.output
        assert len(found.output.splitlines()) > 4


def test_wrong_usage_is_status_two(aval):
    assert aval("serve", "--port", "99999").exit_code == 2
    assert aval("nothing").exit_code == 2


def test_an_unknown_setting_is_status_two_and_names_the_known_ones(aval, monkeypatch):
    monkeypatch.setenv("AVAL_FODLER", "x")
    found = aval("migrate")
    assert found.exit_code == 2
    assert "AVAL_FODLER" in found.stderr
    assert "AVAL_FOLDER" in found.stderr


def test_migrate_makes_a_store_and_says_when_it_is_up_to_date(aval, tmp_path):
    assert "Brought" in aval("migrate", "--folder", "own").output
    assert "Up to date" in aval("migrate", "--folder", "own").output
    assert (tmp_path / "own" / "aval.db").exists()


def test_verify_prints_size_and_root(aval, tmp_path):
    store = a_store(tmp_path / "own", people=3)
    with store.reading() as view:
        from core.platform.audit.queries import head

        size, root = head(view)
    store.close()
    found = aval("audit", "verify", "--folder", "own")
    assert found.exit_code == 0
    assert found.output.startswith(f"{size} events")
    assert root in found.output


def test_verify_names_the_first_entry_at_fault(aval, tmp_path):
    store = a_store(tmp_path / "own", people=4)
    break_event(store, 2)
    store.close()
    found = aval("audit", "verify", "--folder", "own")
    assert found.exit_code == 1
    assert "event 2 is the first at fault" in found.stderr


def test_verify_without_a_store_says_how_to_get_one(aval):
    found = aval("audit", "verify")
    assert found.exit_code == 1
    assert "--folder" in found.stderr


def test_verify_falls_back_to_the_demo_and_says_so(aval, tmp_path):
    a_store(tmp_path / "var" / "demo").close()
    found = aval("audit", "verify")
    assert found.exit_code == 0
    assert "var/demo" in found.stderr
    a_store(tmp_path / "var" / "aval", people=2).close()
    assert "var/demo" not in aval("audit", "verify").stderr


def test_events_are_listed_oldest_first_with_names(aval, tmp_path):
    a_store(tmp_path / "own", people=3).close()
    lines = aval("audit", "events", "--folder", "own", "--limit", "2").output.splitlines()
    assert [line.split()[0] for line in lines] == ["1", "2"]
    assert "person.added" in lines[0]
    assert aval("audit", "events", "--folder", "own", "--json").output.splitlines()[0].startswith("{")


def test_no_store_of_ones_own_is_ever_made_the_demo(aval, tmp_path):
    a_store(tmp_path / "own").close()
    found = aval("demo", "--folder", "own", "--seed-only")
    assert found.exit_code == 1
    assert "--folder" in found.stderr
