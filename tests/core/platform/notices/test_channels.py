"""Channels and mailboxes: what is written there, that a secret address stays one, and what a failing server leads to."""

import json
from datetime import timedelta

import pytest

from core.errors import Conflict, Invalid
from core.platform.access import commands as access
from core.platform.access.erasure import erase_person
from core.platform.notices import carrying, commands, mail, queries, shapes, smtp, work
from core.platform.notices.carrying import Parcel
from core.platform.notices.delivery import DeliveryState
from core.platform.notices.tables import EndpointRow, MessageRow
from core.platform.store import SYSTEM
from core.settings import Settings
from tests.core.platform.notices.conftest import ADMIN
from tests.mail_server import mail_server


@pytest.fixture
def server():
    with mail_server() as found:
        yield found


@pytest.fixture
def letters(any_post, server):
    store = any_post.store
    store.settings = store.settings.with_(mail_server=server.url, mail_from="aval@example.org")
    return any_post


def ana(post):
    return post.do(access.add_person, name="Ana", email="ana@example.org", roles=["operations"], actor=SYSTEM)


def state(post, person):
    (found,) = post.ask(queries.deliveries, post.ask(mail.mailbox, person))
    return found


@pytest.mark.parametrize(("shape", "words"), [("slack", "Signed"), ("teams", "Signed")])
def test_a_channel_reads_words_and_a_link_and_no_signature(any_post, receiver, shape, words):
    shapes.ACTS["release.signed"] = "Signed"
    any_post.store.settings = any_post.store.settings.with_(public_url="https://aval.example.org")
    endpoint, secret = any_post.do(
        commands.add_endpoint, label="Team", url=receiver.url, kinds_asked=("release.*",), shape=shape
    )
    any_post.happens("release.signed", rationale="never")
    assert any_post.carry() == 1
    ((headers, body),) = receiver.got
    assert secret == ""
    assert "webhook-signature" not in headers
    content = json.loads(body)
    said = content["text"] if shape == "slack" else content["attachments"][0]["content"]["body"][0]["text"]
    assert words in said
    assert "https://aval.example.org/release_review?release=rel_1" in body.decode()
    assert "never" not in body.decode()
    (delivery,) = any_post.ask(queries.deliveries, endpoint)
    assert delivery.state is DeliveryState.DELIVERED


def test_the_address_of_a_channel_is_shown_to_nobody(any_post, receiver):
    secret = receiver.url + "/services/T0/B0/s3cr3t"
    endpoint, _ = any_post.do(
        commands.add_endpoint, label="Team", url=secret, kinds_asked=("release.*",), shape="slack"
    )
    (shown,) = any_post.ask(queries.endpoints)
    assert "s3cr3t" not in shown.url
    assert receiver.url.startswith(shown.url.rstrip("/"))
    with any_post.store.reading() as view:
        assert "s3cr3t" not in str(view.get(EndpointRow, endpoint))
    with pytest.raises(Conflict):
        any_post.do(commands.renew_secret, endpoint)
    any_post.do(commands.change_endpoint, endpoint, url=secret + "2")
    any_post.happens("release.signed")
    assert any_post.carry() == 1
    assert len(receiver.got) == 1


def test_a_shape_that_nobody_knows_is_refused(any_post):
    with pytest.raises(Invalid, match="no way of telling"):
        any_post.do(
            commands.add_endpoint,
            label="x",
            url="https://a.example",
            kinds_asked=("release.*",),
            shape="mail",
        )


def test_a_mail_is_sealed_in_the_store_and_arrives_once(letters, server):
    person = ana(letters)
    message = letters.do(
        mail.post, person, "Sübject\nInjected: x", "Olá, você\n.\ndot", letters.store.clock()
    )
    with letters.store.reading() as view:
        assert "Sübject" not in view.get(MessageRow, message).body
    assert letters.carry() == 1
    assert letters.carry() == 0
    ((to, letter),) = server.got
    assert to == "ana@example.org"
    assert letter["Message-ID"] == f"<{message}@example.org>"
    assert letter["Subject"] == "Sübject Injected: x"
    assert letter["Injected"] is None
    assert letter.get_content().splitlines() == ["Olá, você", ".", "dot"]
    assert state(letters, person).state is DeliveryState.DELIVERED
    assert letters.ask(queries.endpoints) == ()


def test_a_server_that_fails_loses_nothing_and_the_id_stays(letters, server, hands):
    person = ana(letters)
    message = letters.do(mail.post, person, "a", "b", letters.store.clock())
    server.answer = "451 later"
    assert letters.carry() == 1
    found = state(letters, person)
    assert (found.state, found.attempts[-1].problem) == (DeliveryState.WAITING, "mail_later")
    letters.store.settings = letters.store.settings.with_(mail_server="smtp://127.0.0.1:9")
    hands.forward(hours=3)
    assert letters.carry() == 1
    assert state(letters, person).attempts[-1].problem == "unreachable"
    letters.store.settings = letters.store.settings.with_(mail_server=server.url)
    server.answer = "250 ok"
    hands.forward(hours=3)
    assert letters.carry() == 1
    assert [letter["Message-ID"] for _to, letter in server.got] == [f"<{message}@example.org>"]


def test_a_refusal_for_good_is_not_tried_for_a_day(letters, server):
    person = ana(letters)
    letters.do(mail.post, person, "a", "b", letters.store.clock())
    server.answer = "550 no such person"
    letters.carry()
    found = state(letters, person)
    assert (found.state, found.attempts[-1].status) == (DeliveryState.GIVEN_UP, 550)


def test_a_server_that_hangs_is_left_and_a_dead_courier_is_taken_over(letters, server, hands, monkeypatch):
    monkeypatch.setattr(smtp, "SECONDS", 0.3)
    person = ana(letters)
    letters.do(mail.post, person, "a", "b", letters.store.clock())
    server.hang = 1.0
    letters.carry()
    assert state(letters, person).attempts[-1].problem == "timeout"
    server.hang = 0.0
    hands.forward(hours=3)
    (parcel,) = letters.do(carrying.claim, 5, actor=SYSTEM)  # a worker that dies with it in its hands
    assert letters.carry() == 0
    hands.forward(seconds=carrying.LEASE.total_seconds() + 1)
    assert letters.carry() == 1
    assert {letter["Message-ID"] for _to, letter in server.got} == {f"<{parcel.message_id}@example.org>"}


def test_it_waits_until_its_hour(letters, server, hands):
    person = ana(letters)
    letters.do(mail.post, person, "a", "b", letters.store.clock() + timedelta(hours=7))
    assert letters.carry() == 0
    hands.forward(hours=7)
    assert letters.carry() == 1


def test_to_the_erased_nothing_is_sent(letters, server):
    person = ana(letters)
    letters.do(mail.post, person, "a", "b", letters.store.clock())
    letters.do(erase_person, person)
    letters.carry()
    assert state(letters, person).state is DeliveryState.GIVEN_UP
    assert server.seen == 0


@pytest.mark.parametrize(
    ("server", "sender"),
    [("http://x", "a@b"), ("smtp://user:word@x", "a@b"), ("smtp://x/path", "a@b"), ("smtp://x", "nobody")],
)
def test_settings_that_cannot_be_meant_are_refused(server, sender):
    with pytest.raises(Invalid):
        smtp.office(Settings(mail_server=server, mail_from=sender))


def test_outside_of_this_machine_the_way_is_encrypted(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("p\n")
    found = smtp.office(Settings(mail_server="smtp://u%40x@mx.example", mail_password_file=str(secret)))
    assert (found.tls, found.port, found.user, found.password) == ("start", 587, "u@x", "p")
    assert smtp.office(Settings(mail_server="smtps://mx.example")).tls == "direct"
    assert smtp.office(Settings()) is None


def test_a_server_without_tls_is_told_nothing(server):
    office = smtp.Office("127.0.0.1", server.port, "start", "u", "p", "a@example.org")
    knock = smtp.send("b@example.org", b'{"subject": "s", "text": "t"}', "m", office)
    assert knock.problem == "tls"
    assert server.seen == 0


def test_without_a_server_it_says_so(any_post):
    person = ana(any_post)
    any_post.do(mail.post, person, "a", "b", any_post.store.clock())
    any_post.carry()
    assert state(any_post, person).attempts[-1].problem == "no_mail_server"


def test_a_parcel_of_a_webhook_is_written_as_before():
    parcel = Parcel("d", "l", "https://x", b"s", "m", b"{}", 1, ADMIN)  # type: ignore[arg-type]
    assert shapes.written(parcel.shape, parcel.body, "en", "") == b"{}"
    assert work.HANDS > carrying.AT_ONCE
