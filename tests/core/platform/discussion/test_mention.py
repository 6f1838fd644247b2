"""Names in comments: typed as names, kept as ids, read as names."""

from hypothesis import given
from hypothesis import strategies as st

from core.platform.discussion.mention import marked, mentioned, spelled

NAMES = {"per_a": "Ana", "per_b": "Ana Paula", "per_c": "João", "per_d": "Zoë", "per_e": "Zoë"}


def test_the_longest_name_counts_and_a_shared_one_names_nobody():
    text = marked("@Ana Paula, @ana and @João: ask @Zoë, not mail@ana.org or @Anabel", NAMES)
    assert mentioned(text) == ("per_b", "per_a", "per_c")
    assert "@Zoë" in text
    assert "@Anabel" in text


@given(st.lists(st.sampled_from(["per_a", "per_b", "per_c"]), max_size=6), st.text("xyz ,.\n", max_size=10))
def test_what_is_marked_is_spelled_again(people, between):
    text = between.join(f"@[{one}]" for one in people)
    assert set(mentioned(text)) == set(people)
    assert mentioned(marked(text, NAMES)) == mentioned(text)
    assert "[per_" not in spelled(text, NAMES)


@given(st.text(max_size=80))
def test_any_text_survives(text):
    assert spelled(marked(text, {}), {}) == spelled(text, {})
