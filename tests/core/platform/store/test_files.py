"""The contract of the file store: the same in a local folder and behind fsspec."""

import hashlib
import secrets
from pathlib import Path

import pytest

from core.errors import NotFound, TooLarge
from core.platform.store.files import Files


@pytest.fixture(params=["folder", "memory"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    url = str(tmp_path / "files") if request.param == "folder" else f"memory://{secrets.token_hex(4)}"
    return Files(url, tmp_path / "cache")


def everything(tmp_path: Path) -> list[Path]:
    return [p for p in tmp_path.rglob("*") if p.is_file()]


def test_bytes_lie_under_their_sha256(files: Files) -> None:
    stored = files.put_bytes(b"hello")
    assert stored.digest == hashlib.sha256(b"hello").hexdigest()
    assert files.exists(stored.digest)
    assert files.path(stored.digest).read_bytes() == b"hello"
    assert (stored.size, files.size(stored.digest)) == (5, 5)
    assert files.put_bytes(b"hello") == stored


def test_a_path_is_copied(files: Files, tmp_path: Path) -> None:
    source = tmp_path / "model.bin"
    source.write_bytes(b"x" * 3_000_000)
    stored = files.put_path(source)
    source.unlink()
    with files.open(stored.digest) as found:
        assert hashlib.sha256(found.read()).hexdigest() == stored.digest


def test_past_the_limit_nothing_is_kept(files: Files, tmp_path: Path) -> None:
    with pytest.raises(TooLarge) as caught, files.writer(limit=1 << 20) as writer:
        for _ in range(2):
            writer.write(b"x" * (1 << 20))
    assert "1 MiB" in str(caught.value)
    assert everything(tmp_path) == []


def test_what_is_not_finished_leaves_nothing(files: Files, tmp_path: Path) -> None:
    with pytest.raises(ConnectionError), files.writer() as writer:
        writer.write(b"half")
        raise ConnectionError
    assert everything(tmp_path) == []


def test_an_unknown_digest_says_so(files: Files) -> None:
    with pytest.raises(NotFound, match="not in the store"):
        files.path("0" * 64)
