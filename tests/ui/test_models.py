"""The list of use cases: search, filters in the address, empty states, a person's text as text."""

import pytest

from app.ui.model_row import Summary, matching
from core.assets.registry import RiskTier
from tests.ui.hands import page_as, use_case

ROWS = [
    Summary("credit", "Consumer credit", "Ana Souza", "high", ("live", "in_review"), 3, "scorecard"),
    Summary("bikes", "Bicycle demand", "Ben Okafor", "low", ("checking",), 1, "forest"),
    Summary("rooms", "Hotel cancellations", "Ana Souza", "limited", (), None, ""),
]


@pytest.mark.parametrize(
    ("words", "tiers", "stages", "found"),
    [
        ("", [], [], ["credit", "bikes", "rooms"]),
        ("ana", [], [], ["credit", "rooms"]),
        ("ANA hotel", [], [], ["rooms"]),
        ("forest", [], [], ["bikes"]),
        ("", ["high", "low"], [], ["credit", "bikes"]),
        ("", [], ["in_review"], ["credit"]),
        ("", [], ["live", "checking"], ["credit", "bikes"]),
        ("ana", ["low"], [], []),
    ],
)
def test_matching(words, tiers, stages, found):
    assert [s.slug for s in matching(ROWS, words, tiers, stages)] == found


def test_without_use_cases_the_page_says_what_comes_first(house):
    page = page_as(house, "data_scientist", "models")
    assert not page.exception
    assert any("No models yet" in m.value for m in page.markdown)


def test_a_search_in_the_address_narrows_the_list(house):
    use_case(house, slug="credit", title="Consumer *credit*")
    use_case(house, slug="bikes", title="Bicycle demand", tier=RiskTier.LOW)
    page = page_as(house, "viewer", "models", q="bicycle")
    assert not page.exception
    links = [link.label.strip("*") for link in page.get("page_link")]
    assert links == ["Bicycle demand"]


def test_a_title_is_shown_as_it_was_typed(house):
    use_case(house, slug="credit", title="Consumer *credit* [x](http://evil)")
    page = page_as(house, "viewer", "models")
    (link,) = [link.label.strip("*") for link in page.get("page_link")]
    assert "\\*credit\\*" in link
    assert "](http" not in link


def test_filters_that_match_nothing_offer_the_way_back(house):
    use_case(house, slug="credit", title="Consumer credit")
    page = page_as(house, "viewer", "models", q="zzz")
    assert not page.exception
    assert any("Nothing matches" in m.value for m in page.markdown)


@pytest.mark.parametrize("language", ["en", "pt_BR"])
def test_filters_in_the_address_mean_the_same_in_every_language(house, language):
    use_case(house, slug="credit", title="Consumer credit")
    use_case(house, slug="bikes", title="Bicycle demand", tier=RiskTier.LOW)
    page = page_as(house, "viewer", "models", language=language, tier="low")
    assert not page.exception
    assert [link.label.strip("*") for link in page.get("page_link")] == ["Bicycle demand"]
    assert page.multiselect(key="pick_tier").value == ["low"]
    page.multiselect(key="pick_tier").set_value(["high"]).run()
    assert [link.label.strip("*") for link in page.get("page_link")] == ["Consumer credit"]
    assert page.query_params["tier"] in ("high", ["high"])
