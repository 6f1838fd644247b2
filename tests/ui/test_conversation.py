"""The conversation on the release review: said, shown as typed, settled; a viewer only reads."""

import pytest

from core.assets.registry import RiskTier
from core.platform.discussion import commands, queries
from tests.core.decisions.conftest import bench_on
from tests.ui.hands import page_as

TYPED = "**Bold?** :red[no] <script>x</script> [link](https://evil.example)"


@pytest.fixture
def bench(house, hands):
    return bench_on(house, hands, RiskTier.LIMITED)


@pytest.fixture
def request_id(bench):
    return bench.request(bench.people["ana"], bench.version(bench.people["ana"]))


def open_page(bench, who, request_id):
    page = page_as(
        bench.store,
        who if isinstance(who, str) and who == "viewer" else bench.people[who],
        "release_review",
        release=request_id,
    )
    assert not page.exception, page.exception
    return page


def button(page, label):
    return next(b for b in page.button if b.label == label)


def test_a_question_is_asked_answered_and_settled(bench, request_id):
    page = open_page(bench, "carl", request_id)
    field = next(t for t in page.text_area if t.label == "Comment")
    field.set_value(TYPED)
    page = button(page, "Comment").click().run()
    assert not page.exception
    (kept,) = bench.ask(queries.comments, "release", request_id)
    assert kept.text == TYPED
    (shown,) = [m.value for m in page.markdown if "Bold?" in m.value]
    assert "**Bold?**" not in shown
    assert "<script>" not in shown
    assert "](https://" not in shown
    page = open_page(bench, "otto", request_id)
    assert any("1 open" in m.value for m in page.markdown)
    page = button(page, "Settle").click().run()
    assert bench.ask(queries.comments, "release", request_id)[0].resolved_by == "per_otto"
    assert any("All settled" in m.value for m in page.markdown)


def test_a_viewer_reads_and_says_nothing(bench, request_id):
    bench.do(
        bench.people["carl"], commands.comment, subject_kind="release", subject_id=request_id, text="Seen."
    )
    page = open_page(bench, "viewer", request_id)
    assert any(m.value == "Seen\\." for m in page.markdown)
    assert not [b for b in page.button if b.label in {"Comment", "Settle"}]
