"""Compliance: the law map over every use case, one case with what answers it, attestations by somebody independent."""

import pytest

from core.assets.registry import RiskTier, Task
from core.assets.registry import commands as registering
from core.assets.registry import queries as registry
from core.assurance.compliance import queries
from core.platform.audit import queries as audit
from tests.core.decisions.conftest import bench_on
from tests.ui.hands import page_as

SAID = "I read the card, the last alerts and the open findings; nothing has changed."


@pytest.fixture
def bench(house, hands):
    bench = bench_on(house, hands, RiskTier.HIGH)
    bench.version(bench.people["ana"])
    return bench


def open_page(bench, name, **address):
    page = page_as(bench.store, bench.people[name], "compliance", **address)
    assert not page.exception, page.exception
    return page


def shown(page) -> str:
    kinds = (page.markdown, page.caption, page.error, page.warning, page.header)
    tables = [str(t.value.to_dict("list")) for t in page.table]
    return "\n".join([str(e.value) for kind in kinds for e in kind] + tables).replace("\\", "")


def slug(bench) -> str:
    return bench.ask(registry.use_cases)[0].slug


def test_every_use_case_stands_in_the_map(bench):
    text = shown(open_page(bench, "ana"))
    assert "EU AI Act" in text
    assert f"use_case={slug(bench)}" in text
    assert "not legal advice" in text


def test_many_use_cases_are_paged_the_most_indebted_first_under_their_sum(bench):
    with bench.store.unit_of_work(bench.people["ana"]) as uow:
        for n in range(30):
            registering.create_use_case(
                uow, slug=f"case-{n}", title=f"Case {n:02d}", purpose="Try", task=Task.BINARY,
                risk_tier=RiskTier.LOW, lawful_basis="none",
            )  # fmt: skip
    page = open_page(bench, "ana")
    (table,) = page.table
    first = list(table.value.iloc[:, 0])
    assert len(first) == 26
    assert first[0] == "**All use cases**"
    assert f"use_case={slug_of_credit(bench)}" in first[1]
    page.number_input(key="page").set_value(2).run()
    assert len(page.table[0].value) == 7
    page.text_input(key="find").set_value("case 07").run()
    assert "Case 07" in str(page.table[0].value.iloc[1, 0]).replace("\\", "")
    assert len(page.table[0].value) == 2


def slug_of_credit(bench) -> str:
    return next(one.slug for one in bench.ask(registry.use_cases) if not one.slug.startswith("case-"))


def test_one_case_shows_what_answers_each_provision_and_where_the_evidence_lies(bench):
    text = shown(open_page(bench, "ana", use_case=slug(bench), law="ai_act"))
    assert "Thresholds set before the test" in text
    assert "reported: Dec 2, 2027" in text
    assert "(model?use_case=" in text
    assert "Your organisation trains its people." in text


def test_somebody_independent_attests_and_the_author_is_told_who_may(bench):
    address = {"use_case": slug(bench), "law": "lgpd"}
    assert not [b for b in open_page(bench, "ana", **address).button if b.label == "Attest"]
    page = open_page(bench, "carl", **address)
    next(a for a in page.text_area if a.label == "Statement").set_value("too short")
    next(b for b in page.button if b.label == "Attest").click()
    assert "between 20 and 2000 characters" in shown(page.run())
    next(a for a in page.text_area if a.label == "Statement").set_value(SAID)
    next(b for b in page.button if b.label == "Attest").click()
    page = page.run()
    assert SAID in shown(page)
    assert "Holds until" in shown(page)
    use_case = bench.ask(registry.use_cases)[0]
    assert len(bench.ask(queries.attestations, use_case.id)) == 1
    (event,) = bench.ask(audit.events, action="attestation.signed")
    assert SAID not in event.body


def test_a_document_shows_what_is_missing_is_written_and_approved_by_a_second_person(bench):
    def document(name):
        page = page_as(bench.store, bench.people[name], "document", use_case=slug(bench), kind="dpia")
        assert not page.exception, page.exception
        return page

    assert "Missing: answer it at the right." in shown(document("ana"))
    assert not [b for b in document("ana").button if b.label == "Write a version"]
    page = document("carl")
    next(b for b in page.button if b.label == "Write a version").click()
    page = page.run()
    assert not page.exception, page.exception
    assert "so somebody else approves it" in shown(page)
    page = document("max")
    next(b for b in page.button if b.label == "Approve version 1").click()
    assert "Version 1 in force" in shown(page.run())
