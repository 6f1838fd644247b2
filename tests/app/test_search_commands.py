"""`aval search-rebuild`: after a restore, the words of the log are found again."""

from core.overview.decision_log import queries
from core.overview.decision_log.queries import Asked
from core.platform.discussion import commands as discussion
from core.platform.store import SYSTEM
from tests.app.test_audit_commands import aval
from tests.app.test_cli import a_store

__all__ = ["aval"]


def found(store) -> list[str]:
    with store.reading() as view:
        return [one.texts[0] for one in queries.search(view, SYSTEM, Asked("thresholds")).decisions]


def test_the_index_is_made_from_the_log_and_is_in_no_backup(aval, tmp_path):
    store = a_store(tmp_path / "own", 2)
    with store.unit_of_work(SYSTEM) as uow:
        discussion.comment(uow, subject_kind="house", subject_id="house", text="Thresholds moved")
    assert found(store) == []
    made = aval("search-rebuild", "--folder", "own")
    assert made.exit_code == 0, made.output
    assert "entries of the log were read" in made.output
    assert found(store) == ["Thresholds moved"]
    assert aval("backup", "saved", "--folder", "own").exit_code == 0
    assert not list((tmp_path / "saved" / "rows").glob("search_*"))
    assert aval("backup-keys", "keys.json", "--folder", "own").exit_code == 0
    assert aval("restore", "saved", "--folder", "other").exit_code == 0
    assert aval("restore-keys", "keys.json", "--folder", "other").exit_code == 0
    assert aval("search-rebuild", "--folder", "other").exit_code == 0
    other = a_store(tmp_path / "other", 0)
    assert found(other) == ["Thresholds moved"]
