"""Whoever is erased is gone from the log's files, from answers about cases and from requests; others stay."""

import pytest

from core.assurance.privacy.erasing import erase_subject
from core.assurance.privacy.erasure import keeps_rows
from core.assurance.reviews import commands, queries
from core.assurance.reviews.commands import Asked
from core.assurance.reviews.request import Kind
from core.errors import Refused
from core.evidence.monitoring import queries as monitoring
from core.evidence.monitoring.batches import ID, BatchKind
from core.evidence.monitoring.decisions import decisions_about
from core.evidence.monitoring.logged import read_parts
from core.evidence.recourse.tables import CaseAnswerRow
from core.platform.audit import queries as audit
from core.platform.store import Actor
from tests.core.evidence.monitoring.conftest import credit, ready_version, sent, told

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
