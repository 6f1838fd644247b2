"""Documents: written from evidence, missing facts said, each line traced to the log, approved by a second person."""

import json
from io import BytesIO

import pytest
from docx import Document as Docx
from pypdf import PdfReader

from core.assets.registry import RiskTier
from core.assets.registry import queries as registry
from core.assurance.compliance import commands, document_export, queries, writing
from core.assurance.compliance.controls import DOCUMENT_KINDS
from core.assurance.compliance.templates import templates
from core.errors import Conflict, Invalid, NotFound, Refused
from core.platform.access.erasure import erase_person
from core.platform.audit import queries as audit
from core.platform.store import SYSTEM
from tests.core.decisions.conftest import bench_on

SAID = "Income and debts show whether the loan can be paid back; less data decided worse."


@pytest.fixture
def bench(store, hands):
    bench = bench_on(store, hands, RiskTier.HIGH)
    bench.version(bench.people["ana"])
    return bench


@pytest.fixture
def case(bench):
    return bench.ask(registry.use_cases)[0]


def do(bench, name, command, *args, **kwargs):
    with bench.store.unit_of_work(bench.people[name]) as uow:
        return command(uow, *args, **kwargs)


def write(bench, case, kind, name="carl"):
    return writing.make(bench.store, bench.people[name], case.id, kind)


def kept(bench, document_id):
    with bench.store.reading() as view:
        found = queries.document(view, document_id)
        return found, writing.read(view, bench.store.files, found.digest)


def test_the_kinds_of_documents_are_those_that_controls_ask_for():
    assert set(templates()) == set(DOCUMENT_KINDS)


@pytest.mark.parametrize("kind", sorted(DOCUMENT_KINDS))
def test_every_kind_is_written_in_both_languages_and_every_line_leads_to_an_entry_of_the_log(
    bench, case, kind
):
    _found, both = kept(bench, write(bench, case, kind))
    assert set(both) == {"en", "pt_BR"}
    with bench.store.reading() as view:
        for one in both.values():
            for item in (i for s in one.sections for i in s.items):
                for line in item.lines:
                    entry = audit.event(view, line.event)
                    assert entry is not None, item
                    assert entry.subject_kind in {
                        "use_case", "version", "release", "kpi", "finding", "compliance_answer",
                    }  # fmt: skip
    assert [s.title for s in both["en"].sections] != [s.title for s in both["pt_BR"].sections]


def test_a_missing_fact_is_said_to_be_missing_and_nothing_is_invented(bench, case):
    found, both = kept(bench, write(bench, case, "dpia"))
    items = {i.id: i for s in both["en"].sections for i in s.items}
    assert items["necessity"].missing
    assert not items["use_case.purpose"].missing
    assert found.completeness["consultation"] == 0
    cover = document_export.Cover(1, found.digest, "today", "")
    text = "".join(
        page.extract_text() for page in PdfReader(BytesIO(document_export.as_pdf(both["en"], cover))).pages
    )
    assert "Missing: nobody has recorded this." in " ".join(text.split())
    assert "Lorem" not in text


def test_an_answer_given_once_stands_in_every_document_that_asks(bench, case):
    do(bench, "carl", commands.answer_question, case.id, "necessity", SAID)
    for kind in ("dpia", "ripd"):
        _found, both = kept(bench, write(bench, case, kind))
        (item,) = [i for s in both["en"].sections for i in s.items if i.id == "necessity"]
        assert item.lines[0].text == SAID
        with bench.store.reading() as view:
            entry = audit.event(view, item.lines[0].event)
        assert entry.action == "question.answered"
        assert SAID not in entry.body


def test_an_answer_to_nothing_or_of_no_words_is_refused(bench, case):
    with pytest.raises(Invalid):
        do(bench, "carl", commands.answer_question, case.id, "necessity", "short")
    with pytest.raises(NotFound):
        do(bench, "carl", commands.answer_question, case.id, "nothing", SAID)


def test_whoever_wrote_a_document_does_not_approve_it_and_a_newer_version_overtakes(bench, case):
    first = write(bench, case, "technical_file")
    with pytest.raises(Refused):
        do(bench, "carl", commands.approve_document, first)
    assert any(e.action == "refused" for e in bench.ask(audit.events, subject_kind="document"))
    second = write(bench, case, "technical_file")
    with pytest.raises(Conflict):
        do(bench, "max", commands.approve_document, first)
    do(bench, "max", commands.approve_document, second)
    found, _both = kept(bench, second)
    assert found.number == 2
    assert found.kept_until > found.approved_at
    held = bench.ask(queries.documents_held)[case.id]["technical_file"]
    assert held.number == 2


def test_the_exports_hold_the_same_words_as_text_never_as_markup(bench, case):
    do(
        bench,
        "carl",
        commands.answer_question,
        case.id,
        "risks_people",
        "#eval(1) *bold* <b>x</b> stays as typed",
    )
    found, both = kept(bench, write(bench, case, "fria"))
    cover = document_export.Cover(1, found.digest, "today", "")
    pdf = "".join(
        p.extract_text() for p in PdfReader(BytesIO(document_export.as_pdf(both["pt_BR"], cover))).pages
    )
    docx = "\n".join(p.text for p in Docx(BytesIO(document_export.as_docx(both["pt_BR"], cover))).paragraphs)
    for text in (pdf, docx):
        assert "#eval(1) *bold* <b>x</b> stays as typed" in " ".join(text.split())
        assert "direitos fundamentais" in text
    plain = json.loads(document_export.as_json(both["en"], cover))
    assert plain["digest"] == found.digest


def test_an_erased_person_is_gone_from_the_file_of_a_document(bench, case):
    do(bench, "max", commands.answer_question, case.id, "necessity", SAID)
    made = write(bench, case, "dpia")
    found, both = kept(bench, made)
    assert SAID.encode() not in bench.store.files.path(found.digest).read_bytes()
    with bench.store.unit_of_work(SYSTEM) as uow:
        erase_person(uow, bench.people["max"].id)
    _found, both = kept(bench, made)
    (item,) = [i for s in both["en"].sections for i in s.items if i.id == "necessity"]
    assert SAID not in item.lines[0].text
