"""Audit trail: what is sealed, the proof of an entry, and a log that was touched; Settings: erasing in two steps."""

import pytest

from core.decisions.releases import commands as releases
from core.platform.access import queries as access
from core.platform.audit.work import seal
from tests.core.decisions.conftest import bench_on
from tests.ui.hands import member, page_as


def text(page) -> str:
    kinds = (page.markdown, page.caption, page.error, page.success, page.info)
    return "\n".join(str(e.value) for kind in kinds for e in kind).replace("\\", "")


def press(page, label):
    (button,) = [b for b in page.button if b.label == label]
    return button.click().run()


def test_the_page_says_what_is_sealed_and_verifies(house):
    admin = member(house, "administrator")
    seal(house)
    member(house, "viewer", "Late")
    page = press(page_as(house, admin, "audit_trail"), "Verify")
    assert not page.exception
    figures = {m.label: m.value for m in page.metric}
    assert int(figures["Sealed"]) == int(figures["Entries"]) - 1
    assert "Every entry is in its place" in text(page)
    assert "1 not yet sealed" in text(page)


def test_a_touched_entry_is_named(house):
    admin = member(house, "administrator")
    with house.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER audit_no_update")
        connection.exec_driver_sql(
            "UPDATE audit_event SET body = replace(body, 'policy', 'polity') WHERE idx = 1"
        )
    page = press(page_as(house, admin, "audit_trail"), "Verify")
    assert "Entry 1 is the first at fault" in text(page)


def test_an_entry_shows_its_proof_and_before_and_after(house):
    from app.ui.audit_table import audit_event
    from core.platform.access import commands
    from core.platform.audit import queries as audit
    from core.platform.audit.proof import proof_of

    admin = member(house, "administrator")
    other = member(house, "viewer")
    with house.unit_of_work(admin) as uow:
        commands.set_roles(uow, other.id, ["operations"])
    seal(house)
    with house.reading() as view:
        index = audit.events(view, action="person.roles_set")[0].index
        event, proof = audit.event(view, index), proof_of(view, index)

    def drawer(event, proof, audit_event):
        audit_event(event, {}, proof)

    from streamlit.testing.v1 import AppTest

    page = AppTest.from_function(drawer, args=(event, proof, audit_event)).run()
    assert not page.exception
    shown = [c.value for c in page.code]
    assert '["viewer"]' in shown
    assert '["operations"]' in shown
    assert "\n".join(node.hex() for node in proof.path) in shown
    assert proof.checkpoint.note.rstrip("\n") in shown
    page = AppTest.from_function(drawer, args=(event, None, audit_event)).run()
    assert "Not yet sealed" in text(page)


def test_erasing_takes_two_steps_and_the_address(house):
    admin = member(house, "administrator", "Ada")
    other = member(house, "viewer", "Quirina")
    with house.reading() as view:
        email = access.person(view, other.id).email
    page = page_as(house, admin, "settings")
    assert "Erase for good" not in [b.label for b in page.button]
    page.toggle(key=f"erase_{other.id}").set_value(True).run()
    (button,) = [b for b in page.button if b.label == "Erase for good"]
    assert button.disabled
    page.text_input(key=f"erase_address_{other.id}").set_value(email).run()
    press(page, "Erase for good")
    assert not page.exception
    assert "Quirina" not in text(page)
    with house.reading() as view:
        assert access.person(view, other.id).erased


@pytest.mark.parametrize("name", ["releases", "model"])
def test_a_day_in_the_past_shows_what_was_live_then(house, hands, name):
    bench = bench_on(house, hands)
    version = bench.version(bench.people["ana"])
    release = bench.request(bench.people["bea"], version)
    for signer in ("otto", "carl"):
        bench.sign(bench.people[signer], release)
    then = hands.now.date()
    hands.forward(days=3)
    bench.do(
        bench.people["olga"],
        releases.retire,
        slug="credit",
        environment="production",
        reason="The product has ended now.",
    )
    hands.forward(days=3)
    address = {"use_case": "credit"} if name == "model" else {}
    page = page_as(house, bench.people["otto"], name, as_of=then.isoformat(), **address)
    assert not page.exception
    assert "Otto · Operations" in text(page)
    assert "Policy" in text(page)
    page = page_as(house, bench.people["otto"], name, as_of=hands.now.date().isoformat(), **address)
    assert "Nothing was live on that day" in text(page)


def test_the_page_of_a_decided_release_offers_its_dossier(house, hands):
    bench = bench_on(house, hands)
    release = bench.request(bench.people["bea"], bench.version(bench.people["ana"]))
    page = page_as(house, bench.people["otto"], "release_review", release=release)
    assert "Download the dossier" not in [e.proto.label for e in page.get("link_button")]
    for signer in ("otto", "carl"):
        bench.sign(bench.people[signer], release)
    page = page_as(house, bench.people["otto"], "release_review", release=release)
    (link,) = [e.proto for e in page.get("link_button") if e.proto.label == "Download the dossier"]
    assert link.url == f"/download/dossier/{release}"
