"""A model card for its audiences, its revisions, and as a document in three forms."""

import json

import pytest

from core.assets.registry import card
from core.assets.registry.card import FIELD_IDS, Audience, Source, changes, fill, for_audience
from core.assets.registry.card_export import Head, as_json, as_markdown, as_pdf

HEAD = Head("credit", "Credit *now*", "Scorecard", 3, "ab" * 32)
NASTY = '#panic("x") $x$ *b* [a](http://evil) `c` <b>\n- item\n# title'


@pytest.fixture
def filled():
    return fill(dict.fromkeys(FIELD_IDS, "found") | {"model.digest": "ab" * 32}, {"limits.ethics": NASTY}, 2)


def ids(shown):
    return {f.field.id for s in shown.sections for f in s.fields}


def test_each_audience_is_spared_something_of_its_own(filled):
    assert ids(for_audience(filled, Audience.TECHNICAL)) == FIELD_IDS
    for audience in (Audience.COMPLIANCE, Audience.BUSINESS, Audience.PUBLIC):
        assert ids(for_audience(filled, audience)) < FIELD_IDS
    assert {"data.personal", "data.sensitive", "use.lawful_basis", "limits.limitations"} <= ids(
        for_audience(filled, Audience.PUBLIC)
    )
    assert not {"model.digest", "performance.memory"} & ids(for_audience(filled, Audience.PUBLIC))


def test_the_public_reads_no_name_that_nobody_published(filled):
    assert "model.contact" not in ids(for_audience(filled, Audience.PUBLIC))
    typed = fill({}, {"model.contact": "models@example.org"}, 1)
    assert "model.contact" in ids(for_audience(typed, Audience.PUBLIC))


def test_every_spared_field_exists():
    assert set().union(*card._SPARED.values()) <= FIELD_IDS


def test_differences_of_revisions():
    before, after = (
        {"limits.ethics": "a", "use.out_of_scope": "b"},
        {"use.out_of_scope": "c", "data.training": "d"},
    )
    assert [(c.field.id, c.before, c.after) for c in changes(before, after)] == [
        ("use.out_of_scope", "b", "c"),
        ("data.training", "", "d"),
        ("limits.ethics", "a", ""),
    ]
    assert changes(after, after) == ()


def test_json_is_complete_and_says_where_each_value_comes_from(filled):
    found = json.loads(as_json(filled, HEAD, Audience.TECHNICAL))
    fields = {f["id"]: f for s in found["sections"] for f in s["fields"]}
    assert set(fields) == FIELD_IDS
    assert fields["limits.ethics"]["value"] == NASTY
    assert fields["limits.ethics"]["source"] == Source.PERSON.value
    assert (found["revision"], found["completeness"], found["version"]) == (2, 1.0, 3)


def test_markdown_holds_no_markup_of_a_person(filled):
    text = as_markdown(filled, HEAD, Audience.BUSINESS).decode()
    assert text.startswith("# Credit \\*now\\*\n")
    assert "\\[a\\](http://evil)" in text
    assert "\\<b\\>" in text
    assert "\n# title" not in text
    assert "\n- item" not in text
    assert "ab" * 32 in text


@pytest.mark.parametrize("audience", list(Audience))
def test_pdf_is_made_without_reading_anybodys_text_as_markup(filled, audience):
    typst = pytest.importorskip("typst")
    made = as_pdf(filled, HEAD, audience)
    assert made.startswith(b"%PDF-")
    assert made == as_pdf(filled, HEAD, audience)
    assert typst.__version__


def test_an_empty_card_is_a_document_too():
    pytest.importorskip("typst")
    empty = fill({}, {}, 0)
    assert as_pdf(empty, HEAD, Audience.PUBLIC).startswith(b"%PDF-")
    assert "*empty*" in as_markdown(empty, HEAD, Audience.PUBLIC).decode()
