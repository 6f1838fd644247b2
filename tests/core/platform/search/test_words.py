"""Words are found whatever their capitals, accents and number; others are not."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.platform.search.words import excerpt, normal, spans, words

LETTERS = "abcdefghijklmnopqrstuvwxyzáâãàçéêíóôõúüñßøABCÉÇÃÕ"
WORD = st.text(st.sampled_from(LETTERS + "0123456789"), min_size=2, max_size=12)
GAP = st.sampled_from([" ", ", ", ". ", "\n", " – ", "/", "_", " (", "): "])


def bare(word: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))


@given(st.lists(st.tuples(WORD, GAP), min_size=1, max_size=20))
def test_every_word_of_a_text_is_one_of_its_words_however_it_is_typed(pairs) -> None:
    text = "".join(word + gap for word, gap in pairs)
    found = words(text)
    for word, _gap in pairs:
        for typed in (word, word.upper(), word.lower(), bare(word), unicodedata.normalize("NFD", word)):
            assert words(typed)
            assert words(typed) <= found


@given(st.lists(WORD, max_size=20), WORD)
def test_a_word_that_is_not_there_is_not_found(there, word) -> None:
    if normal(word) not in {normal(one) for one in there}:
        assert not words(word) <= words(" ".join(there))


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("model", "models"), ("policy", "policies"), ("class", "classes"), ("score", "scores"), ("item", "items"),
        ("token", "tokens"), ("decisão", "decisões"), ("limiar", "limiares"), ("variável", "variáveis"),
        ("imagem", "imagens"), ("taxa", "taxas"), ("canal", "canais"), ("revisão", "REVISOES"), ("série", "séries"),
        ("feature", "features"), ("setor", "setores"), ("cliente", "clientes"),
    ],
)  # fmt: skip
def test_singular_and_plural_are_one_word(one, many) -> None:
    assert words(one) == words(many)


@pytest.mark.parametrize(
    ("one", "other"),
    [("note", "not"), ("class", "clas"), ("status", "state"), ("mais", "mal"), ("rate", "rat")],
)
def test_words_that_only_look_alike_stay_two(one, other) -> None:
    assert words(one) != words(other)


def test_numbers_are_kept_whole_and_letters_alone_are_no_word() -> None:
    assert words("a 7 at 0,85 and v3 or 1.200.000") == {"7", "at", "0.85", "and", "v3", "or", "1.200.000"}


def test_what_was_looked_for_is_pointed_at_in_the_text_as_it_is() -> None:
    text = "As Decisões, duas: decisão nula."
    assert [text[a:b] for a, b in spans(text, words("decisao"))] == ["Decisões", "decisão"]


@given(st.lists(WORD, min_size=1, max_size=200), st.integers(0, 199))
def test_an_excerpt_shows_the_first_hit_and_is_not_long(there, n) -> None:
    text, wanted = " ".join(there), words(there[n % len(there)])
    shown = excerpt(text, wanted, 120)
    assert len(shown) <= 124
    assert spans(shown, wanted)
    assert shown.removeprefix("… ").removesuffix(" …") in text
