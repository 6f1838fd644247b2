"""Decision log: found by words in both languages, marked, each with its place and its proof; and the empty page."""

import pytest

from app.ui.decision_rows import marked
from core.overview.decision_log import work
from core.platform.discussion import commands as discussion
from core.platform.search.words import words
from tests.core.decisions.conftest import bench_on
from tests.ui.hands import page_as


@pytest.fixture
def bench(house, hands):
    bench = bench_on(house, hands)
    bench.request_id = bench.request(bench.people["bea"], bench.version(bench.people["ana"]))
    hands.forward(minutes=1)
    bench.do(
        bench.people["carl"], discussion.comment, subject_kind="release", subject_id=bench.request_id,
        text="A *inadimplência* dos jovens é maior; quais decisões mudam?",
    )  # fmt: skip
    hands.forward(minutes=1)
    bench.sign(bench.people["otto"], bench.request_id, rationale="Latency holds under the evening peak.")
    work.catch_up(house)
    return bench


def text(page) -> str:
    return "\n".join(str(e.value) for kind in (page.markdown, page.caption) for e in kind)


def links(page) -> list:
    return [element.proto for element in page.get("page_link")]


@pytest.mark.parametrize(("language", "filtered"), [("en", "Use case"), ("pt_BR", "Caso de uso")])
def test_a_word_of_the_reason_finds_it_marked_and_linked(house, bench, language, filtered):
    page = page_as(house, bench.people["vera"], "decisions", language=language, q="INADIMPLENCIA decisao")
    assert not page.exception
    assert ":orange-background[inadimplência]" in text(page)
    assert ":orange-background[decisões]" in text(page)
    assert "Latency" not in text(page)
    found = {link.page: link for link in links(page)}
    assert found["release_review"].query_string == f"release={bench.request_id}"
    assert "Credit" in found["release_review"].label
    (entry,) = [link for link in links(page) if link.query_string.startswith("entry=")]
    assert entry.page == "audit_trail"
    assert filtered in [box.label for box in page.selectbox]


def test_filters_stand_in_the_address_and_can_be_cleared(house, bench):
    page = page_as(house, bench.people["vera"], "decisions", kind="signature", person="per_otto")
    assert not page.exception
    assert "Latency holds" in text(page)
    assert "inadimpl" not in text(page)
    page.text_input(key="q").set_value("nowhere").run()
    assert "No decision matches" in text(page)
    assert "Clear the filters" in [link.label for link in links(page)]


def test_nothing_was_decided_yet(store, monkeypatch):
    from app import wiring

    monkeypatch.setattr(wiring, "_process_store", lambda: store)
    page = page_as(store, "viewer", "decisions")
    assert not page.exception
    assert "Nothing was decided yet" in text(page)


def test_the_audit_trail_opens_at_the_entry_of_a_link(house, bench):
    page = page_as(house, bench.people["vera"], "audit_trail", entry="3")
    assert not page.exception
    assert any('"seq":3,' in code.value for code in page.code)


def test_what_people_typed_stays_text_around_the_marks():
    found = marked("See [this](http://x.y) *now*: :red[income] of\nincome", words("income"))
    assert found.count(":orange-background[income]") == 2
    assert "\\[this\\]" in found
    assert "\\*now\\*" in found
    assert " of " in found
