"""Policies: everybody reads, compliance drafts, sees what is wrong and who would pass, and publishes."""

import pytest

from core.assets.registry import RiskTier
from core.decisions.releases.queries import policies_of
from tests.core.decisions.conftest import bench_on
from tests.ui.hands import page_as


@pytest.fixture
def bench(house, hands):
    return bench_on(house, hands, RiskTier.LIMITED)


def shown(page) -> str:
    kinds = (page.markdown, page.caption, page.error, page.warning, page.success, page.code, page.header)
    tables = [str(t.value.to_dict("list")) for t in page.table]
    return "\n".join([str(e.value) for kind in kinds for e in kind] + tables).replace("\\", "")


def limited(bench) -> str:
    found = bench.ask(policies_of, "limited")
    return next(p.digest for p in found if p.environment == "production")


def open_page(bench, name, **address):
    page = page_as(bench.store, bench.people[name], "policies", policy=limited(bench), **address)
    assert not page.exception, page.exception
    return page


def press(page, label):
    (button,) = [b for b in page.button if b.label == label]
    return button.click().run()


def test_everybody_reads_and_learns_who_publishes(bench):
    page = open_page(bench, "ana", draft="1")
    assert "limited-production 2026.1" in shown(page)
    assert 'name = "limited-production"' in shown(page)
    assert "Who can: Compliance" in shown(page)
    assert not page.text_area
    assert not [b for b in page.button if b.label == "Publish"]


def test_compliance_drafts_is_told_the_line_and_publishes(bench):
    bench.version(bench.people["ana"])
    page = press(open_page(bench, "carl"), "Draft a new version")
    (area,) = page.text_area
    assert 'version = "2026.2"' in area.value
    assert "No model" not in shown(page)
    page = area.set_value(area.value.replace("due_days = 7", "due_days = 0")).run()
    assert "Line 7:" in shown(page)
    assert next(b for b in page.button if b.label == "Publish").disabled
    (area,) = page.text_area
    strict = area.value.replace("due_days = 0", "due_days = 6").replace(
        '[gates.latency]\naccepted = ["evidence"]\ncomparison = "at_most"\nlimit = ',
        '[gates.latency]\naccepted = ["evidence"]\ncomparison = "at_most"\nlimit = 0.0',
    )
    page = area.set_value(strict).run()
    assert "1 answer turns" in shown(page)
    assert "+   7  due_days = 6" in shown(page)
    page = press(page, "Publish")
    assert not page.exception
    assert "limited-production 2026.2" in shown(page)
    assert "What this version changed" in shown(page)
    found = {p.environment: p for p in bench.ask(policies_of, "limited")}["production"]
    assert (found.version, found.due_days) == ("2026.2", 6)


def test_a_version_that_stands_already_is_refused_in_place(bench):
    page = open_page(bench, "carl", draft="1")
    (area,) = page.text_area
    page = press(area.set_value(area.value.replace("2026.2", "2026.1")).run(), "Publish")
    assert "is published already" in shown(page)
