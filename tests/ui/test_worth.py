"""The page of value: a matrix written, signed and judged by; a threshold frozen; a promise beside its outcome."""

import pytest

from core.evidence.worth import commands, queries, work
from core.i18n import use
from core.platform.jobs import commands as jobs
from core.platform.jobs.handling import run_waiting
from core.platform.store import SYSTEM, Store
from tests.core.evidence.monitoring.conftest import Watched, credit, ready_version, sent, told
from tests.core.evidence.worth.test_promises import BUSINESS, CELLS, signed
from tests.people import add_row
from tests.ui.hands import member, page_as
from tests.ui.test_monitoring import text


@pytest.fixture
def watched(house: Store) -> Watched:
    it = ready_version(house)
    with it.store.unit_of_work(SYSTEM) as uow:
        add_row(uow, "per_biz", "Ana", ["business"])
    return it


def _button(page, label: str):
    return next(b for b in page.button if b.label == label)


def test_nothing_yet_then_a_matrix_is_proposed(watched: Watched) -> None:
    owner = member(watched.store, "operations", "Tomasz")
    page = page_as(watched.store, owner, "worth")
    assert not page.exception
    assert "No cost matrix yet" in text(page)
    for cell, written in CELLS.items():
        page.text_input(key=f"cell_{cell.value}").set_value(written)
    page.text_input(key="cell_fp").set_value("-0.02 * incme")
    _button(page, "Propose the matrix").click().run()
    assert "income" in text(page)
    page.text_input(key="cell_fp").set_value("-0.02 * income")
    _button(page, "Propose the matrix").click().run()
    assert not page.exception
    with watched.store.reading() as view:
        (made,) = queries.matrices(view, watched.use_case_id)
    assert dict(made.cells) == CELLS
    assert "The business signs what decisions are worth" in text(page)


@pytest.mark.parametrize("language", ["en", "pt_BR"])
def test_threshold_frozen_and_the_promise_tells_the_truth(watched: Watched, language: str) -> None:
    signed(watched)
    handlers = {queries.EXPLORE_JOB: work.explore, queries.FREEZE_JOB: work.freeze_asked}
    page = page_as(watched.store, BUSINESS, "worth", language=language)
    assert not page.exception
    waiting = {"en": "Pricing each threshold", "pt_BR": "Precificando cada limiar"}[language]
    assert waiting in text(page)
    run_waiting(watched.store, handlers)
    page = page_as(watched.store, BUSINESS, "worth", language=language)
    label = {"en": "Freeze this threshold", "pt_BR": "Congelar este limiar"}[language]
    _button(page, label).click().run()
    assert not page.exception
    run_waiting(watched.store, handlers)
    with watched.store.reading() as view:
        point = queries.operating_point(view, watched.version_id)
    assert point is not None
    with watched.store.unit_of_work(BUSINESS) as uow:
        promise = commands.keep_promise(uow, "rel_1", watched.version_id)
    rows = credit(500, 8)
    watched.send(sent(rows, promise.made_at.date().isoformat(), 1, "a"))
    watched.send(told(rows, "a"), "labels")
    with watched.store.unit_of_work(SYSTEM) as uow:
        jobs.enqueue(
            uow, commands.FOLLOW_JOB, "version", watched.version_id, {"version_id": watched.version_id}
        )
    run_waiting(watched.store, {commands.FOLLOW_JOB: work.follow})
    page = page_as(watched.store, BUSINESS, "worth", language=language)
    assert not page.exception
    shown = text(page).replace("\\", "").replace("\u00a0", " ")
    use(language)
    try:
        assert {"en": "promised -R$", "pt_BR": "prometido -R$"}[language] in shown
    finally:
        use("en")
    assert label not in [b.label for b in page.button]
