"""From a declaration to a stored report and its course over the log, on both engines."""

import hashlib

import numpy as np
import pandas as pd
import pytest

from core.assets.datasets.reading import to_parquet
from core.assets.datasets.schema import infer
from core.assets.intake.tables import EvaluationRow
from core.errors import Conflict, Invalid, Refused
from core.evidence.fairness import commands, queries, work
from core.evidence.fairness.tally import Metric
from core.evidence.monitoring import work as monitoring
from core.ids import new_id
from core.platform.audit import queries as audit
from core.platform.jobs import queries as jobs
from core.platform.jobs.handling import run_waiting
from core.platform.jobs.state import JobState
from tests.core.evidence.explain.registered import SCIENTIST, register

HANDLERS = {queries.JOB_KIND: work.measure, queries.FOLLOW_KIND: work.follow}


class Scored:
    """Stands in the file: nothing loads it here."""

    classes_ = (0, 1)


def people(rows: int = 900) -> pd.DataFrame:
    """Applicants with sex, race and age; those of one race are refused more often, and nine are of a small group."""
    rng = np.random.default_rng(2)
    race = rng.choice(["1", "2", "4"], rows, p=[0.5, 0.2, 0.3])
    race[:9] = "5"
    score = np.clip(rng.beta(2, 4, rows) + 0.18 * (race == "2"), 0, 1)
    return pd.DataFrame(
        {
            "case": [f"c{i}" for i in range(rows)],
            "income": rng.lognormal(8, 0.4, rows) - 900 * (race == "2"),
            "sex": rng.choice(["female", "male"], rows),
            "raca": race,
            "age": rng.integers(18, 80, rows),
            "default": (rng.random(rows) < score).astype(int),
            "score": score,
        }
    )


def evaluated(store, table: pd.DataFrame, **more):
    """A ready version with stored predictions, as intake leaves them."""
    version = register(store, Scored, table, features=["income"], **more)
    stored = pd.DataFrame(
        {
            "row": range(len(table)),
            "label": table["default"].astype(np.int8),
            "prediction": (table["score"] >= 0.5).astype(np.int8),
            "probability": table["score"],
        }
    )
    with store.unit_of_work(SCIENTIST) as uow:
        uow.session.add(
            EvaluationRow(
                id=new_id("evl"), version_id=version.id, dataset_id=version.dataset_id, started_at=uow.now,
                finished_at=uow.now, rows=len(table), metrics={}, threshold=0.5, curves={}, latency_p50_ms=0.1,
                confusion={"labels": ["0", "1"], "counts": [[1, 1], [1, 1]]},
                latency_p95_ms=0.2, memory_mb=1.0, reproducible=True, notes=[],
                predictions_digest=store.files.put_bytes(to_parquet(stored)).digest,
            )
        )  # fmt: skip
        uow.record("version.evaluated", "version", version.id)
    return version


def declare(store, version, actor=SCIENTIST, **words):
    with store.unit_of_work(actor) as uow:
        return commands.declare(uow, version.use_case_id, **words)


def measured(store, version):
    with store.reading() as view:
        return queries.measured(view, version.id)


def table_of(store, frame: pd.DataFrame, **more) -> commands.PeopleTable:
    stored = store.files.put_bytes(to_parquet(frame))
    facts = {"key": "case", "lawful_basis": "legal_obligation", **more}
    return commands.PeopleTable(stored.digest, stored.digest, "people.csv", len(frame), infer(frame), **facts)


def test_from_the_declaration_to_the_report(any_store):
    table = people()
    version = evaluated(any_store, table)
    assert (
        declare(any_store, version, attributes=["sex", "raca", "age"], favourable="0", preset="brazil") == 1
    )
    run_waiting(any_store, HANDLERS)
    found = measured(any_store, version)
    by_race = next(p for p in found.report.single if p.attributes == ("raca",))
    names = {g.name[0]: g for g in by_race.groups}
    assert names["preta"].n == (table["raca"] == "2").sum()
    assert names["indígena"].hidden
    assert names["indígena"].n == 9
    refused = (table["score"] >= 0.5)[table["raca"] == "2"].mean()
    assert names["preta"].figures[Metric.SELECTION].value == pytest.approx(1 - refused, abs=1e-12)
    gap = by_race.gap(Metric.SELECTION)
    assert gap.lowest == ("preta",)
    assert gap.remains
    assert {p.attributes for p in found.report.crossed} == {("sex", "raca"), ("sex", "age"), ("raca", "age")}
    ages = next(p for p in found.report.single if p.attributes == ("age",))
    assert [g.name[0] for g in ages.groups] == ["18 – < 25", "25 – < 40", "40 – < 60", "≥ 60"]
    told = next(p for p in found.report.proxies if p.attribute == "raca")
    assert told.features[0].feature == "income"
    assert told.features[0].auc > 0.55
    with any_store.reading() as view:
        event = audit.events(view, subject_kind="version", subject_id=version.id, limit=5)[0]
    assert event.action == "fairness.measured"
    assert "raca: selection_rate" in str(event.data)


def test_without_a_declaration_the_table_says_what_is_protected(store):
    table = people()
    version = evaluated(store, table)
    with store.unit_of_work(SCIENTIST) as uow:
        from core.assets.datasets.tables import DatasetRow

        uow.session.get(DatasetRow, version.dataset_id).protected = ["sex"]
        commands.request_report(uow, version.id)
    run_waiting(store, HANDLERS)
    found = measured(store, version)
    assert [p.attributes for p in found.report.single] == [("sex",)]
    assert found.favourable == "1"


def test_attributes_of_a_table_that_no_model_sees_are_joined(any_store):
    table = people()
    version = evaluated(any_store, table.drop(columns="raca"))
    apart = table[["case", "raca"]].sample(frac=0.9, random_state=1)
    declare(
        any_store,
        version,
        attributes=["raca"],
        favourable="0",
        preset="brazil",
        table=table_of(any_store, apart),
    )
    run_waiting(any_store, HANDLERS)
    groups = {g.name[0]: g.n for g in measured(any_store, version).report.single[0].groups}
    assert groups["preta"] == (apart["raca"] == "2").sum()
    assert groups["not stated"] == 90
    with any_store.reading() as view:
        from core.assets.datasets import queries as datasets

        kept = datasets.dataset(view, queries.declaration(view, version.use_case_id).dataset_id)
    assert kept.sensitive == ("raca",)
    assert kept.lawful_basis == "legal_obligation"
    assert kept.flags_confirmed_by == SCIENTIST.id


def test_the_log_is_followed_month_by_month(any_store):
    table = people()
    version = evaluated(any_store, table.drop(columns="raca"))
    declare(
        any_store, version, attributes=["raca"], favourable="0", preset="brazil",
        table=table_of(any_store, table[["case", "raca"]]),
    )  # fmt: skip
    moments = pd.Timestamp("2026-08-01", tz="UTC") + pd.to_timedelta(np.arange(len(table)) % 61, unit="D")
    sent = pd.DataFrame(
        {
            "prediction_id": table["case"],
            "timestamp": moments,
            "income": table["income"],
            "probability": table["score"],
        }
    )
    known = sent["timestamp"] < pd.Timestamp("2026-09-01", tz="UTC")
    told = pd.DataFrame({"prediction_id": table["case"], "label": table["default"]})[known.to_numpy()]
    for frame, kind in ((sent, "predictions"), (told, "labels")):
        digest = any_store.files.put_bytes(to_parquet(frame)).digest
        monitoring.take(any_store, SCIENTIST, version.id, monitoring.BatchKind(kind), digest, "parquet")
    with any_store.unit_of_work(SCIENTIST) as uow:
        commands.follow_for(uow, version.id)
    run_waiting(
        any_store, {**HANDLERS, "monitoring.profile": monitoring.profile, "kpis.observe": lambda c: None}
    )
    with any_store.reading() as view:
        months = queries.trend(view, version.id)
    assert [m.start.month for m in months] == [8, 9]
    assert months[0].labelled == months[0].rows == known.sum()
    assert months[1].labelled == 0
    for month, inside in zip(months, (known.to_numpy(), ~known.to_numpy()), strict=True):
        figure = {g.name[0]: g for g in month.parities[0].groups}["preta"].figures[Metric.SELECTION]
        held = (table["raca"] == "2").to_numpy() & inside
        assert figure.value == pytest.approx((table["score"] < 0.5)[held].mean())
    august, september = ({g.name[0]: g for g in m.parities[0].groups}["preta"] for m in months)
    assert Metric.TPR in august.figures
    assert Metric.TPR not in september.figures


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"attributes": []}, "fairness.none"),
        ({"attributes": ["sex"], "none_reason": "No person is decided about here."}, "fairness.both"),
        ({"attributes": ["seks"]}, "table.label_missing"),
        ({"attributes": ["sex"], "favourable": "yes"}, "fairness.favourable"),
        ({"attributes": ["sex"], "preset": "moon"}, "fairness.preset_unknown"),
    ],
)
def test_a_wrong_declaration_says_what_to_do(store, words, code):
    version = evaluated(store, people(200))
    with pytest.raises(Invalid) as refused:
        declare(store, version, **words)
    assert refused.value.code == code
    assert refused.value.fix_text() or code == "fairness.both"
    if code == "table.label_missing":
        assert "sex" in refused.value.fix_text()


def test_a_table_of_people_needs_a_basis_and_its_key(store):
    table = people(200)
    version = evaluated(store, table.drop(columns="raca"))
    apart = table[["case", "raca"]]
    for more, code in (
        ({"lawful_basis": ""}, "fairness.basis"),
        ({"lawful_basis": "no_personal_data"}, "fairness.basis"),
        ({"key": "kase"}, "table.label_missing"),
        ({"key": "raca"}, "fairness.key"),
    ):
        with pytest.raises(Invalid) as refused:
            declare(store, version, attributes=["raca"], table=table_of(store, apart, **more))
        assert refused.value.code == code


def test_the_same_again_is_no_change_and_a_viewer_may_not(store, actor):
    version = evaluated(store, people(200))
    declare(store, version, attributes=["sex"])
    with pytest.raises(Conflict):
        declare(store, version, attributes=["sex"])
    with pytest.raises(Refused):
        declare(store, version, actor("viewer"), attributes=["raca"])
    assert declare(store, version, none_reason="Machines are judged here, not people.") == 1
    run_waiting(store, HANDLERS)
    assert measured(store, version) is None or measured(store, version).report.single


def test_a_favourable_class_that_is_none_fails_the_job_with_its_reason(store):
    version = evaluated(store, people(200))
    with store.unit_of_work(SCIENTIST) as uow:
        from core.evidence.fairness.tables import DeclarationRow

        uow.session.add(
            DeclarationRow(
                use_case_id=version.use_case_id, attributes=["sex"], none_reason="", favourable="good",
                preset="eu", dataset_id="", key_column="", declared_by="per_1", declared_at=uow.now,
            )
        )  # fmt: skip
        commands.enqueue_for(uow, version.id)
    run_waiting(store, HANDLERS)
    with store.reading() as view:
        job = jobs.latest(view, "version", version.id, queries.JOB_KIND)
    assert job.state is JobState.FAILED
    assert "good" in job.problem.text()


def test_measuring_twice_gives_the_same_bytes(store):
    """The report is a function of its inputs: a job that runs twice stores what it stored."""
    version = evaluated(store, people(300))
    declare(store, version, attributes=["sex", "raca"])
    seen = []
    for _turn in range(2):
        run_waiting(store, HANDLERS)
        from core.evidence.fairness.written import to_json

        seen.append(hashlib.sha256(str(to_json(measured(store, version).report)).encode()).hexdigest())
        with store.unit_of_work(SCIENTIST) as uow:
            commands.request_report(uow, version.id)
    assert seen[0] == seen[1]
