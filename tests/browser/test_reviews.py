"""In Portuguese: a person asks about a credit decision; case, explanation, human decision, letter, KPI and proof."""

import re
from io import BytesIO

import pyarrow.compute as pc
import pytest
from pypdf import PdfReader

from app.wiring import open_store
from core.assets.registry import queries as registry
from core.assurance.reviews import queries as reviews
from core.decisions.releases import queries as releases
from core.evidence.monitoring import queries as monitoring
from core.evidence.monitoring.batches import ID, SCORE, BatchKind
from core.evidence.monitoring.logged import read_parts
from core.platform.audit import queries as audit
from core.settings import Settings
from tests.browser import harness
from tests.browser.hands import choose, press

REASON = "Você tem um novo trabalho. Vimos o seu novo salário."
STEPS = ["review.received", "review.case_found", "review.decided", "letter.written", "letter.sent"]


def refused_application(store) -> str:
    """The id of the riskiest decision in the newest part of the live version's log."""
    with store.reading() as view:
        case = registry.use_case(view, "credit")
        live = releases.live_deployment(view, case.id, "production")
        newest = monitoring.parts(view, live.version_id, BatchKind.PREDICTIONS)[-1:]
    table = read_parts(store.files, newest, [ID, SCORE])
    return str(table[ID][pc.index(table[SCORE], pc.max(table[SCORE])).as_py()])


@pytest.mark.timeout(600)
def test_from_a_request_to_the_letter_and_its_proof(open_as, house):
    store = open_store(Settings(folder=str(house.folder)))
    application = refused_application(store)
    with store.reading() as view:
        use_case = registry.use_case(view, "credit").id
        turned, reviewed = reviews.overturned(view, use_case)
    page = open_as("Beatriz Sampaio", locale="pt-BR")
    harness.visit(page, "/reviews")
    page.get_by_role("button", name="Receber um pedido").click()
    form = page.get_by_role("dialog")
    form.get_by_role("textbox", name="Nome para a carta").wait_for()
    choose(form, "Caso de uso", "Consumer credit")
    choose(form, "O que se pede", "Revisão de uma decisão")
    form.get_by_role("textbox", name="Nome para a carta").fill("Ana Souza")
    form.get_by_role("textbox", name="Sua referência para a pessoa").fill("C-4711")
    form.get_by_role("textbox", name="Id da previsão").fill(application)
    form.get_by_role("button", name="Receber o pedido").click()
    page.get_by_text("Dados usados").wait_for(timeout=180_000)
    harness.settled(page)
    page.get_by_text("A decisão é revertida").click()
    page.get_by_role("textbox", name="Motivo, como consta da carta").fill(REASON)
    page.get_by_test_id("stMain").get_by_role("button", name=re.compile("Decidir$")).click()
    page.get_by_role("button", name="Escrever esta carta").wait_for()
    press(page, "Escrever esta carta")
    with page.expect_download() as asked:
        page.get_by_role("button", name="PDF").click()
    text = "".join(p.extract_text() for p in PdfReader(BytesIO(asked.value.path().read_bytes())).pages)
    letter = " ".join(text.split())
    for words in ("Ana Souza", REASON, "O que mais pesou no seu caso", "Como decidimos", "ANPD"):
        assert words in letter, words
    press(page, "Foi enviada")
    page.get_by_text("No prazo").first.wait_for()
    harness.visit(page, "/reviews")
    share = round(100 * (turned + 1) / (reviewed + 1))
    assert f"{share}% de {reviewed + 1}" in page.get_by_test_id("stMain").inner_text().replace("\u00a0", " ")
    with store.reading() as view:
        review = audit.events(view, action="letter.sent", limit=1)[0].subject_id
        told = [e for e in audit.events(view, subject_id=review, limit=50) if e.action in STEPS]
        assert [e.action for e in reversed(told)] == STEPS
        for entry in told:
            assert audit.prove_inclusion(view, entry.index)
            assert "Ana" not in entry.body
            assert "C-4711" not in entry.body
    store.close()
