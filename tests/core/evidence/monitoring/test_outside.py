"""A log that lies in a DuckDB file: counted there, the same as if its rows had been sent."""

import duckdb
import numpy as np
import pandas as pd
import pytest

from core.errors import AvalError, Conflict, Invalid, Refused, Unavailable
from core.evidence.monitoring import commands, location, queries, work
from core.evidence.monitoring.batches import Expected
from core.evidence.monitoring.location import LogSetting, Outside
from core.evidence.monitoring.outside import outside_log
from core.evidence.monitoring.performance import Metric
from core.evidence.monitoring.windows import Grain
from core.platform.audit import queries as audit
from core.platform.store import Actor
from tests.core.evidence.monitoring.conftest import Watched, credit, sent, told

ADMIN = Actor("per_admin", "person", frozenset({"administrator"}))


def _write(path, rows: pd.DataFrame, labels: pd.DataFrame | None = None, *, fresh: bool = True) -> None:
    with duckdb.connect(str(path)) as file:
        rows = rows.assign(timestamp=pd.to_datetime(rows["timestamp"]).dt.tz_localize(None))
        for name, table in (("served", rows), ("truth", labels)):
            if table is not None:
                file.register("given", table)
                how = "CREATE OR REPLACE TABLE {} AS" if fresh else "INSERT INTO {} BY NAME"
                file.execute(how.format(name) + " SELECT * FROM given")


def _locate(it: Watched, path, **more) -> None:
    outside = Outside(f"duckdb://{path}", "served", **{"labels": "truth", **more})
    with it.store.unit_of_work(ADMIN) as uow:
        commands.set_log(uow, it.use_case_id, LogSetting(outside, None))


def _rows(
    seed: int, prefix: str, start: str, n: int = 900, days: int = 5
) -> tuple[pd.DataFrame, pd.DataFrame]:
    frame = credit(n, seed)
    rows = sent(frame, start, days, prefix)
    hour = pd.to_timedelta(np.arange(n) * 7 % 24, unit="h")
    rows["timestamp"] = (pd.to_datetime(rows["timestamp"]) + hour).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return rows, told(frame, prefix)


def test_an_outside_log_gives_the_same_profiles_and_metrics(watch_here, tmp_path):
    own, other = watch_here("own"), watch_here("other")
    rows, labels = _rows(3, "a", "2026-08-28")
    rows.loc[5, "channel"] = "carrier pigeon"
    own.send(rows)
    own.send(labels, "labels")
    _write(tmp_path / "log.duckdb", rows, labels)
    _locate(other, tmp_path / "log.duckdb")
    other.work()
    with own.store.reading() as view:
        for grain in (Grain.HOUR, Grain.DAY, Grain.MONTH):
            left = queries.drift(view, own.version_id, grain)
            right = queries.drift(view, other.version_id, grain)
            assert left.windows == right.windows
            assert left.cells.tolist() == right.cells.tolist()
            assert left.novel == right.novel
        found = [
            queries.measures(view, [it.version_id], Grain.MONTH, list(Metric))[it.version_id]
            for it in (own, other)
        ]
    assert found[0] == found[1]
    assert Metric.ROC_AUC in next(iter(found[1].values()))


def test_only_days_that_changed_are_counted_anew_and_late_labels_are_measured(watch, tmp_path, monkeypatch):
    it = watch()
    path = tmp_path / "log.duckdb"
    rows, labels = _rows(3, "a", "2026-09-01")
    _write(path, rows, labels.iloc[:0])
    _locate(it, path)
    it.work()
    counted = []
    plain = work.commands.replace_day
    monkeypatch.setattr(
        work.commands, "replace_day", lambda *a, **k: (counted.append(a[3]), plain(*a, **k))[1]
    )
    late, _ = _rows(4, "b", "2026-09-03", 50, 1)
    _write(path, late, labels, fresh=False)
    with it.store.unit_of_work(ADMIN) as uow:
        commands.ask_to_follow(uow, it.use_case_id)
    it.work()
    assert [str(day) for day in counted] == ["2026-09-03"]
    with it.store.reading() as view:
        assert queries.coverage(view, it.version_id).rows == 950
        assert queries.coverage(view, it.version_id).labelled == 900
    with it.store.unit_of_work(ADMIN) as uow:
        commands.ask_to_follow(uow, it.use_case_id)
    it.work()
    assert len(counted) == 1, "nothing changed"


def test_columns_may_be_called_otherwise_and_versions_are_told_apart(watch_here, tmp_path):
    it = watch_here()
    rows, labels = _rows(5, "a", "2026-09-01")
    rows = rows.rename(columns={"prediction_id": "id", "timestamp": "served_at", "probability": "score"})
    rows["timestamp"] = rows.pop("served_at")
    rows["release"] = np.where(np.arange(len(rows)) % 3 == 0, 2, 1)
    _write(tmp_path / "l.duckdb", rows, labels.rename(columns={"prediction_id": "of"}))
    names = {"prediction_id": "id", "probability": "score", "version": "release", "label_id": "of"}
    _locate(it, tmp_path / "l.duckdb", columns=names)
    it.work()
    with it.store.reading() as view:
        assert queries.coverage(view, it.version_id).rows == 600
        events = [e.action for e in audit.events(view, subject_id=it.use_case_id, limit=10)]
    assert "prediction_log.set" in events


def test_rows_are_not_sent_where_the_log_lies_outside(watch_here, tmp_path):
    it = watch_here()
    rows, labels = _rows(5, "a", "2026-09-01", 50)
    _write(tmp_path / "l.duckdb", rows, labels)
    _locate(it, tmp_path / "l.duckdb")
    with pytest.raises(Conflict) as refused:
        it.send(rows)
    assert "served" in refused.value.text()
    with pytest.raises(Refused), it.store.unit_of_work(it.sender) as uow:
        commands.set_log(uow, it.use_case_id, LogSetting())


@pytest.mark.parametrize(
    ("outside", "code"),
    [
        (Outside("/etc/passwd", "t"), "log.engine"),
        (Outside("duckdbb://x.db", "t"), "log.engine"),
        (Outside("postgres://me:secret@host/db", "t"), "log.password"),
        (Outside("postgres://me:${AVAL_SIGNING_KEY}@host/db", "t"), "log.secret_name"),
        (Outside("duckdb://x.db", " "), "log.table"),
        (Outside("duckdb://x.db", "t", columns={"income": "x"}), "log.columns"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_with_its_field(outside, code):
    with pytest.raises(Invalid) as refused:
        location.check(LogSetting(outside))
    assert refused.value.code == code
    assert refused.value.fix_text() or code == "log.table"
    with pytest.raises(Invalid):
        location.check(LogSetting(keep_days=1))


def test_secrets_come_from_the_environment():
    address = "trino://me:${WAREHOUSE_PASSWORD}@host/db"
    location.check(LogSetting(Outside(address, "t")))
    assert location.opened(address, {"WAREHOUSE_PASSWORD": "s3"}) == "trino://me:s3@host/db"
    with pytest.raises(Invalid) as refused:
        location.opened(address, {"AVAL_TOKEN": "x"})
    assert "WAREHOUSE_PASSWORD" in refused.value.text()


def test_what_is_wrong_there_is_said_with_what_to_do(watch_here, tmp_path):
    it = watch_here()
    rows, labels = _rows(5, "a", "2026-09-01", 50)
    path = tmp_path / "l.duckdb"
    _write(path, rows.drop(columns="debt"), labels)
    with it.store.reading() as view:
        version = work.registry.version(view, it.version_id)
        expected = work.expected_rows(view, version)

    def refused(outside: Outside, kind: type[AvalError], wanted: Expected = expected) -> AvalError:
        with pytest.raises(kind) as problem, outside_log(outside, version, wanted):
            pass
        assert problem.value.fix_text()
        return problem.value

    assert "truth" in refused(Outside(f"duckdb://{path}", "nowhere"), Invalid).fix_text()
    assert "debt" in refused(Outside(f"duckdb://{path}", "served"), Invalid).text()
    assert (
        refused(Outside(f"duckdb://{tmp_path}/none.duckdb", "served"), Unavailable).code == "log.unreachable"
    )
    assert refused(Outside("trino://host/db", "served"), Unavailable).code in (
        "log.driver",
        "log.unreachable",
    )
    rows["timestamp"] = pd.Timestamp("2026-09-01")
    with duckdb.connect(str(path)) as file:
        file.register("given", rows.assign(timestamp="yesterday"))
        file.execute("CREATE OR REPLACE TABLE served AS SELECT * FROM given")
    assert refused(Outside(f"duckdb://{path}", "served"), Invalid).code == "log.moment"
