"""Whoever is erased is gone from the log's files, from answers about cases and from requests; others stay."""

import pandas as pd
import pytest
from sqlmodel import SQLModel, select

from core.assets.datasets import queries as datasets
from core.assets.datasets import reading, schema
from core.assets.datasets.tables import DatasetRow
from core.assets.intake import queries as intake
from core.assets.intake.draft import TableFile
from core.assets.intake.tables import DraftRow, EvaluationRow
from core.assets.registry import queries as registry
from core.assets.registry.tables import VersionRow
from core.assurance.privacy.erasing import erase_subject
from core.assurance.privacy.erasure import keeps_rows
from core.assurance.reviews import commands, queries
from core.assurance.reviews.commands import Asked
from core.assurance.reviews.request import Kind
from core.decisions.releases import answers
from core.decisions.retraining import commands as retraining
from core.errors import Conflict, Refused
from core.evidence.explain import commands as explain
from core.evidence.explain import queries as explanations
from core.evidence.explain.commands import Computed
from core.evidence.explain.terms import Method, Question, Unit
from core.evidence.monitoring import queries as monitoring
from core.evidence.monitoring.batches import ID, BatchKind
from core.evidence.monitoring.decisions import decisions_about
from core.evidence.monitoring.logged import read_parts
from core.evidence.recourse.tables import CaseAnswerRow
from core.platform.access.subjects import subject_of
from core.platform.audit import queries as audit
from core.platform.jobs.tables import JobRow
from core.platform.store import SYSTEM, Actor
from tests.core.decisions.retraining.conftest import FEATURES, any_loop, rows_of, runner
from tests.core.evidence.monitoring.conftest import credit, ready_version, sent, told

__all__ = ["any_loop", "runner"]
OFFICER = Actor("per_officer", "person", frozenset({"compliance"}), "page")


@pytest.fixture
def watched(store):
    watched = ready_version(store)
    rows = sent(credit(60, seed=3), "2026-11-02", 3, "p").assign(subject=[f"C-{n % 20}" for n in range(60)])
    watched.send(rows)
    watched.send(told(credit(60, seed=3), "p"), "labels")
    return watched


def ids(store, version_id, kind=BatchKind.PREDICTIONS):
    with store.reading() as view:
        parts = monitoring.parts(view, version_id, kind)
    return parts, sorted(read_parts(store.files, parts, [ID])[ID].to_pylist())


def test_a_person_is_gone_from_log_answers_and_requests_and_everybody_else_stays(store, watched):
    before, known = ids(store, watched.version_id)
    about = decisions_about(store, [watched.version_id], "C-7")
    assert {d.prediction_id for d in about} == {"p-7", "p-27", "p-47"}
    with store.unit_of_work(OFFICER) as uow:
        asked = Asked(watched.slug, Kind.ERASURE, "lgpd", "en", "C-7", "Ana Souza", "Please forget me.")
        review = commands.take(uow, asked)
        values = dict(about[0].inputs)
        uow.session.add(
            CaseAnswerRow(key="k", version_id=watched.version_id, body={"values": values}, created_at=uow.now)
        )
    with store.reading() as view:
        subject = queries.review(view, review).subject_id

    found = erase_subject(store, OFFICER, subject)

    assert (found.predictions, found.labels, found.answers) == (3, 3, 1)
    after, left = ids(store, watched.version_id)
    assert left == sorted(set(known) - {"p-7", "p-27", "p-47"})
    assert decisions_about(store, [watched.version_id], "C-7") == ()
    assert len(ids(store, watched.version_id, BatchKind.LABELS)[1]) == 57
    for old in {p.digest for p in before} - {p.digest for p in after}:
        assert not store.files.exists(old)
    with store.reading() as view:
        assert "Ana" not in f"{queries.review(view, review)}"
        assert view.get(CaseAnswerRow, "k") is None
        tombs = audit.events(view, action="prediction_log.forgotten")
        assert {(t.data["old"], t.data["new"]) for t in tombs} == set(found.files)
        assert audit.events(view, action="subject.erased", subject_id=subject)
        assert not any("C-7" in t.body or "p-27" in t.body for t in tombs)
        assert audit.verify(view).ok
    again = erase_subject(store, OFFICER, subject)
    assert (again.predictions, again.labels, again.answers) == (0, 0, 0)


def test_a_person_is_gone_from_what_a_retraining_froze_of_the_log(any_loop):
    """Each row of the log is a person of their own: one lies in the training snapshot, one in the later rows."""
    loop, store = any_loop, any_loop.store
    rows = rows_of(1200, 2, turned=True)
    loop.send(rows, "2026-09-01", 40, subjects=[f"A-{n}" for n in range(len(rows))])
    proposed = loop.do(loop.person("otto", "operations"), retraining.propose, loop.champion.use_case_id)
    for name, role in (("otto", "operations"), ("ana", "data_scientist")):
        loop.do(loop.person(name, role), retraining.answer, proposed, consents=True, reason="It has turned.")
    loop.work()
    before = loop.retraining()
    assert before.result is not None
    for n in (0, 1199):  # of the first and of the last day
        person = rows.loc[n, FEATURES]
        held = [d for d in store.files.digests() if holds(store, d, person)]
        assert len(held) == 2, "the log, and either the snapshot or the later rows"
        with store.unit_of_work(OFFICER) as uow:
            subject = subject_of(uow, f"A-{n}")
        erased = erase_subject(store, OFFICER, subject)
        assert erased.table_rows == 1
        assert not [d for d in store.files.digests() if holds(store, d, person)]
    with store.reading() as view:
        after = loop.retraining()
        challenger = registry.version(view, after.challenger)
        snapshot = pd.read_parquet(store.files.path(after.snapshot.digest))
        later = pd.read_parquet(store.files.path(challenger.table_digest))
        assert (
            answers.kept(view, challenger, after.champion) == ""
        )  # what the champion said of those rows went too
        assert audit.verify(view).ok
    assert len(snapshot) == before.snapshot.reference + before.snapshot.logged - before.snapshot.kept - 1
    assert len(later) == before.snapshot.kept - 1


def holds(store, digest, person):
    """Whether a table of the house has a row that equals this one in every feature."""
    path = store.files.path(digest)
    if path.read_bytes()[:4] != b"PAR1":
        return False
    table = pd.read_parquet(path)
    if not set(person.index) <= set(table.columns):
        return False
    written = table[person.index].astype(str).replace(r"\.0$", "", regex=True)
    return bool((written == person.astype(str).replace(r"\.0$", "", regex=True)).all(axis=1).any())


SECRET = "C-4711"


def computed(data, values):
    return Computed(
        "a" * 64, data, "1", Method.TREE, Question.PATH, Unit.MARGIN, None, 1, 4000, 100, 0.1, 0.0, 0.0, (), values, 1.0
    )  # fmt: skip


def jobs_of(view, version_id):
    return view.exec(select(JobRow).where(JobRow.subject_id == version_id)).all()


def everything(store):
    """Return all that the house keeps, decoded: every cell of every row of the store, every value of every file."""
    said = []
    with store.reading() as view:
        for table in SQLModel.metadata.sorted_tables:
            for row in view.execute(table.select()).all():
                said.append(f"{table.name}: {tuple(row)!r}")
    for digest in store.files.digests():
        raw = store.files.path(digest).read_bytes()
        if raw[:4] == b"PAR1":
            raw = pd.read_parquet(store.files.path(digest)).to_csv().encode()
        said.append(f"{digest}: {raw.decode(errors='replace')}")
    return said


def with_references(store, watched, *, at=7, like=20):
    """Give the evaluation table a column of references, and a row equal to a logged prediction of the same person."""
    version = f"{watched.version_id}"
    table = watched.reference.copy()
    table.insert(0, "customer", [f"C-{n}" for n in range(len(table))])
    table.loc[at, "customer"] = SECRET
    source = store.files.put_bytes(table.to_csv(index=False).encode()).digest
    digest = store.files.put_bytes(reading.to_parquet(table)).digest
    with store.unit_of_work(SYSTEM) as uow:
        dataset = uow.session.exec(select(DatasetRow)).one()
        dataset.digest, dataset.source_digest, dataset.personal = digest, source, ["customer"]
        dataset.columns = [c.to_json() for c in schema.infer(table)]
        row = uow.session.get(VersionRow, version)
        row.dataset_digest = digest
        uow.session.add_all([dataset, row])
    alike = table.iloc[[like]].drop(columns=["customer"]).reset_index(drop=True)
    watched.send(sent(alike, "2026-11-05", 1, "own").assign(subject=SECRET))
    return table, digest, source


def test_a_person_is_gone_from_tables_and_from_what_was_computed_row_by_row(any_store):
    store = any_store
    watched = ready_version(store)
    table, digest, source = with_references(store, watched)
    with store.reading() as view:
        old = intake.evaluation(view, watched.version_id).predictions_digest
    before = pd.read_parquet(store.files.path(old))
    values = store.files.put_bytes(reading.to_parquet(pd.DataFrame({"row": [7], "score": [0.5]}))).digest
    with store.unit_of_work(SYSTEM) as uow:
        explain.store(uow, watched.version_id, computed(digest, values))
        uow.session.add(
            DraftRow(
                id="draft_1", author_id="per_1", created_at=uow.now, version_id=watched.version_id,
                table=TableFile(digest, source, 1, "t.csv", len(table), schema.infer(table), ("customer",), ()).to_json(),
            )
        )  # fmt: skip
        uow.session.add(
            DraftRow(
                id="draft_2", author_id="per_1", created_at=uow.now,
                table=TableFile(digest, source, 1, "t.csv", len(table), schema.infer(table), ("customer",), ()).to_json(),
            )
        )  # fmt: skip
        subject = subject_of(uow, SECRET)
    assert any(SECRET in one for one in everything(store))

    found = erase_subject(store, OFFICER, subject)

    assert (found.predictions, found.table_rows) == (1, 2)
    with store.reading() as view:
        version = registry.version(view, watched.version_id)
        dataset = datasets.dataset(view, version.dataset_id)
        evaluation = intake.evaluation(view, watched.version_id)
        assert explanations.explanation(view, watched.version_id) is None
        assert intake.draft(view, "draft_2").table is None
        assert intake.draft(view, "draft_1").table.digest == version.table_digest
    assert (version.dataset_digest, version.table_digest) == (digest, dataset.digest)
    assert dataset.source_digest == dataset.digest
    assert dataset.rows == len(table) - 2
    left = pd.read_parquet(store.files.path(version.table_digest))
    pd.testing.assert_frame_equal(left, table.drop(index=[7, 20]).reset_index(drop=True))
    after = pd.read_parquet(store.files.path(evaluation.predictions_digest))
    expected = before.drop(index=[7, 20]).reset_index(drop=True).assign(row=range(len(left)))
    pd.testing.assert_frame_equal(after, expected)
    for gone in (digest, source, old, values):
        assert not store.files.exists(gone)
    assert not [one[:200] for one in everything(store) if SECRET in one]
    with store.reading() as view:
        (tomb,) = audit.events(view, action="dataset.forgotten")
        assert tomb.data == {
            "old": digest, "source": source, "new": dataset.digest, "rows": 2, "reason": "subject.erased",
        }  # fmt: skip
        asked = {job.kind for job in jobs_of(view, watched.version_id)}
        assert {"explain.compute", "robustness.shake", "fairness.measure", "slices.find"} <= asked
        assert audit.verify(view).ok
    again = erase_subject(store, OFFICER, subject)
    assert (again.predictions, again.table_rows, again.files) == (0, 0, ())


def test_rows_without_a_label_keep_predictions_in_their_places(store):
    """Predictions stand for labelled rows only: what is taken out is found by the row, not by the count."""
    watched = ready_version(store)
    table = watched.reference.copy()
    table["default"] = table["default"].astype("Int64")
    table.loc[[2, 5, 11], "default"] = pd.NA
    table.insert(0, "customer", [f"C-{n}" for n in range(len(table))])
    digest = store.files.put_bytes(reading.to_parquet(table)).digest
    labelled = table.index[table["default"].notna()]
    said = pd.DataFrame(
        {"row": labelled, "label": 0, "prediction": 0, "probability": table["probability"][labelled]}
    )
    predictions = store.files.put_bytes(reading.to_parquet(said)).digest
    with store.unit_of_work(SYSTEM) as uow:
        dataset = uow.session.exec(select(DatasetRow)).one()
        dataset.digest = dataset.source_digest = digest
        dataset.personal = ["customer"]
        version = uow.session.get(VersionRow, watched.version_id)
        version.dataset_digest = digest
        evaluated = uow.session.exec(select(EvaluationRow)).one()
        evaluated.predictions_digest = predictions
        uow.session.add_all([dataset, version, evaluated])
        subject = subject_of(uow, "C-8")

    erase_subject(store, OFFICER, subject)

    with store.reading() as view:
        evaluation = intake.evaluation(view, watched.version_id)
        version = registry.version(view, watched.version_id)
    left = pd.read_parquet(store.files.path(version.table_digest))
    after = pd.read_parquet(store.files.path(evaluation.predictions_digest))
    assert len(after) == len(said) - 1
    assert left["probability"].iloc[after["row"]].tolist() == after["probability"].tolist()
    assert left["default"].iloc[after["row"]].notna().all()


def test_a_table_that_a_version_is_checked_on_is_left_until_it_is_settled(store):
    watched = ready_version(store)
    table, digest, _source = with_references(store, watched)
    with store.unit_of_work(SYSTEM) as uow:
        row = uow.session.get(VersionRow, watched.version_id)
        row.state = "checking"
        uow.session.add(row)
        subject = subject_of(uow, SECRET)
    with pytest.raises(Conflict) as raised:
        erase_subject(store, OFFICER, subject)
    assert raised.value.code == "erasure.version_busy"
    assert len(pd.read_parquet(store.files.path(digest))) == len(table)


def test_only_whoever_may_erase_erases(store, watched):
    with pytest.raises(Refused):
        erase_subject(store, watched.sender, "sub_0")


@pytest.mark.parametrize(
    ("kind", "keeps"),
    [
        ("type: sklearn.neighbors._classification.KNeighborsClassifier", True),
        ("type: sklearn.svm._classes.SVC", True),
        ("type: sklearn.ensemble._forest.RandomForestClassifier", False),
    ],
)
def test_models_that_keep_rows_are_known_by_their_kind(kind, keeps):
    assert keeps_rows(kind) is keeps
