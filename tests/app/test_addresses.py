"""Names under which Aval may be reached: rules, and the settings that are refused."""

import pytest

from app.addresses import Addresses, is_loopback
from app.security_headers import headers_for
from core.errors import Conflict, Invalid
from core.settings import Settings

TLS = Addresses(public="https://aval.example.org")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8501", "[::1]:8501", "LOCALHOST:1"])
def test_loopback_is_always_ours(host):
    assert Addresses().host_allowed(host)
    assert Addresses().cookie(host) == "aval"


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "aval.example.org.evil.example",
        "a@localhost",
        "localhost/x",
        "localhost:99999",
        "localhost:x",
        "10.0.0.1",
        "aval.example.org:444",
    ],
)
def test_other_names_are_not(host):
    assert not TLS.host_allowed(host)


def test_under_tls_the_cookie_is_bound_to_the_host():
    assert TLS.host_allowed("aval.example.org")
    assert TLS.cookie("aval.example.org") == "__Host-aval"
    assert TLS.origin_allowed("https://aval.example.org", "aval.example.org")
    assert not TLS.origin_allowed("http://aval.example.org", "aval.example.org")
    assert not TLS.origin_allowed("http://127.0.0.1:8501", "aval.example.org")
    assert (b"strict-transport-security", b"max-age=31536000") in headers_for("/", secure=True)


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "",
        "null",
        "http://localhost:8502",
        "https://localhost:8501",
        "http://localhost:8501.evil.example",
    ],
)
def test_only_the_same_origin_is_ours(origin):
    assert not Addresses().origin_allowed(origin, "localhost:8501")
    assert Addresses().origin_allowed("http://localhost:8501", "localhost:8501")


@pytest.mark.parametrize(
    "settings",
    [
        {"host": "0.0.0.0"},
        {"host": "192.168.1.5"},
        {"host": "0.0.0.0", "public_url": "http://aval.example.org"},
        {"public_url": "http://aval.example.org"},
        {"public_url": "aval.example.org"},
        {"public_url": "https://aval.example.org/path"},
        {"public_url": "https://user@aval.example.org"},
    ],
)
def test_passwords_do_not_cross_a_network_in_the_clear_unasked(settings):
    with pytest.raises(Invalid):
        Addresses.of(Settings(**settings))


def test_plain_http_is_served_where_it_was_asked_for():
    found = Addresses.of(Settings(host="0.0.0.0", allow_plain_http="yes"))
    assert found.host_allowed("192.168.1.5:8501")
    assert not found.host_allowed("intranet:8501"), "a name can be rebound, a number cannot"
    named = Addresses.of(Settings(host="0.0.0.0", allow_plain_http="yes", public_url="http://intranet:8501"))
    assert named.host_allowed("intranet:8501")
    assert named.origin_allowed("http://intranet:8501", "intranet:8501")


def test_tls_in_front_may_listen_anywhere():
    assert Addresses.of(Settings(host="0.0.0.0", public_url="https://aval.example.org")) == TLS


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_loopback_addresses(host, ours):
    assert is_loopback(host) is ours


def test_the_demo_stays_on_this_machine_and_in_its_own_store(store):
    from app.server import create_app
    from core.platform.access import commands
    from core.platform.store import SYSTEM

    with store.unit_of_work(SYSTEM) as uow:
        commands.claim_house(uow, "own")
    with pytest.raises(Conflict):
        create_app(store.settings, demo=True, store=store)


@pytest.mark.parametrize(
    "change", [{"host": "0.0.0.0", "allow_plain_http": "yes"}, {"public_url": "https://aval.example.org"}]
)
def test_the_demo_is_not_served_to_others(store, change):
    from app.server import create_app
    from core.platform.access import commands
    from core.platform.store import SYSTEM

    with store.unit_of_work(SYSTEM) as uow:
        commands.claim_house(uow, "demo")
    with pytest.raises(Invalid):
        create_app(store.settings.with_(**change), demo=True, store=store)
