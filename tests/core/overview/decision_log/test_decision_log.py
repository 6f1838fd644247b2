"""The decision log: every reason is found by its words, by whoever may read it, until its author is erased."""

import ast
import re
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import select

from core.assets.registry import commands as registry
from core.assets.registry.usecase import UseCaseEdit
from core.assurance.compliance import commands as compliance
from core.decisions.findings import commands as findings
from core.decisions.findings.severity import Severity
from core.decisions.incidents import commands as incidents
from core.decisions.releases import commands as releases
from core.decisions.releases.promises import Promise
from core.decisions.releases.quorum import Meaning
from core.i18n import use
from core.overview.decision_log import queries, texts, work
from core.overview.decision_log.kind import ACTS, Kind
from core.overview.decision_log.queries import Asked
from core.platform.access import personal, reviewing
from core.platform.access.commands import erase_person
from core.platform.audit import queries as audit
from core.platform.discussion import commands as discussion
from core.platform.search import blind, index
from core.platform.search import queries as search
from core.platform.search.tables import EntryRow
from core.platform.search.words import spans, words
from core.platform.store import SYSTEM
from tests.core.decisions.conftest import Bench, bench_on
from tests.people import add_row

ROOT = Path(__file__).parents[4]


def look(bench: Bench, text: str = "", who: str = "vic", **filters) -> list:
    work.catch_up(bench.store)
    filters |= {"kinds": frozenset(filters.get("kinds", ()))}
    return list(
        bench.ask(
            queries.search, bench.people[who], Asked(text=text, **filters), filters.pop("limit", 50)
        ).decisions
    )


@pytest.fixture
def told(any_store, hands, monkeypatch) -> Bench:
    """A request with a conversation, a signature with a condition, and a finding that is waived.

    So few entries are looked through one by one that PostgreSQL asks its index in each of these tests, too.
    """
    monkeypatch.setattr(search, "_LOOKED_THROUGH", 2)
    bench = bench_on(any_store, hands)
    bench.person("vic", "viewer")
    hands.forward(minutes=1)
    version = bench.version(bench.people["ana"])
    hands.forward(minutes=1)
    bench.asked = bench.do(
        bench.people["bea"], releases.request_release, version_id=version, environment="production",
        note="Spring campaign needs the younger applicants.",
    )  # fmt: skip
    bench.judge()
    hands.forward(minutes=1)
    bench.comment_id = bench.do(
        bench.people["carl"], discussion.comment, subject_kind="release", subject_id=bench.asked,
        text="A inadimplência dos jovens é maior. Quais decisões mudam?",
    )  # fmt: skip
    hands.forward(minutes=1)
    bench.sign(
        bench.people["otto"],
        bench.asked,
        meaning=Meaning.APPROVE_WITH_CONDITIONS,
        rationale="Latency holds under the evening peak of 1,200 requests.",
        conditions=[
            Promise("Watch the throughput for a fortnight", "per_otto", hands.now + timedelta(days=10))
        ],
    )
    hands.forward(minutes=1)
    bench.finding_id = bench.do(
        bench.people["carl"], findings.open_finding, version_id=version, title="Income drifts",
        text="Median salary moved", severity=Severity.MEDIUM, owner_id="per_ana", due_at=hands.now + timedelta(days=20),
    ).id  # fmt: skip
    hands.forward(minutes=1)
    bench.do(
        bench.people["carl"], findings.waive, bench.finding_id, reason="Seasonal: thirteenth salary is paid in December.",
        expires_at=hands.now + timedelta(days=5),
    )  # fmt: skip
    return bench


def test_every_reason_is_found_and_leads_to_its_place(told: Bench) -> None:
    for said, action, page in (
        ("younger campaign", "release.requested", "release_review"),
        ("INADIMPLENCIA decisao", "comment.written", "release_review"),
        ("evening peak 1,200", "release.signed", "release_review"),
        ("fortnight", "release.signed", "release_review"),
        ("median", "finding.opened", "release_review"),
        ("seasonal december", "finding.waived", "release_review"),
    ):
        (one,) = look(told, said)
        assert (one.action, one.page, one.query) == (action, page, {"release": told.asked})
        assert words(said) <= words(" ".join(one.texts)) | words(one.words())
        assert one.use_case == "credit"
        with told.store.reading() as view:
            assert audit.event(view, one.index).action == action


def test_all_words_must_be_there_and_by_one_author(told: Bench) -> None:
    assert look(told, "seasonal latency") == []
    assert look(told, "nowhere") == []
    assert look(told, "carl") == [], "names are nobody's words"


def test_what_everybody_knows_is_found_in_both_languages(told: Bench) -> None:
    title = told.use_case.title
    assert {d.action for d in look(told, f"waived {title}")} == {"finding.waived"}
    assert {d.action for d in look(told, "approved conditions")} == {"release.signed"}
    (one,) = look(told, told.asked.partition("_")[2] + " requested")
    assert one.action == "release.requested"


def test_filters_narrow_with_words_and_without(told: Bench, hands) -> None:
    carl = look(told, person="per_carl")
    assert {d.action for d in carl} == {"comment.written", "finding.opened", "finding.waived"}
    assert [d.index for d in carl] == sorted((d.index for d in carl), reverse=True)
    assert [d.action for d in look(told, person="per_carl", kinds=[Kind.WAIVER])] == ["finding.waived"]
    assert [d.action for d in look(told, "salary", kinds=[Kind.WAIVER, Kind.COMMENT])] == ["finding.waived"]
    assert len(look(told, "salary")) == 2
    assert look(told, "salary", person="per_otto") == []
    assert look(told, "salary", use_case="other") == []
    assert len(look(told, "salary", use_case="credit")) == 2
    now = hands.now
    assert len(look(told, "salary", since=now - timedelta(days=1), until=now + timedelta(days=1))) == 2
    assert len(look(told, "salary", since=now, until=now + timedelta(days=400))) == 1
    assert len(look(told, "salary", since=now, until=now + timedelta(days=4000))) == 1
    assert look(told, "salary", until=now - timedelta(days=1)) == []
    assert look(told, since=now + timedelta(seconds=1)) == []


def test_pages_follow_each_other_without_gap_or_repetition(told: Bench) -> None:
    work.catch_up(told.store)
    whole = [d.index for d in look(told)]
    seen, before = [], None
    while True:
        page = told.ask(queries.search, told.people["vic"], Asked(before=before), 3)
        seen += [d.index for d in page.decisions]
        before = page.older
        if before is None:
            break
    assert seen == whole
    assert len(whole) > 6


def test_the_same_is_found_however_many_entries_are_looked_through_first(
    told: Bench, hands, monkeypatch
) -> None:
    """Frequent and rare words, of one author and of several, until a moment and on every page."""
    for n in range(40):
        hands.forward(minutes=10)
        told.do(
            told.people["carl" if n % 3 else "ana"], discussion.comment, subject_kind="release", subject_id=told.asked,
            text=" ".join(word for every, word in ((1, "threshold"), (2, "income"), (7, "harvest")) if n % every == 0),
        )  # fmt: skip
    work.catch_up(told.store)
    middle = hands.now - timedelta(minutes=10 * 20 + 5)

    def pages(text: str, **filters: object) -> list[int]:
        seen, before = [], None
        while True:
            page = told.ask(queries.search, told.people["vic"], Asked(text=text, before=before, **filters), 3)
            seen += [d.index for d in page.decisions]
            before = page.older
            if before is None:
                return seen

    asked = [
        (text, filters)
        for text in ("threshold", "income", "harvest income", "harvest", "nowhere")
        for filters in (
            {},
            {"until": middle},
            {"since": middle},
            {"person": "per_ana"},
            {"use_case": "credit"},
        )
    ]
    found = {}
    for window in (1, 4, 17, 3_000):
        monkeypatch.setattr(search, "_LOOKED_THROUGH", window)
        found[window] = [pages(text, **filters) for text, filters in asked]
    assert found[1] == found[4] == found[17] == found[3_000]
    counts = [len(one) for one in found[1]]
    assert counts[:5] == [40, 19, 21, 14, 40]
    assert counts[20:] == [0] * 5


def test_an_edited_comment_is_found_by_what_it_said_and_by_what_it_says(told: Bench, hands) -> None:
    hands.forward(minutes=1)
    told.do(told.people["carl"], discussion.edit, told.comment_id, text="Only Portugal matters")
    hands.forward(minutes=1)
    told.do(told.people["carl"], discussion.edit, told.comment_id, text="Only Madeira matters")
    assert [(d.action, d.texts[0][:6]) for d in look(told, "jovens")] == [("comment.written", "A inad")]
    assert [(d.action, d.texts) for d in look(told, "portugal")] == [
        ("comment.edited", ("Only Portugal matters",))
    ]
    assert [d.texts for d in look(told, "madeira")] == [("Only Madeira matters",)]


def test_a_new_round_takes_the_place_of_the_note_before_it(told: Bench, hands) -> None:
    assert look(told, "campaign")
    hands.forward(minutes=1)
    told.sign(
        told.people["carl"],
        told.asked,
        meaning=Meaning.REQUEST_CHANGES,
        rationale="Explain the threshold of rejection.",
    )
    hands.forward(minutes=1)
    told.do(told.people["bea"], releases.resubmit, told.asked, note="Threshold explained in the card.")
    assert [d.action for d in look(told, "explained card")] == ["release.resubmitted"]
    assert look(told, "campaign") == []
    assert {d.action for d in look(told, "release requested")} >= {"release.requested"}


def test_a_new_title_is_found_and_the_old_one_is_not(told: Bench) -> None:
    for title, other in (("Lending to households", "overdrafts"), ("Overdrafts", "households")):
        told.do(SYSTEM, registry.edit_use_case, told.use_case.id, UseCaseEdit(title=title))
        found = look(told, title)
        assert {"release.requested", "comment.written", "finding.waived"} <= {d.action for d in found}
        assert look(told, other, kinds=[Kind.COMMENT, Kind.WAIVER]) == []


def test_who_is_erased_is_found_no_more_and_leaves_no_token(told: Bench) -> None:
    secret = {"jovens", "inadimplencia", "seasonal", "median", "mudam", "thirteenth"}
    assert all(look(told, word) for word in secret)
    with told.store.reading() as view:
        key = personal.search_keys(view, ["per_carl"])["per_carl"]
    hers = set(blind.tokens(key, {one for word in secret for one in words(word)}))
    assert hers <= everything(told)
    assert in_file(told, hers) == (hers if told.store.engine.dialect.name == "sqlite" else set())
    with told.store.unit_of_work(SYSTEM) as uow:
        add_row(uow, "per_admin", "Ada", ["administrator"])
        erase_person(uow, "per_carl")
    assert not hers & everything(told), "at once, before any worker comes by"
    work.tidy(told.store, 100)
    assert in_file(told, hers) == set(), "nor in the bytes of the file, once the worker came by"
    assert told.ask(search.owes_scouring) is False
    assert all(look(told, word) == [] for word in secret)
    assert not hers & everything(told)
    waived = look(told, "finding waived")
    assert [d.texts for d in waived] == [("Erased with its author.",)]
    assert look(told, "latency"), "others' words stay"
    assert {d.action for d in look(told, person="per_carl")} == {
        "comment.written",
        "finding.opened",
        "finding.waived",
    }


def in_file(bench: Bench, tokens: set[str]) -> set[str]:
    """Those of `tokens` whose letters stand in SQLite's file; a term of FTS5 leaves out what it begins with in common."""
    if bench.store.engine.dialect.name != "sqlite":
        return set()
    with bench.store.engine.connect() as connection:
        connection.rollback()
        connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw = bench.store.settings.folder_path.joinpath("aval.db").read_bytes()
    return {token for token in tokens if token[3:].encode() in raw}


def everything(bench: Bench) -> set[str]:
    """Every token that stands anywhere in the index."""
    with bench.store.reading() as view:
        found = {t.strip("'") for row in view.exec(select(EntryRow.tokens)) for t in row.split()}
    if bench.store.engine.dialect.name == "sqlite":
        with bench.store.engine.connect() as connection:
            connection.exec_driver_sql(
                "CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, search_words, row)"
            )
            found |= set(connection.execute(text("SELECT term FROM temp.terms")).scalars())
            connection.exec_driver_sql("DROP TABLE temp.terms")
    return found


def test_an_erasure_in_the_middle_of_a_step_wins(told: Bench, monkeypatch) -> None:
    with told.store.unit_of_work(SYSTEM) as uow:
        add_row(uow, "per_admin", "Ada", ["administrator"])
    lock, done = index.lock, []

    def slow(uow):
        if not done:
            done.append(True)
            personal_key = text("DELETE FROM person_key WHERE person_id = 'per_carl'")
            uow.session.connection().execute(personal_key)
        return lock(uow)

    monkeypatch.setattr(work.index, "lock", slow)
    assert look(told, "seasonal") == []
    assert done


def test_what_is_kept_is_no_word(told: Bench) -> None:
    work.catch_up(told.store)
    whole = " ".join(everything(told))
    assert whole
    assert not any(word in whole for word in ("seasonal", "latency", "inadimpl", "campaign"))


def test_only_administrators_find_access_reviews(told: Bench) -> None:
    told.person("ada", "administrator")
    told.do(told.people["ada"], reviewing.review_access, note="Looked at every account, closed two trainees.")
    assert [d.action for d in look(told, "trainees", who="ada")] == ["access.reviewed"]
    for who in ("vic", "otto", "carl"):
        assert look(told, "trainees", who=who) == []
        assert look(told, kinds=[Kind.ACCESS], who=who) == []
        assert "access.reviewed" not in {d.action for d in look(told, who=who)}


def test_incidents_attestations_and_policies_are_found(told: Bench, hands) -> None:
    version = told.version(told.people["ana"], seed=5)
    made = told.do(
        told.people["otto"], incidents.open_incident, version_id=version, title="Scores at zero", text="Batch broke.",
        severity=Severity.HIGH, owner_id="per_otto", began_at=hands.now,
    )  # fmt: skip
    told.do(told.people["otto"], incidents.note, made.id, "Replayed yesterday's queue")
    hands.forward(minutes=1)
    told.do(
        told.people["otto"],
        incidents.close,
        made.id,
        resolution="Encoder pinned, replay compared to the digit.",
    )
    told.do(
        told.people["carl"],
        compliance.attest,
        told.use_case.id,
        statement="Purpose unchanged since January review.",
    )
    for said, action, page in (
        ("zero", "incident.opened", "incident"),
        ("queue", "incident.noted", "incident"),
        ("encoder", "incident.closed", "incident"),
        ("january", "attestation.signed", "model"),
    ):
        assert [(d.action, d.page) for d in look(told, said)] == [(action, page)]
    published = look(told, kinds=[Kind.POLICY])
    assert published
    assert published[0].page == "policies"
    assert published[0].quoted[0].startswith("#") or "=" in published[0].quoted[0]


def test_making_it_again_finds_the_same(told: Bench) -> None:
    before = [(d.index, d.texts) for d in look(told, "salary")]
    with told.store.unit_of_work(SYSTEM) as uow:
        index.make_again(uow)
    assert told.ask(queries.search, told.people["vic"], Asked("salary")).behind > 0
    assert [(d.index, d.texts) for d in look(told, "salary")] == before
    assert told.ask(queries.search, told.people["vic"], Asked("salary")).behind == 0


def test_words_come_back_with_the_keys_of_their_authors(told: Bench, tmp_path) -> None:
    with told.store.reading() as view:
        personal.write_keys(view, tmp_path / "keys.json")
    with told.store.unit_of_work(SYSTEM) as uow:
        uow.session.execute(text("DELETE FROM person_key"))
        index.make_again(uow)
    assert look(told, "seasonal") == []
    assert look(told, "finding waived"), "what everybody knows needs no author's key"
    with told.store.unit_of_work(SYSTEM) as uow:
        uow.session.execute(text("DELETE FROM person_key"))
        assert personal.read_keys(uow, tmp_path / "keys.json") > 0
    assert look(told, "seasonal")


def test_the_worker_follows_by_itself_and_ends_when_it_is_told(told: Bench) -> None:
    stop = threading.Event()
    worker = threading.Thread(target=work.keep, args=(told.store, stop))
    worker.start()
    until = time.monotonic() + 30
    while told.ask(queries.search, told.people["vic"], Asked("seasonal")).behind and time.monotonic() < until:
        time.sleep(0.05)
    stop.set()
    worker.join(10)
    assert not worker.is_alive()
    assert told.ask(queries.search, told.people["vic"], Asked("seasonal")).decisions


def test_another_form_is_written_anew_by_itself(told: Bench, monkeypatch) -> None:
    assert look(told, "salary")
    with told.store.unit_of_work(SYSTEM) as uow:
        uow.session.execute(text("DELETE FROM search_entry"))
    assert look(told, "salary") == []
    monkeypatch.setattr(work, "FORM", "next")
    assert look(told, "salary")


@pytest.fixture
def quiet(store, hands) -> Bench:
    bench = bench_on(store, hands)
    bench.person("vic", "viewer")
    return bench


TEXT = st.text(st.characters(categories=["Lu", "Ll", "Nd", "Zs", "Po", "Pd"]), min_size=1, max_size=80)


def typed(text: str) -> list[str]:
    """The words of a text as somebody types them: what is searched is made of these, not of its own stems."""
    return sorted({text[start:end] for start, end in spans(text, words(text))})


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example("AAASE", "0")
@given(TEXT.filter(lambda t: t.strip() and words(t)), TEXT)
def test_any_text_is_found_by_each_of_its_words_and_by_no_other(quiet, said, other) -> None:
    bench = quiet
    made = bench.do(
        bench.people["carl"],
        discussion.comment,
        subject_kind="use_case",
        subject_id=bench.use_case.id,
        text=said,
    )
    for word in typed(said):
        assert words(word) <= words(said)
        assert made in {d.subject_id for d in look(bench, word, kinds=[Kind.COMMENT])}
    (one,) = [d for d in look(bench, kinds=[Kind.COMMENT]) if d.subject_id == made]
    known = words(
        " ".join([*one.texts, one.words(), "Comment written", "Comentário escrito", one.title, one.use_case])
    )
    for word in typed(other):
        if words(word) <= known | words(made):
            continue
        assert made not in {d.subject_id for d in look(bench, word, kinds=[Kind.COMMENT])}


READ_BY = {
    ("access/reviewing.py", "review_access"): "access.reviewed",
    ("discussion/commands.py", "comment"): "comment.written",
    ("discussion/commands.py", "edit"): "comment.edited",
    ("compliance/commands.py", "attest"): "attestation.signed",
    ("compliance/commands.py", "answer_modification"): "modification.answered",
    ("compliance/commands.py", "answer_question"): "question.answered",
    ("compliance/commands.py", "fulfil_duty"): "incident.told",
    ("retraining/commands.py", "answer"): "retraining.answered",
    ("incidents/commands.py", "open_incident"): "incident.opened",
    ("incidents/commands.py", "note"): "incident.noted",
    ("incidents/commands.py", "close"): "incident.closed",
    ("releases/deployments.py", "_end"): "release.rolled_back",
    ("releases/emergencies.py", "break_glass"): "release.emergency",
    ("releases/emergencies.py", "review_emergency"): "release.emergency_reviewed",
    ("releases/emergencies.py", "_request"): "release.emergency",
    ("releases/commands.py", "request_release"): "release.requested",
    ("releases/commands.py", "resubmit"): "release.resubmitted",
    ("releases/promises.py", "keep_conditions"): "release.signed",
    ("releases/promises.py", "meet_condition"): "condition.met",
    ("releases/signing.py", "sign"): "release.signed",
    ("releases/lending.py", "delegate"): "delegation.given",
    ("findings/commands.py", "open_finding"): "finding.opened",
    ("findings/commands.py", "resolve"): "finding.resolved",
    ("findings/commands.py", "waive"): "finding.waived",
    ("alerts/commands.py", "_done"): "alert.snoozed",
}
NOT_READ = {
    # Names and addresses of people, labels of links: no decision.
    ("access/commands.py", "add_person"), ("access/shares.py", "create_share"), ("access/shares.py", "share"),
    # Passing work on is no decision; an e-mail says what is said elsewhere.
    ("inbox/commands.py", "hand_over"), ("notices/mail.py", "post"),
    # Lines of documents were said before, where they are found.
    ("compliance/writing.py", "_sealed"), ("compliance/writing.py", "_line"),
    # What is written about an affected person is theirs, and sealed under their key.
    ("reviews/commands.py", "take"), ("reviews/commands.py", "correct"), ("reviews/commands.py", "keep_case"),
    ("reviews/commands.py", "decide"), ("reviews/commands.py", "write_letter"),
}  # fmt: skip


def test_every_text_that_is_sealed_is_read_or_named_here() -> None:
    """A command that seals a new text fails here, until somebody says where it is found or why it is not."""
    sealing = set()
    for path in sorted((ROOT / "core").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.FunctionDef)
                and node.name != "seal_text"
                and "seal_text(" in ast.unparse(node)
            ):
                sealing.add((f"{path.parent.name}/{path.name}", node.name))
    assert sealing - NOT_READ == set(READ_BY)
    assert set(READ_BY.values()) <= set(texts.READERS)
    assert set(texts.READERS) <= set(ACTS)


ACTION = re.compile(r"[a-z_]+\.[a-z_]+")
NO_DECISIONS = {
    "inbox.escalated",
    "inbox.handed_over",
    "alert.settled",
    "artifact.differs",
    "artifact.verified",
    "attribution_drift.measured",
    "attribution_drift.requested",
    "bundle.attached",
    "bundle.bound",
    "bundle.detached",
    "card.edited",
    "case.answered",
    "champion.answered",
    "case.asked",
    "case.forgotten",
    "checks.requested",
    "comment.reopened",
    "comment.resolved",
    "dataset.forgotten",
    "document.made",
    "draft.file_received",
    "draft.opened",
    "draft.table_forgotten",
    "explanation.forgotten",
    "explanation.requested",
    "explanation.stored",
    "explanation.tried",
    "fairness.measured",
    "fairness.requested",
    "gates.answered",
    "gates.asked",
    "gates.judged",
    "house.claimed",
    "incident.alert_added",
    "kpi.breached",
    "kpi.recovered",
    "letter.sent",
    "letter.written",
    "partial_dependence.requested",
    "partial_dependence.stored",
    "password.changed",
    "person.added",
    "person.disabled",
    "person.enabled",
    "person.invited",
    "person.roles_set",
    "person_keys.restored",
    "prediction_log.compacted",
    "prediction_log.expired",
    "prediction_log.forgotten",
    "prediction_log.set",
    "predictions.forgotten",
    "profiles.rebuild_asked",
    "retraining.snapshot_taken",
    "review.assigned",
    "review.case_asked",
    "review.case_found",
    "review.corrected",
    "review.received",
    "review.withdrawn",
    "robustness.measured",
    "robustness.requested",
    "session.ended",
    "session.opened",
    "shadow.requested",
    "shadow.scored",
    "share.created",
    "share.revoked",
    "sign_in.limit_reached",
    "slices.found",
    "slices.requested",
    "subject.erased",
    "subscription.began",
    "subscription.ended",
    "thresholds.sealed",
    "token.created",
    "token.revoked",
    "version.evaluated",
    "version.review_asked",
    "version.submitted",
    "webhook.added",
    "webhook.changed",
    "webhook.redelivered",
    "webhook.removed",
    "webhook.secret_renewed",
}
"""Work, measurements, ways in and bookkeeping: the audit trail has them."""


def test_every_action_is_a_decision_or_named_here() -> None:
    use("en")
    recorded = set()
    for path in sorted((ROOT / "core").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            called = (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "record"
            )
            if called and node.args:
                recorded |= {c.value for c in ast.walk(node.args[0]) if isinstance(c, ast.Constant)}
    actions = {one for one in recorded if isinstance(one, str) and ACTION.fullmatch(one)}
    assert actions - set(ACTS) == NO_DECISIONS
