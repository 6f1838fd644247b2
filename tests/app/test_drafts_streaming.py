"""Bodies stream to the store; what breaks off leaves nothing; each person has two places."""

import hashlib
import threading
from pathlib import Path

import anyio
import pytest
from starlette.requests import Request

from app.api.streaming import Turns, receive
from core.errors import Invalid, TooLarge, TooMany
from core.platform.store import Files


@pytest.fixture
def files(tmp_path):
    return Files(str(tmp_path / "files"), tmp_path / "cache")


def request(messages, headers=()):
    waiting = iter(messages)

    async def take():
        return next(waiting)

    return Request({"type": "http", "method": "PUT", "headers": list(headers)}, take)


def body(*chunks, end=True):
    found = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    return (
        [*found, {"type": "http.request", "body": b"", "more_body": False}]
        if end
        else [*found, {"type": "http.disconnect"}]
    )


def left(files_folder: Path):
    return sorted(p for p in files_folder.rglob("*") if p.is_file())


def test_a_body_is_stored_under_its_digest_while_it_streams(files):
    chunks = [bytes([n]) * 700_000 for n in range(5)]
    stored = anyio.run(receive, request(body(*chunks)), files, 10 << 20)
    assert stored.digest == hashlib.sha256(b"".join(chunks)).hexdigest()
    assert stored.size == 3_500_000
    assert files.path(stored.digest).read_bytes() == b"".join(chunks)


def test_a_connection_that_breaks_leaves_nothing(files, tmp_path):
    with pytest.raises(Invalid) as told:
        anyio.run(receive, request(body(b"x" * 2_000_000, end=False)), files, 10 << 20)
    assert told.value.code == "upload.broken_off"
    assert left(tmp_path) == []


def test_one_byte_over_the_limit_is_refused_and_leaves_nothing(files, tmp_path):
    with pytest.raises(TooLarge):
        anyio.run(receive, request(body(b"x" * (1 << 20), b"y")), files, 1 << 20)
    assert left(tmp_path) == []
    assert anyio.run(receive, request(body(b"x" * (1 << 20))), files, 1 << 20).size == 1 << 20


def test_an_announced_length_over_the_limit_is_refused_before_a_byte_is_read(files):
    def never():
        pytest.fail("the body was read")
        yield

    with pytest.raises(TooLarge):
        anyio.run(receive, request(never(), [(b"content-length", b"2000000")]), files, 1 << 20)


def test_an_empty_body_is_refused(files, tmp_path):
    with pytest.raises(Invalid) as told:
        anyio.run(receive, request(body()), files, 1 << 20)
    assert told.value.code == "upload.empty"
    assert left(tmp_path) == []


def test_two_at_once_and_a_place_comes_free_also_after_an_error(hands):
    turns = Turns(hands)
    with turns.turn("ana", "artifact"), turns.turn("ana", "table"):
        with pytest.raises(TooMany) as told, turns.turn("ana", "batch"):
            pass
        assert told.value.code == "upload.at_once"
        with turns.turn("ben", "artifact"):
            pass
    with pytest.raises(ZeroDivisionError), turns.turn("ana", "artifact"):
        raise ZeroDivisionError
    with turns.turn("ana", "artifact"), turns.turn("ana", "table"):
        pass


def test_ten_an_hour_for_each_purpose(hands):
    turns = Turns(hands)
    for _ in range(10):
        with turns.turn("ana", "artifact"):
            hands.forward(minutes=1)
    with pytest.raises(TooMany) as told, turns.turn("ana", "artifact"):
        pass
    assert told.value.code == "upload.per_hour"
    assert told.value.params["minutes"] == 51
    with turns.turn("ana", "table"):
        pass
    hands.forward(minutes=51)
    with turns.turn("ana", "artifact"):
        pass


def test_a_burst_of_threads_never_holds_more_than_two_places(hands):
    turns, held, most, refused = Turns(hands, per_hour=1000), [], [], []
    gate = threading.Barrier(16)

    def go():
        gate.wait()
        try:
            with turns.turn("ana", "artifact"):
                held.append(1)
                most.append(len(held))
                held.pop()
        except TooMany:
            refused.append(1)

    threads = [threading.Thread(target=go) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) <= 2
    assert len(most) + len(refused) == 16
