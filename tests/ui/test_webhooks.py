"""The webhooks of Settings: an administrator adds one, sees its secret once, tests, pauses; others learn who may."""

import pytest

from core.platform.audit import queries as audit
from core.platform.notices import queries
from tests.ui.hands import member, page_as


def shown(page) -> str:
    return "\n".join(str(e.value) for kind in (page.markdown, page.caption, page.code) for e in kind).replace(
        "\\", ""
    )


def tab(page):
    page.session_state["settings"] = "Webhooks"
    return page.run()


@pytest.fixture
def page(house):
    return tab(page_as(house, member(house, "administrator", "Alma"), "settings"))


def press(page, label):
    (button,) = [b for b in page.button if b.label == label]
    return button.click().run()


def test_an_administrator_adds_tests_and_pauses_a_webhook(house, page):
    assert "Nobody is told" in shown(page)
    page.text_input[0].set_value("Deployment *team*")
    page.text_input[1].set_value("https://deploy.example/aval")
    page = press(page, "Add the webhook")
    assert not page.exception
    assert "whsec_" in shown(page)
    assert "Deployment *team*" in shown(page)
    page = press(page, "Send a test")
    assert "whsec_" not in shown(page)
    assert "webhook.test" in shown(page)
    assert "On its way" in shown(page)
    page = press(page, "Pause")
    assert "Paused" in shown(page)
    with house.reading() as view:
        assert queries.endpoints(view)[0].active is False
        assert [e.action for e in audit.events(view, subject_kind="webhook")] == [
            "webhook.changed", "webhook.test", "webhook.added",
        ]  # fmt: skip


def test_a_wrong_address_is_refused_in_place(page):
    page.text_input[0].set_value("Deployer")
    page.text_input[1].set_value("ftp://deploy.example")
    page = press(page, "Add the webhook")
    assert "This is no address that a webhook can be sent to" in "".join(
        w.value for w in page.warning
    ).replace("\\", "")


def test_others_learn_who_may(house):
    page = tab(page_as(house, "compliance", "settings"))
    assert "Administrator" in shown(page)
    assert not [b for b in page.button if b.label == "Add the webhook"]
