"""Where a webhook may go, and where its name may not lead it."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.platform.notices import pacing, sending
from core.platform.notices.address import networks, objection, target
from core.platform.notices.carrying import Parcel
from core.platform.notices.kinds import subscription

PRIVATE = networks("10.0.0.0/8 127.0.0.0/8 ::1/128")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "url",
    ["", "ftp://a.example/", "https://", "https://user:pass@a.example/", "https://a.example/#x", "file:///etc/passwd",
     "https://a.example:99999/", "https://a b.example/", "https://a.example\\@b.example/", "https://ä.example/",
     "javascript:alert(1)", "https://a.example/\nHost: b", "https://" + "a" * 600, "http://[::1"],
)  # fmt: skip
def test_what_is_no_address_is_refused(url):
    with pytest.raises(Invalid):
        target(url)


def test_an_address_is_taken_apart():
    found = target("https://hooks.example:8443/a/b?c=d")
    assert (found.host, found.port, found.path, found.authority) == (
        "hooks.example", 8443, "/a/b?c=d", "hooks.example:8443",
    )  # fmt: skip
    assert target("http://[::1]/").authority == "[::1]"
    assert target("https://a.example").path == "/"


@pytest.mark.parametrize(
    ("scheme", "addresses", "allowed", "answer"),
    [
        ("https", ["93.184.215.14"], (), ""),
        ("http", ["93.184.215.14"], PRIVATE, "needs_https"),
        ("http", ["10.1.2.3"], PRIVATE, ""),
        ("http", ["10.1.2.3"], (), "private_address"),
        ("https", ["192.168.1.1"], PRIVATE, "private_address"),
        ("https", ["127.0.0.1"], (), "private_address"),
        ("http", ["::1"], PRIVATE, ""),
        ("https", ["::1"], (), "private_address"),
        ("https", ["169.254.169.254"], networks("169.254.0.0/16"), "forbidden_address"),
        ("https", ["169.254.1.1"], networks("0.0.0.0/0"), "forbidden_address"),
        ("https", ["fe80::1"], networks("::/0"), "forbidden_address"),
        ("https", ["fd00:ec2::254"], networks("fd00::/8"), "forbidden_address"),
        ("https", ["100.100.100.200"], networks("100.64.0.0/10"), "forbidden_address"),
        ("https", ["::ffff:169.254.169.254"], networks("::/0 0.0.0.0/0"), "forbidden_address"),
        ("https", ["64:ff9b::a9fe:a9fe"], networks("::/0"), "forbidden_address"),
        ("https", ["2002:7f00:1::1"], (), "private_address"),
        ("https", ["0.0.0.0"], networks("0.0.0.0/0"), "forbidden_address"),
        ("https", ["224.0.0.1"], networks("0.0.0.0/0"), "forbidden_address"),
        ("https", ["100.64.0.1"], (), "private_address"),
        ("https", ["93.184.215.14", "10.0.0.1"], (), "private_address"),
        ("https", [], PRIVATE, "unknown_host"),
    ],
)
def test_machines_are_judged_by_their_address(scheme, addresses, allowed, answer):
    assert objection(scheme, [ip_address(a) for a in addresses], allowed) == answer


def test_a_setting_that_is_no_network_says_so():
    with pytest.raises(Invalid, match="AVAL_WEBHOOK_NETWORKS"):
        networks("10.0.0.0/8 home")


def parcel(url):
    return Parcel("dlv_1", "lse_1", url, b"k" * 32, "evt_1", b"{}", 1, NOW + timedelta(days=1))


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_name_is_resolved_once_and_that_answer_is_spoken_to(receiver, anyio_backend):
    asked = []

    async def rebinding(host, port):
        asked.append(host)
        return (ip_address("127.0.0.1" if len(asked) == 1 else "169.254.169.254"),)

    url = receiver.url.replace("127.0.0.1", "hooks.example")
    found = await sending.knock(parcel(url), PRIVATE, NOW, resolve=rebinding)
    assert (found.status, found.problem, asked) == (204, "", ["hooks.example"])
    assert receiver.got[0][0]["host"].startswith("hooks.example:")
    again = await sending.knock(parcel(url), PRIVATE, NOW, resolve=rebinding)
    assert (again.status, again.problem) == (None, "forbidden_address")
    assert len(receiver.got) == 1


@given(
    attempt=st.integers(1, 200), chance=st.floats(0, 1, exclude_max=True), asked=st.none() | st.floats(0, 1e6)
)
def test_pauses_grow_within_bounds(attempt, chance, asked):
    wait = pacing.pause(attempt, chance, asked)
    assert pacing.FIRST / 2 <= wait <= pacing.LONGEST
    assert asked is None or wait >= min(timedelta(seconds=asked), pacing.LONGEST)
    assert pacing.pause(attempt + 1, chance) >= pacing.pause(attempt, chance)


@pytest.mark.parametrize("kinds", [[], [""], ["person.*"], ["release"], ["*"], ["release.*; drop"]])
def test_only_known_families_can_be_asked_for(kinds):
    with pytest.raises(Invalid):
        subscription(kinds)
