"""The lock of a child, probed from within: as root and as an ordinary user, warm and cold."""

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from core.assets.intake import doctor
from core.assets.intake.runner import Runner
from core.assets.registry import Task, VersionState
from core.errors import Invalid
from tests.core.assets.intake.test_work import csv, dumped

ROOT = Path(__file__).parents[4]


def test_every_way_out_is_closed(runner, tmp_path):
    found = doctor.examine(runner, tmp_path)
    assert found.level == "full"
    assert found.open == ()
    assert found.sound
    assert len(found.probes) >= 30


def test_the_probes_would_succeed_without_the_lock(tmp_path):
    """The probes have teeth: most of them succeed in a process that is not locked."""
    secret = tmp_path / "secret"
    secret.write_text("x")
    source = (
        "import json, sys; from core.assets.intake.isolated import probes\n"
        "options = {'secret': sys.argv[1], 'target': sys.argv[2], 'limit': 1 << 30}\n"
        "names = ('read a secret', 'read accounts', 'list the root folder', 'write a file', 'fork', 'TCP', 'UDP', "
        "'Unix socket', 'nameless file', 'change rights', 'take memory over the limit')\n"
        "attempts = probes._attempts(options['secret'], options['target'], options['limit'])\n"
        "for name in names: attempts[name]()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", source, str(secret), str(tmp_path / "written")], cwd=ROOT, check=False
    )
    assert done.returncode == 0


@pytest.mark.parametrize(("lacking", "open_still"), [("ruleset", "read accounts"), ("code", "TCP")])
def test_a_kernel_with_half_of_the_lock_closes_that_half(tmp_path, lacking, open_still):
    """Without Landlock no process, no socket and no signal; without seccomp no file; and the level says `basic`."""
    source = (
        "import dataclasses, json, sys\n"
        "from core.assets.intake.isolated import jail, probes\n"
        "whole = jail.prepare(jail.readable_folders(sys.argv[1]))\n"
        "half = dataclasses.replace(whole, **{'ruleset': {'ruleset': -1}, 'code': {'code': b''}}[sys.argv[2]])\n"
        "level = jail.lock(half, memory=1 << 30, seconds=20)\n"
        "options = {'secret': '/etc/hostname', 'target': sys.argv[3], 'limit': 1 << 30}\n"
        "found = probes.probe(None, {}, options)[1]['probes']\n"
        "print(json.dumps([level, [n for n, f in found.items() if not f['held']]]))\n"
    )
    words = [sys.executable, "-c", source, str(ROOT), lacking, str(tmp_path / "written")]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    level, left_open = json.loads(done.stdout)
    assert level == "basic"
    assert open_still in left_open
    closed = {
        "ruleset": {"TCP", "fork", "start a program", "kill the parent", "signal through a file"},
        "code": {"read accounts", "write a file", "read the first process's environment"},
    }
    assert not closed[lacking] & set(left_open)


AS_NOBODY = """
import encodings.ascii, encodings.latin_1, importlib, os, sys
sys.path.insert(0, sys.argv.pop(1))
from core.assets.intake.isolated import helper
for name in (*helper.LIBRARIES, *sys.argv[3:], "core.assets.intake.isolated.jail", "core.assets.intake.isolated.protocol"):
    importlib.import_module(name)
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
helper.main()
"""


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="runs as an ordinary user anyway")
def test_an_ordinary_user_s_runner_is_as_tight(tmp_path, monkeypatch):
    monkeypatch.setattr("core.assets.intake.runner._BOOT", AS_NOBODY)
    with Runner(seconds=20, memory=2 << 30) as own:
        assert Path(f"/proc/{own._helper.pid}").stat().st_uid == 65534
        found = doctor.examine(own, tmp_path)
        assert found.level == "full"
        assert found.open == ()


@pytest.fixture(scope="module")
def cold():
    return Runner(cold=True, seconds=30, memory=2 << 30)


def test_a_cold_call_answers_as_a_warm_one(cold, runner, tmp_path):
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(50, 2)), columns=["a", "b"])
    model = LogisticRegression().fit(table, (table.a > 0).astype(int))
    path = tmp_path / "m.joblib"
    path.write_bytes(dumped(model))
    mine, theirs = cold.predict(path, "joblib", table), runner.predict(path, "joblib", table)
    np.testing.assert_array_equal(mine.probabilities, theirs.probabilities)
    assert mine.classes == theirs.classes


@pytest.mark.parametrize(
    ("task", "code"), [("sleep", "runner.timeout"), ("flood", "runner.answer"), ("crash", "runner.crashed")]
)
def test_how_a_cold_call_may_end(cold, task, code):
    with pytest.raises(Invalid) as raised:
        cold.run(f"core.assets.intake.isolated.probes:{task}", timeout=3 if task == "sleep" else 60)
    assert raised.value.code == code


class Liar:
    """Answers in the name of a perfect model: writes a whole forged answer on every socket, then ends."""

    def __init__(self, source: str) -> None:
        self.source = source

    def __reduce__(self):
        return exec, (self.source, {})


FORGERY = """
import json, os, stat, struct
import numpy
def answer(meta, arrays):
    shapes = [{"name": n, "dtype": a.dtype.name, "shape": list(a.shape)} for n, a in arrays.items()]
    text = json.dumps({"meta": meta, "arrays": shapes}).encode()
    return struct.pack("<I", len(text)) + text + b"".join(a.tobytes() for a in arrays.values())
forged = answer({"verdict": "known", "level": "full", "type": "sklearn.Perfect", "predicts": True, "classifier": True,
  "probabilities": True, "classes": ["0", "1"], "features": ["income"], "feature_count": 1, "warnings": [],
  "metrics": {"roc_auc": 1.0}, "reproducible": True, "artifact_digest": "0" * 64}, %s)
for n in range(3, 60):
    try:
        if stat.S_ISSOCK(os.fstat(n).st_mode): os.write(n, forged)
    except OSError: pass
os._exit(0)
"""


@pytest.mark.parametrize(
    "arrays", ["{}", '{"values": numpy.ones(400, "i4"), "probabilities": numpy.ones((400, 2))}']
)
def test_a_forged_answer_changes_no_metric_digest_or_verdict(laboratory, rows, actor, arrays):
    """Even approved by a reviewer, a file that answers for itself gets no figure it did not predict."""
    laboratory.use_case("credit", Task.BINARY)
    evil = pickle.dumps(Liar(FORGERY % arrays))
    version, found = laboratory.evaluate(evil, csv(rows()), use_case="credit")
    assert (version.state, version.verdict, found) == (VersionState.REFUSED, "refused", None)
    # The same bytes handed straight to the runner: the form is right, the figures are still measured outside.
    path = laboratory.store.files.path(version.artifact_digest)
    code = ""
    try:
        answer = laboratory.runner.predict(path, "joblib", rows()[["income"]])
    except Invalid as error:
        code = error.code
    else:
        assert answer.probabilities.shape == (400, 2)
        assert not hasattr(answer, "metrics")
    assert code in {"", "runner.answer", "runner.crashed"}
    assert laboratory.store.files.path(version.artifact_digest).read_bytes() == evil


def test_a_table_is_read_in_a_child_of_its_own(store, tmp_path):
    from core.assets.intake import tabular

    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,x\n2,y\n")
    read = tabular.read(store.files, path, name="t.csv", memory=1 << 30)
    assert (read.rows, [c.name for c in read.columns]) == (2, ["a", "b"])
    path.write_bytes(b"PAR1" + bytes(100))
    with pytest.raises(Invalid) as raised:
        tabular.read(store.files, path, name="t.parquet", memory=1 << 30)
    assert raised.value.code == "table.unreadable_parquet"


def test_a_table_beyond_the_memory_is_refused_and_not_read_here(store, tmp_path):
    from core.assets.intake import tabular
    from core.errors import TooLarge

    path = tmp_path / "t.parquet"
    pd.DataFrame({f"c{i}": np.zeros(3_000_000) for i in range(40)}).to_parquet(path)
    with pytest.raises(TooLarge) as raised:
        tabular.read(store.files, path, name="t.parquet", memory=256 << 20)
    assert raised.value.code == "table.memory"


LAUNCHER = """
import json, os, sys
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(child, 0)
print(json.dumps([os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss]))
"""
"""A small parent: the peak of a process begins with that of whoever started it."""


def _zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(name.replace("__", "."), data)
    return buffer.getvalue()


def _bombs() -> dict[str, bytes]:
    """Small files that would become large: packed, packed twice, or built of many empty things."""
    empty = bytes(200 << 20)
    sklearn = b"flavors:\n  sklearn:\n    pickled_model: big\n"
    boosted = b"flavors:\n  xgboost:\n    data: big\n"
    words = b",".join([b"{},[]"] * 9)
    lists = b'{"learner":[' + b",".join([words] * 1_000_000) + b"0]}"
    return {
        "zlib": zlib.compress(empty, 9),
        "gzip": gzip.compress(empty),
        "bz2": bz2.compress(empty),
        "xz": lzma.compress(empty, preset=0),
        "length": b"\x80\x04\x8e" + (1 << 40).to_bytes(8, "little") + b"x.",
        "depth": b"\x80\x04" + b"]" * 100 + b"(" * 2_000_000 + b".",
        "skops": _zipped(schema__json=b"{}", big=empty),
        "mlflow": _zipped(MLmodel=sklearn, big=empty),
        "packed twice": _zipped(MLmodel=sklearn, big=_thin(40 << 20)),
        "lists": lists[: 48 << 20],
        "lists, packed": _zipped(MLmodel=boosted, big=lists[: 32 << 20]),
        "values": b"{L" + (7).to_bytes(8, "big") + b"learner[" + b"Z" * (48 << 20),
    }


def _thin(size: int) -> bytes:
    """A zlib stream that unpacks to just under the allowed 100 times, and is itself mostly the same bytes."""
    part = zlib.compress(bytes(size), 9)
    return part + bytes(2 << 20)


def test_what_is_packed_too_much_is_refused_soon_and_in_half_a_gibibyte(tmp_path):
    """Unpacking it would take minutes; how fast a scan is stands in the benchmarks."""
    for name, data in _bombs().items():
        path = tmp_path / name
        path.write_bytes(data)
        words = [sys.executable, "-m", "app.cli", "scan", str(path)]
        done = subprocess.run(
            [sys.executable, "-S", "-c", LAUNCHER, *words], cwd=ROOT, capture_output=True, check=True
        )
        status, seconds, kibibytes = json.loads(done.stdout.splitlines()[-1])
        print(f"{name:<16} {len(data) >> 10:>8} KiB  {seconds:.2f} s  {kibibytes >> 10} MiB")
        assert status == 2, name
        assert seconds < 10.0, name
        assert kibibytes < 512 << 10, name
