"""What comes in another order, in another form, or about a person; and a log that stays small."""

import json
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from sqlmodel import select

from core.errors import Invalid
from core.evidence.monitoring import commands, decisions, payload_work, payloads, queries, tidying, work
from core.evidence.monitoring.batches import BatchKind, Expected
from core.evidence.monitoring.location import LogSetting
from core.evidence.monitoring.logged import KnownLogs
from core.evidence.monitoring.performance import Metric
from core.evidence.monitoring.tables import PartRow
from core.evidence.monitoring.windows import Grain
from core.platform.audit import queries as audit
from core.platform.jobs import handling
from core.platform.store import SYSTEM, Actor
from tests.core.evidence.monitoring.conftest import Watched, credit, sent, told

ADMIN = Actor("per_admin", "person", frozenset({"administrator"}))


def _metrics(it: Watched, *, exact: bool = False):
    with it.store.reading() as view:
        found = queries.measures(view, [it.version_id], Grain.MONTH, list(Metric))[it.version_id]
    # Sums in another order of rows differ in the last digits.
    return {
        (window.start, metric): pytest.approx((one.value, one.low, one.high, one.n), abs=1e-12, nan_ok=True)
        if exact
        else (one.value, one.low, one.high, one.n)
        for window, measures in found.items()
        for metric, one in measures.items()
    }


def test_labels_may_come_before_their_predictions(watch):
    early, late = watch("early"), watch("late")
    frame = credit(600, 3)
    receipt = early.send(told(frame, "a"), "labels")
    assert (receipt.accepted, receipt.refused, receipt.waiting) == (600, 0, 600)
    assert receipt.first_day is None
    again = early.send(told(frame, "a").iloc[:100], "labels")
    assert (again.accepted, again.repeated) == (0, 100)
    early.send(sent(frame, "2026-08-28", 9, "a"))
    late.send(sent(frame, "2026-08-28", 9, "a"))
    late.send(told(frame, "a"), "labels")
    assert _metrics(early) == _metrics(late, exact=True)
    tidying.compact(early.store, early.version_id, BatchKind.LABELS)
    with early.store.reading() as view:
        assert queries.waiting_labels(view, early.version_id) == ()
    wrong = told(frame, "a").assign(label=lambda f: 1 - f["label"])
    assert early.send(wrong, "labels").revised == 600
    late.send(wrong, "labels")
    assert _metrics(early) == _metrics(late, exact=True)


def test_a_person_is_found_by_pseudonym_and_stands_nowhere_in_clear(watch, tmp_path):
    it = watch()
    frame = sent(credit(300, 3), "2026-08-01", 3, "a")
    frame["subject"] = [f"customer {i % 100:03}" for i in range(300)]
    receipt = it.send(frame)
    assert receipt.ignored == ()
    it.send(sent(credit(50, 4), "2026-08-01", 3, "b"))  # without the column
    found = decisions.decisions_about(it.store, [it.version_id], " customer 042 ")
    assert [one.prediction_id for one in found] == ["a-242", "a-142", "a-42"] or {
        one.prediction_id for one in found
    } == {"a-42", "a-142", "a-242"}
    assert found[0].inputs["channel"] == frame.loc[int(found[0].prediction_id[2:]), "channel"]
    assert found[0].label is None
    assert decisions.decisions_about(it.store, [it.version_id], "customer 999") == ()
    assert decisions.decision(it.store, it.version_id, "b-7").probability == pytest.approx(
        credit(50, 4).loc[7, "probability"]
    )
    folder = it.store.settings.folder_path / "files"
    bodies = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert not any(b"customer 042" in body for body in bodies), "what arrived is gone once its rows are taken"
    with it.store.reading() as view:
        events = [json.dumps(dict(e.data)) for e in audit.events(view, limit=50)]
        assert not any("customer" in text for text in events)
        assert queries.drift(view, it.version_id, Grain.DAY) is not None
    # The same people again, after the log was merged.
    tidying.compact(it.store, it.version_id, BatchKind.PREDICTIONS, fewest=2)
    assert len(decisions.decisions_about(it.store, [it.version_id], "customer 042")) == 3


def test_small_parts_are_merged_and_nothing_changes(watch):
    it = watch()
    frame = credit(600, 3)
    rows, labels = sent(frame, "2026-08-28", 6, "a"), told(frame, "a")
    for some in np.array_split(np.arange(600), 6):
        it.send(rows.iloc[some], profile=False)
        it.send(labels.iloc[some], "labels", profile=False)
    it.send(labels.iloc[:60].assign(label=lambda f: 1 - f["label"]), "labels")
    with it.store.reading() as view:
        before = queries.drift(view, it.version_id, Grain.HOUR)
        parts = view.exec(select(PartRow.id)).all()
    measured = _metrics(it, exact=True)
    with it.store.unit_of_work(ADMIN) as uow:
        commands.ask_to_tidy(uow, it.version_id)
    assert handling.run_waiting(it.store, {"monitoring.tidy": tidying.tidy}) == 1
    with it.store.reading() as view:
        after = view.exec(select(PartRow)).all()
        files = {row.digest for row in after}
    assert len(parts) == 78
    assert len(after) == 12
    assert sum(row.rows for row in after) == 1200
    assert set(it.store.files.digests()) >= files
    assert len(set(it.store.files.digests())) == 2 + len(files), "evaluation data, and the log"
    assert (it.send(rows).accepted, it.send(labels.iloc[60:], "labels").accepted) == (0, 0)
    with it.store.unit_of_work(it.sender) as uow:
        commands.ask_to_rebuild(uow, it.version_id)
    it.work()
    with it.store.reading() as view:
        again = queries.drift(view, it.version_id, Grain.HOUR)
    assert again.cells.tolist() == before.cells.tolist()
    assert _metrics(it) == measured


def test_rows_expire_and_profiles_stay(watch, hands):
    it = watch()
    old, new = credit(200, 3), credit(200, 4)
    it.send(sent(old, "2026-08-01", 5, "old"))
    it.send(told(old, "old"), "labels")
    it.send(sent(new, "2026-11-10", 5, "new"))
    it.send(told(credit(5, 1), "never"), "labels")
    with it.store.unit_of_work(ADMIN) as uow:
        commands.set_log(uow, it.use_case_id, LogSetting(keep_days=30))
    jobs = {"monitoring.tidy": tidying.tidy}

    def tidy() -> None:
        with it.store.unit_of_work(ADMIN) as uow:
            commands.ask_to_tidy(uow, it.version_id)
        handling.run_waiting(it.store, jobs)

    tidy()
    with it.store.reading() as view:
        assert sum(p.rows for p in queries.parts(view, it.version_id, BatchKind.PREDICTIONS)) == 200
        assert [p.rows for p in queries.parts(view, it.version_id, BatchKind.LABELS)] == [5]
        assert queries.coverage(view, it.version_id).rows == 400
        actions = [e.action for e in audit.events(view, subject_id=it.version_id, limit=20)]
    assert "prediction_log.expired" in actions
    hands.forward(days=31)
    tidy()
    with it.store.reading() as view:
        assert queries.parts(view, it.version_id, BatchKind.LABELS) == ()
        assert queries.coverage(view, it.version_id).rows == 400


def test_rebuilt_hours_equal_those_counted_at_first(watch):
    it = watch()
    it.send(sent(credit(300, 5), "2026-09-01", 3, "a"))
    it.send(sent(credit(300, 6), "2026-09-02", 3, "b"))
    with it.store.reading() as view:
        before = queries.drift(view, it.version_id, Grain.HOUR)
    from core.evidence.monitoring.tables import ProfileRow

    with it.store.unit_of_work(SYSTEM) as uow:
        for row in uow.session.exec(select(ProfileRow)):
            row.hours = None  # as an older version left them
    with it.store.reading() as view:
        assert queries.drift(view, it.version_id, Grain.HOUR) is None
    with it.store.unit_of_work(it.sender) as uow:
        commands.ask_to_rebuild(uow, it.version_id)
    it.work()
    with it.store.reading() as view:
        after = queries.drift(view, it.version_id, Grain.HOUR)
    assert after.cells.tolist() == before.cells.tolist()
    assert after.windows == before.windows


def test_known_ids_are_kept_between_batches_and_bounded(watch):
    it = watch()
    kept = KnownLogs(most=1000)
    for n, prefix in enumerate("abc"):
        it.send(sent(credit(300, n), "2026-09-01", 3, prefix), profile=False)
        with it.store.reading() as view:
            parts = queries.parts(view, it.version_id, BatchKind.PREDICTIONS)
        ids = kept.ids(it.store.files, it.version_id, parts)
        assert len(ids.hashes) == 300 * (n + 1)
        assert (np.diff(ids.hashes.astype(object)) > 0).all()
    small = KnownLogs(most=100)
    assert len(small.ids(it.store.files, it.version_id, parts).hashes) == 900
    assert small._held == {}


EXPECTED = Expected(
    "binary", "probability", (("income", "number"), ("channel", "category")), ("0", "1"), "1", 0.5
)


def _event(half: str, body: object, **more: object) -> payloads.Payload:
    attributes = {
        "id": "c1",
        "type": f"org.kubeflow.serving.inference.{half}",
        "time": "2026-09-01T10:00:00Z",
    }
    return payloads.from_structured(json.dumps({**attributes, "data": body, **more}).encode())[0]


@pytest.mark.parametrize(
    ("request_body", "response_body"),
    [
        ({"instances": [[10.0, "app"], [20.0, "branch"]]}, {"predictions": [0.25, 0.75]}),
        (
            {"instances": [{"income": 10.0, "channel": "app"}, {"income": 20.0, "channel": "branch"}]},
            {"predictions": [[0.75, 0.25], [0.25, 0.75]]},
        ),
        (
            {
                "inputs": [
                    {"name": "income", "shape": [2], "datatype": "FP64", "data": [10.0, 20.0]},
                    {"name": "channel", "shape": [2, 1], "datatype": "BYTES", "data": ["app", "branch"]},
                ]
            },
            {"outputs": [{"name": "predict", "shape": [2], "data": [0, 1]}, {"name": "probability", "shape": [2, 2], "data": [0.75, 0.25, 0.25, 0.75]}]},
        ),
        (
            {"inputs": [{"name": "input-0", "shape": [2, 2], "data": [[10.0, "app"], [20.0, "branch"]]}]},
            {"outputs": [{"name": "output-0", "shape": [2], "data": [0.25, 0.75]}]},
        ),
    ],
)  # fmt: skip
def test_both_protocols_give_the_same_rows(request_body, response_body):
    request, response = _event("request", request_body), _event("response", response_body)
    rows = payloads.rows_of("c1", request.at, request.body, response.body, EXPECTED)
    assert [r["prediction_id"] for r in rows] == ["c1-0", "c1-1"]
    assert [r["probability"] for r in rows] == [0.25, 0.75]
    assert [(r["income"], r["channel"]) for r in rows] == [(10.0, "app"), (20.0, "branch")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[1]",
        b'{"id": "a", "type": "x.request"}',
        b'{"id": "", "type": "x.request", "data": {}}',
        b'{"id": "a", "type": "other", "data": {}}',
    ],
)
def test_what_is_no_event_is_refused(body):
    with pytest.raises(Invalid):
        payloads.from_structured(body)
    with pytest.raises(Invalid):
        payloads.from_headers({"ce-id": "a"}, b"{}")


def test_served_calls_enter_the_log_once_in_any_order(watch, hands):
    it = watch()
    frame = credit(40, 8)
    features = ["income", "debt", "channel", "returning"]

    def halves(i: int) -> list[payloads.Payload]:
        row = frame.iloc[i]
        instance = [None if pd.isna(v) else v.item() if hasattr(v, "item") else v for v in row[features]]
        found = []
        for half, body in (
            ("request", {"instances": [instance], "parameters": {"subject": f"s{i}"}}),
            ("response", {"predictions": [float(row["probability"])]}),
        ):
            headers = {
                "ce-id": f"call-{i}",
                "ce-type": f"org.kubeflow.serving.inference.{half}",
                "ce-time": "2026-09-01T10:00:00+00:00",
            }
            found.append(payloads.from_headers(headers, json.dumps(body).encode()))
        return found

    rng = np.random.default_rng(0)
    events = [half for i in range(40) for half in halves(i)]
    for at in rng.permutation(len(events)):
        with it.store.unit_of_work(it.sender) as uow:
            payload_work.keep(uow, it.version_id, [events[at]])
    with it.store.unit_of_work(it.sender) as uow:
        assert payload_work.keep(uow, it.version_id, events[:2]) == 0
        lonely = payloads.from_headers({"ce-id": "lonely", "ce-type": "x.request"}, b"{}")
        payload_work.keep(uow, it.version_id, [lonely])
    handling.run_waiting(
        it.store,
        {
            "monitoring.payloads": payload_work.collect,
            "monitoring.profile": work.profile,
            "alerts.judge": lambda _c: None,
            "kpis.observe": lambda _c: None,
        },
    )
    with it.store.reading() as view:
        assert queries.coverage(view, it.version_id).rows == 40
        assert payload_work.waiting(view, it.version_id) == 1
    assert decisions.decisions_about(it.store, [it.version_id], "s7")[0].prediction_id == "call-7"
    hands.forward(days=2)
    with it.store.unit_of_work(SYSTEM) as uow:
        payload_work.forget(uow, it.version_id, [])
    with it.store.reading() as view:
        assert payload_work.waiting(view, it.version_id) == 0
    assert timedelta(days=1) == payload_work.WAIT
