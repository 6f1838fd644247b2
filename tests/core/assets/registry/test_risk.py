"""The questionnaire: every question names its articles in both languages, and a yes never lowers the tier."""

from hypothesis import given
from hypothesis import strategies as st

from core.assets.registry.risk import ORDER, RiskQuestion, questionnaire, tier

YESES = st.sets(st.sampled_from(RiskQuestion))


def test_every_question_is_asked_once_with_its_articles_in_both_languages():
    asked = questionnaire().questions
    assert [one.id for one in asked] == list(RiskQuestion)
    for one in asked:
        assert one.articles
        assert one.source
        assert one.text["en"].endswith("?")
        assert one.text["pt_BR"].endswith("?")
        assert set(one.warning) in (set(), {"en", "pt_BR"})


@given(YESES, YESES)
def test_a_yes_never_lowers_the_tier(some, more):
    before = tier(dict.fromkeys(some, True))
    after = tier(dict.fromkeys(some | more, True))
    assert ORDER.index(after) >= ORDER.index(before)


def test_what_is_forbidden_warns():
    assert questionnaire().question(RiskQuestion.FORBIDDEN).warning["en"]
