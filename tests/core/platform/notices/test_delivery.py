"""Messages leave with the change that caused them, signed, in order, and until they are taken."""

import json
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import Conflict, Refused
from core.platform.audit import queries as audit
from core.platform.notices import carrying, commands, queries, sending, signature, work
from core.platform.notices.delivery import DeliveryState
from core.platform.store import SYSTEM, Actor
from tests.core.platform.notices.conftest import ADMIN

ROOT = Path(__file__).parents[4]


def the_only(post, endpoint):
    (found,) = post.ask(queries.deliveries, endpoint)
    return found


def test_a_transition_is_told_signed_and_traceable_to_the_log(any_post, receiver, hands):
    endpoint, secret = any_post.endpoint(receiver.url)
    any_post.happens("release.signed", round=1, snapshot="ab" * 32, state="live", rationale_sha256="cd" * 32)
    assert any_post.carry() == 1
    ((headers, body),) = receiver.got
    assert signature.holds(secret, headers, body, hands.now)
    told = json.loads(body)
    assert told["id"] == headers["webhook-id"]
    assert told["kind"] == "release.signed"
    assert told["actor"] == {"id": ADMIN.id, "kind": "person"}
    assert told["subject"] == {"kind": "release", "id": "rel_1"}
    assert told["data"] == {"round": 1, "snapshot": "ab" * 32, "state": "live"}
    entry = any_post.ask(audit.event, told["log"]["index"])
    assert (entry.action, entry.leaf) == ("release.signed", told["log"]["leaf"])
    found = the_only(any_post, endpoint)
    assert found.state is DeliveryState.DELIVERED
    assert [(a.number, a.status, a.problem) for a in found.attempts] == [(1, 204, "")]
    assert any_post.carry() == 0


def test_a_signature_holds_for_its_body_its_id_and_five_minutes(post, receiver, hands):
    _endpoint, secret = post.endpoint(receiver.url)
    post.happens("release.signed")
    post.carry()
    ((headers, body),) = receiver.got
    assert not signature.holds(secret, headers, body.replace(b"rel_1", b"rel_2"), hands.now)
    assert not signature.holds(secret, {**headers, "webhook-id": "evt_other"}, body, hands.now)
    assert not signature.holds(secret, headers, body, hands.now + timedelta(minutes=6))
    other = post.do(commands.renew_secret, _endpoint)
    assert not signature.holds(other, headers, body, hands.now)


def test_what_is_rolled_back_is_told_to_nobody(post, receiver):
    endpoint, _ = post.endpoint(receiver.url)
    with pytest.raises(RuntimeError), post.store.unit_of_work(ADMIN) as uow:
        uow.record("release.signed", "release", "rel_1")
        raise RuntimeError
    assert post.ask(queries.deliveries, endpoint) == ()
    assert post.carry() == 0


def test_each_endpoint_is_told_what_it_asked_for(post, receiver):
    post.endpoint(receiver.url, "release.signed", "finding.*")
    for action in ("release.signed", "release.requested", "finding.opened", "person.added"):
        post.happens(action)
    while post.carry():
        pass
    assert sorted(receiver.kinds) == ["finding.opened", "release.signed"]


def test_a_step_that_nobody_has_thought_of_yet_is_told(post, receiver):
    post.endpoint(receiver.url)
    post.happens("release.frobnicated")
    post.carry()
    assert receiver.kinds == ["release.frobnicated"]


def test_no_words_leave(post, receiver):
    post.endpoint(receiver.url)
    post.happens(
        "release.signed",
        note="secret",
        name="Ana",
        said="Ana Souza called me",
        gates={"latency": "passed"},
        n=[1, "a b"],
    )
    post.carry()
    assert json.loads(receiver.got[0][1])["data"] == {"gates": {"latency": "passed"}}


def test_an_error_is_tried_again_later_and_later_under_one_id(any_post, receiver, hands):
    post = any_post
    endpoint, secret = post.endpoint(receiver.url)
    receiver.status = 500
    post.happens("release.signed")
    assert post.carry() == 1
    assert post.carry() == 0
    waits = []
    for _ in range(4):
        due = the_only(post, endpoint).next_at
        waits.append((due - hands.now).total_seconds())
        hands.now = due
        assert post.carry() == 1
    receiver.status = 200
    hands.now = the_only(post, endpoint).next_at
    post.carry()
    assert the_only(post, endpoint).state is DeliveryState.DELIVERED
    assert [a.status for a in the_only(post, endpoint).attempts] == [500] * 5 + [200]
    for wait, full in zip(waits, (5, 15, 45, 135), strict=True):
        assert full / 2 <= wait <= full
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert len({body for _, body in receiver.got}) == 1
    assert all(signature.holds(secret, h, b, hands.now) for h, b in receiver.got[-1:])


def test_after_a_day_it_is_given_up_and_can_be_sent_by_hand(post, receiver, hands):
    endpoint, _ = post.endpoint(receiver.url)
    receiver.status = 503
    post.happens("release.signed")
    began, knocks = hands.now, 0
    while the_only(post, endpoint).state is DeliveryState.WAITING:
        knocks += post.carry()
        hands.now = max(the_only(post, endpoint).next_at, hands.now)
    assert timedelta(hours=20) < hands.now - began <= timedelta(hours=24)
    assert 15 <= knocks <= 40
    assert post.carry() == 0
    receiver.status = 200
    post.do(commands.redeliver, the_only(post, endpoint).id)
    assert post.carry() == 1
    assert the_only(post, endpoint).state is DeliveryState.DELIVERED
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1


def test_retry_after_is_listened_to(post, receiver, hands):
    endpoint, _ = post.endpoint(receiver.url)
    receiver.status, receiver.headers = 429, {"retry-after": "600"}
    post.happens("release.signed")
    post.carry()
    assert the_only(post, endpoint).next_at == hands.now + timedelta(seconds=600)


def test_a_receiver_that_hangs_is_left_and_holds_nobody_up(post, receiver, monkeypatch):
    monkeypatch.setattr(sending, "WHOLE_SECONDS", 0.4)
    endpoint, _ = post.endpoint(receiver.url)
    receiver.hang = 60.0
    for number in range(6):
        post.happens("release.signed", f"rel_{number}")
    began = time.monotonic()
    assert post.carry() == carrying.AT_ONCE
    assert time.monotonic() - began < receiver.hang / 2
    problems = [a.problem for d in post.ask(queries.deliveries, endpoint) for a in d.attempts]
    assert problems == ["timeout"] * carrying.AT_ONCE


def test_a_redirect_is_not_followed(post, receiver):
    endpoint, _ = post.endpoint(receiver.url)
    receiver.status, receiver.headers = 302, {"location": receiver.url}
    post.happens("release.signed")
    post.carry()
    assert len(receiver.got) == 1
    assert the_only(post, endpoint).attempts[0].problem == "redirect"


def test_nobody_listening_is_said_so(post, receiver):
    endpoint, _ = post.endpoint("http://127.0.0.1:1/hook")
    post.happens("release.signed")
    post.carry()
    assert the_only(post, endpoint).attempts[0].problem == "unreachable"


def test_of_one_subject_the_order_is_kept_and_others_go_on(any_post, receiver, hands):
    post = any_post
    post.endpoint(receiver.url)
    receiver.status = 500
    for action in ("release.requested", "release.signed", "release.retired"):
        post.happens(action, "rel_1")
    post.carry()
    assert receiver.kinds == ["release.requested"]
    receiver.status = 200
    post.happens("release.requested", "rel_2")
    post.carry()
    assert receiver.kinds == ["release.requested", "release.requested"]
    hands.forward(minutes=1)
    while post.carry():
        pass
    assert receiver.kinds[2:] == ["release.requested", "release.signed", "release.retired"]


def test_two_couriers_send_a_message_once(any_post, receiver):
    post = any_post
    endpoint, _ = post.endpoint(receiver.url)
    for number in range(12):
        post.happens("release.signed", f"rel_{number}")
    errors: list[Exception] = []

    def courier() -> None:
        try:
            for _ in range(6):
                post.carry()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=courier) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    while post.carry():
        pass
    assert errors == []
    assert len(receiver.got) == len({h["webhook-id"] for h, _ in receiver.got}) == 12
    assert {d.state for d in post.ask(queries.deliveries, endpoint)} == {DeliveryState.DELIVERED}


def test_a_courier_that_dies_with_a_message_leaves_it_to_the_next(post, receiver, hands):
    endpoint, _ = post.endpoint(receiver.url)
    post.happens("release.signed")
    (lost,) = post.do(carrying.claim, 5, actor=SYSTEM)
    assert post.carry() == 0
    hands.forward(seconds=61)
    assert post.carry() == 1
    assert receiver.got[0][0]["webhook-id"] == lost.message_id
    # It comes back to life: what it has to say is written down, and changes nothing.
    post.do(carrying.keep, lost, carrying.Knock(None, 5, "timeout"), 0.5, actor=SYSTEM)
    assert the_only(post, endpoint).state is DeliveryState.DELIVERED


def test_the_running_courier_delivers_within_seconds_and_stops(post, receiver):
    endpoint, _ = post.endpoint(receiver.url)
    stop = threading.Event()
    courier = threading.Thread(target=work.carry, args=(post.store, stop))
    courier.start()
    try:
        post.happens("release.signed")
        until = time.monotonic() + 60
        while not receiver.got and time.monotonic() < until:
            time.sleep(0.05)
    finally:
        stop.set()
        courier.join(60)
    assert receiver.kinds == ["release.signed"]
    assert the_only(post, endpoint).state is DeliveryState.DELIVERED


def test_a_paused_or_removed_endpoint_hears_nothing(post, receiver):
    endpoint, _ = post.endpoint(receiver.url)
    post.happens("release.signed")
    post.do(commands.change_endpoint, endpoint, active=False)
    assert post.carry() == 0
    with pytest.raises(Conflict, match="paused"):
        post.do(commands.redeliver, the_only(post, endpoint).id)
    post.do(commands.change_endpoint, endpoint, active=True)
    assert post.carry() == 1
    post.happens("release.retired")
    post.do(commands.remove_endpoint, endpoint)
    post.happens("release.signed")
    assert post.carry() == 0
    assert receiver.kinds == ["release.signed"]
    assert post.ask(queries.endpoints) == ()


def test_a_test_message_reaches_one_endpoint_whatever_it_asked_for(post, receiver):
    endpoint, secret = post.endpoint(receiver.url, "policy.*")
    post.endpoint(receiver.url, "release.*")
    post.do(commands.send_test, endpoint)
    post.carry()
    assert receiver.kinds == ["webhook.test"]
    body = json.loads(receiver.got[0][1])
    assert post.ask(audit.event, body["log"]["index"]).action == "webhook.test"
    assert secret.startswith("whsec_")


def test_only_who_manages_settings_may(post, receiver):
    endpoint, _ = post.endpoint(receiver.url)
    viewer = Actor("per_eva", "person", frozenset({"compliance"}))
    for command, args, kwargs in (
        (commands.add_endpoint, (), {"label": "x", "url": receiver.url, "kinds_asked": ["release.*"]}),
        (commands.change_endpoint, (endpoint,), {"active": False}),
        (commands.renew_secret, (endpoint,), {}),
        (commands.remove_endpoint, (endpoint,), {}),
        (commands.send_test, (endpoint,), {}),
        (commands.redeliver, ("dlv_1",), {}),
    ):
        with pytest.raises(Refused):
            post.do(command, *args, actor=viewer, **kwargs)


def test_the_log_never_holds_a_secret_or_a_path(post, receiver):
    endpoint, secret = post.endpoint(receiver.url + "?token=hush")
    post.do(commands.renew_secret, endpoint)
    bodies = "\n".join(post.ask(lambda view: list(audit.bodies(view))))
    assert "webhook.added" in bodies
    assert "hush" not in bodies
    assert secret not in bodies


def test_old_messages_are_forgotten_and_the_log_is_not(post, receiver, hands):
    endpoint, _ = post.endpoint(receiver.url)
    post.happens("release.signed")
    post.carry()
    before = post.ask(audit.count)
    hands.forward(days=91)
    assert post.do(carrying.forget, actor=SYSTEM) == 1
    assert post.ask(queries.deliveries, endpoint) == ()
    assert post.ask(audit.count) == before


def test_the_server_never_loads_the_client():
    code = "import sys, app.wiring; sys.exit('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0
