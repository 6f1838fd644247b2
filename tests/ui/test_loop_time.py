"""The page of loop time in both languages: figures with their n, one chart, the way to the slowest release."""

import pytest

from core.platform.access import commands as access
from core.platform.store import SYSTEM
from tests.core.decisions.conftest import bench_on
from tests.core.overview.test_looptime import Story
from tests.ui.hands import page_as
from tests.ui.test_monitoring import text


@pytest.fixture
def story(house, hands) -> Story:
    with house.unit_of_work(SYSTEM) as uow:
        access.claim_house(uow, "demo")
    return Story(bench_on(house, hands))


def opened(story: Story, language: str, **address: str):
    bench = story.bench
    page = page_as(bench.store, bench.people["otto"], "loop_time", language=language, **address)
    assert not page.exception, page.exception
    return page


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("n = 2, told from 3", "Where the loop waits", "still waits")), ("pt_BR", ("Credit v",))],
)
def test_few_waits_stand_alone_and_the_slowest_lead_to_their_release(story, language, words):
    story.answer_alerts(story.release())
    story.release()
    bench = story.bench
    bench.request(bench.people["ana"], bench.version(bench.people["ana"]), judge=False)
    page = opened(story, language)
    strip = {metric.label: metric for metric in page.metric}
    assert len(strip) == 6
    shown = (
        text(page)
        + str([m.proto.delta_description for m in page.metric])
        + str([h.value for h in page.header])
    )
    links = [link.label for link in page.get("page_link")]
    assert all(word in shown.replace("\\", "") + str(links) for word in words)
    assert len([link for link in links if "Credit v" in link]) == 3
    assert page.get("plotly_chart")


def test_three_waits_are_a_median(story):
    for _ in range(3):
        story.release()
    page = opened(story, "en", days="365")
    (lead,) = [metric for metric in page.metric if metric.label == "Lead time"]
    assert lead.value != "–"
    (ninetieth,) = [metric for metric in page.metric if metric.label == "9 of 10 within"]
    assert ninetieth.value == "–"


def test_an_empty_house_says_what_comes_first(house):
    page = page_as(house, "viewer", "loop_time")
    assert not page.exception
    assert "The loop has not turned yet" in text(page)
