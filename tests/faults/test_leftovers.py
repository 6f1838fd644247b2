"""A process that was killed while it wrote leaves a part of a file: the next start removes it, and only it."""

import os
import subprocess
import sys
import time

import pytest

from core.platform.store.files import Files
from tests.browser.harness import ROOT

WRITE_AND_HANG = """
import sys, time
from pathlib import Path
from core.platform.store.files import Files
with Files(sys.argv[1], Path(sys.argv[2])).writer() as writer:
    writer.write(b"x" * 100_000)
    print("written", flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="this system has no advisory locks")
def test_only_what_nobody_writes_any_more_is_swept(tmp_path):
    files = Files(str(tmp_path / "files"), tmp_path / "cache")
    kept = files.put_bytes(b"kept")
    with subprocess.Popen(
        [sys.executable, "-c", WRITE_AND_HANG, str(tmp_path / "files"), str(tmp_path / "cache")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout.readline() == b"written\n"
        (part,) = (tmp_path / "files").glob(".incoming-*")
        long_ago = time.time() - 60
        os.utime(part, (long_ago, long_ago))
        assert files.sweep() == 0, "its writer lives"
        child.kill()
    assert files.sweep() == 1
    assert not part.exists()
    assert files.exists(kept.digest)
