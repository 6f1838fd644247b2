"""Letters: whole or refused, plain enough to read, silent about reasons that failed their check."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.assurance.reviews import letter_export
from core.assurance.reviews.letter import Letter, LetterFacts, compose, template
from core.assurance.reviews.readability import ease, syllables_en, syllables_pt
from core.assurance.reviews.request import OF_A_DECISION, Kind, Outcome, outcomes
from core.errors import Invalid

WORDS = {
    "name": "Ana Souza", "received": "1 Nov 2026", "reference": "AB12CD34", "use_case": "consumer credit",
    "kind": "review of a decision", "purpose": "We decide who gets a loan.", "oversight": "The credit desk.",
    "reason": "Your new job was not in our data.", "secret": "We keep the exact limits.", "model": "version 3",
    "criteria": "income, debts, time at work", "contact": "Rui, who answers for this decision.",
}  # fmt: skip
REASONS = ("Your debts are high: this lowered the score most.",)
CHANGES = ("Debts: 900 instead of 1,800",)


def facts(**change):
    base = {
        "kind": Kind.REVIEW, "outcome": Outcome.OVERTURNED, "words": WORDS, "reasons": REASONS,
        "recourse": CHANGES, "explained": True,
    }  # fmt: skip
    return LetterFacts(**(base | change))


@pytest.mark.parametrize("language", ["en", "pt_BR"])
def test_a_letter_on_a_decision_holds_what_the_law_asks_for(language):
    letter = compose(template(language), facts(secret="The limits."))
    assert {
        "request",
        "outcome_overturned",
        "procedure",
        "criteria",
        "reasons",
        "recourse",
        "secret",
        "rights",
    } <= set(letter.elements)
    assert REASONS[0] in letter.text
    assert CHANGES[0] in letter.text
    assert "{" not in letter.text
    assert not letter.hard


def test_an_explanation_that_failed_its_check_leaves_reasons_and_recourse_out_and_says_so():
    letter = compose(template("en"), facts(explained=False))
    assert "no_reasons" in letter.elements
    assert not {"reasons", "recourse", "no_recourse"} & set(letter.elements)
    assert REASONS[0] not in letter.text
    assert CHANGES[0] not in letter.text


def test_without_a_change_the_letter_says_that_none_was_found():
    letter = compose(template("pt_BR"), facts(recourse=()))
    assert "no_recourse" in letter.elements


def test_a_word_that_is_not_known_stops_the_letter():
    with pytest.raises(Invalid) as caught:
        compose(template("en"), facts(words=WORDS | {"purpose": " "}))
    assert "purpose" in caught.value.text()


def test_a_reason_in_long_words_is_too_hard_to_read():
    hard = " ".join(["institutional", "reconsideration", "notwithstanding", "administrative"] * 25) + "."
    assert compose(template("en"), facts(words=WORDS | {"reason": hard})).hard


@given(
    kind=st.sampled_from(list(Kind)), at=st.integers(0, 1), explained=st.sampled_from([None, True, False]),
    corrected=st.booleans(), secret=st.sampled_from(["", "We keep some limits."]),
    language=st.sampled_from(["en", "pt_BR"]),
)  # fmt: skip
def test_every_letter_is_whole(kind, at, explained, corrected, secret, language):
    outcome = outcomes(kind)[at]
    letter = compose(
        template(language),
        facts(kind=kind, outcome=outcome, explained=explained, corrected=corrected, secret=secret),
    )
    assert "{" not in letter.text
    assert f"outcome_{outcome.value}" in letter.elements
    assert ("purpose" in letter.elements) == (kind in OF_A_DECISION)
    assert Letter.from_json(letter.to_json()) == letter


def test_the_pdf_says_what_the_letter_says_and_reads_nothing_as_markup():
    from io import BytesIO

    from pypdf import PdfReader

    letter = compose(template("pt_BR"), facts(words=WORDS | {"name": "#panic() *Ana*"}))
    made = letter_export.as_pdf(letter, place="AB12CD34")
    text = " ".join("".join(p.extract_text() for p in PdfReader(BytesIO(made)).pages).split())
    assert "#panic() *Ana*" in text
    assert "O que mais pesou no seu caso" in text
    assert "ANPD" in text


@pytest.mark.parametrize(
    ("word", "beats"),
    [
        ("decisão", 3),
        ("água", 2),
        ("pai", 1),
        ("mãe", 1),
        ("história", 3),
        ("saúde", 3),
        ("país", 2),
        ("quilo", 2),
    ],
)
def test_portuguese_syllables(word, beats):
    assert syllables_pt(word) == beats


@pytest.mark.parametrize(
    ("word", "beats"), [("cake", 1), ("table", 2), ("decision", 3), ("tree", 1), ("you", 1)]
)
def test_english_syllables(word, beats):
    assert syllables_en(word) == beats


def test_flesch_own_example_is_easy_and_a_statute_is_not():
    easy = "The cat sat on the mat. The dog ran to the door."
    hard = "Notwithstanding the aforementioned considerations, administrative determinations necessitate justification."
    assert ease(easy, "en") > 90
    assert ease(hard, "en") < 20
