"""The inbox as a page: what waits with what may be done with it, what was told, and one's own choices."""

import pytest

from core.overview.inbox import queries, work
from core.overview.inbox.kinds import NoticeKind, Way
from core.platform.discussion import commands as discussion
from tests.core.decisions.conftest import bench_on
from tests.ui.hands import page_as


@pytest.fixture
def bench(house, hands):
    found = bench_on(house, hands)
    work.step(house)
    found.request_id = found.request(found.people["bea"], found.version(found.people["ana"]))
    found.do(
        found.people["carl"], discussion.comment, subject_kind="release", subject_id=found.request_id,
        text="@[per_otto] is the threshold *right*?",
    )  # fmt: skip
    work.catch_up(house)
    return found


def links(page):
    return [element.proto for element in page.get("page_link")]


@pytest.mark.parametrize(("language", "tab"), [("en", "For me"), ("pt_BR", "Para mim")])
def test_what_waits_stands_in_front_and_opens_its_place(house, bench, language, tab):
    page = page_as(house, bench.people["otto"], "inbox", language=language)
    assert not page.exception
    assert tab in [one.label for one in page.tabs]
    assert any(
        link.page == "release_review" and link.query_string == f"release={bench.request_id}"
        for link in links(page)
    )
    assert any("is the threshold" in str(one.value) for one in page.caption)


def test_an_item_is_handed_on_from_its_line(house, bench):
    page = page_as(house, bench.people["otto"], "inbox")
    box = next(one for one in page.selectbox if one.label == "To whom?")
    box.set_value("per_carl").run()
    next(one for one in page.button if one.label == "Hand over").click().run()
    assert not page.exception
    with house.reading() as view:
        found = queries.inbox(view, bench.people["carl"], house.clock())
    entry = found.find(f"release:{bench.request_id}")
    assert entry in found.mine
    assert entry.handover.by_id == "per_otto"
    with house.reading() as view:
        assert len(queries.inbox(view, bench.people["otto"], house.clock()).handed_on) == 1


def test_notices_are_noted_as_read(house, bench):
    page = page_as(house, bench.people["otto"], "inbox")
    next(one for one in page.button if one.label == "Note all as read").click().run()
    assert not page.exception
    assert any("0 are unread." in one.value for one in page.markdown)


def test_ones_own_choices_are_kept(house, bench):
    page = page_as(house, bench.people["otto"], "settings", tab="notifications")
    assert not page.exception
    assert any("AVAL_MAIL_SERVER" in one.value for one in page.info)
    page.toggle[0].set_value(True)
    next(one for one in page.button if one.label == "Keep").click().run()
    assert not page.exception
    with house.reading() as view:
        kept = queries.preferences(view, "per_otto")
    assert (kept.quiet_from, kept.quiet_to) == (1200, 420)
    assert kept.way(NoticeKind.MENTION) is Way.NOW
