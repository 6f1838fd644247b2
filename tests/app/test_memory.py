"""What a server keeps in memory: idle code goes and comes back, the REST interface is built once and only if asked."""

import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import anyio
import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from app.memory import OnFirstCall, _clean_mappings

SMAPS = """\
00400000-00452000 r-xp 00000000 08:02 173521 /usr/lib/one.so
Rss:                 320 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me dw sd
00652000-00655000 r--p 00052000 08:02 173521 /usr/lib/one.so
Rss:                  12 kB
Anonymous:            12 kB
00655000-00656000 rw-p 00055000 08:02 173521 /usr/lib/one.so
Rss:                   4 kB
Anonymous:             0 kB
7f0000000000-7f0000100000 r--s 00000000 08:02 99 /srv/store/aval.db-shm
Rss:                  64 kB
Anonymous:             0 kB
7f1000000000-7f1000100000 r--p 00000000 00:00 0
Rss:                  64 kB
Anonymous:             0 kB
7f2000000000-7f2000010000 r--p 00000000 08:02 7 /srv/my venv/libarrow.so.2600
Rss:                  40 kB
Anonymous:             0 kB
7f3000000000-7f3000010000 r--p 00000000 08:02 8 /etc/ld.so.cache
Rss:                  40 kB
Anonymous:             0 kB
7f4000000000-7f4000010000 r-xp 00000000 08:02 9 /usr/lib/gone.so (deleted)
Rss:                  40 kB
Anonymous:             0 kB
"""


def test_only_untouched_code_of_libraries_is_given_back():
    assert _clean_mappings(SMAPS) == [
        (0x00400000, 0x00452000, 320),
        (0x7F2000000000, 0x7F2000010000, 40),
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells and takes back single pages")
def test_what_was_given_back_runs_again():
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            textwrap.dedent("""
                import re
                import numpy, pandas, pyarrow
                from app.memory import give_back_code
                resident = lambda: int(re.search(r"Rss:\\s+(\\d+)", open("/proc/self/smaps_rollup").read())[1])
                before = resident()
                freed = give_back_code()
                after = resident()
                table = pandas.DataFrame({"a": numpy.arange(1000) % 7, "b": 1.0}).groupby("a").sum()
                assert pyarrow.Table.from_pandas(table).num_rows == 7
                print(freed > 10_000, before - after > 10_000, give_back_code() > 0)
            """),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.stdout.split() == ["True", "True", "True"], said.stderr


def test_an_application_is_built_once_however_many_ask():
    built = []

    def build():
        built.append(1)
        anyio.run(anyio.sleep, 0.05)
        return PlainTextResponse("here")

    first = OnFirstCall(build)
    assert not built
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: TestClient(first).get("/").text, range(16)))
    assert answers == ["here"] * 16
    assert len(built) == 1


def test_a_server_without_machines_never_loads_the_rest_interface():
    code = "import sys, app.server; print([m for m in sys.modules if m.split('.')[0] == 'fastapi' or m.startswith('app.api')])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
