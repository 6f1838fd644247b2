"""The isolated runner: what a model may not do, how a call may end, and that one call never harms the next."""

import contextlib
import os
import pickle
import signal
import socket
import threading
import time
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import psutil
import pytest
from sklearn.ensemble import (
    BaggingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier

from core.assets.intake.runner import Runner
from core.errors import Invalid, Unavailable

INSPECT = "core.assets.intake.tasks:inspect"


class Evaluated:
    """Evaluates an expression where it is loaded."""

    def __init__(self, expression: str) -> None:
        self.expression = expression

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, (self.expression,)


@pytest.fixture
def attack(runner, tmp_path):
    def run(expression: str, **options):
        path = tmp_path / "attack.joblib"
        path.write_bytes(pickle.dumps(Evaluated(expression)))
        return runner.run(INSPECT, path, "joblib", **{"timeout": 5, **options})

    return run


full = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the full lock needs Linux")


@full
@pytest.mark.parametrize(
    "expression",
    [
        "open('/etc/passwd').read()",
        "open('/proc/1/environ').read()",
        "open('/proc/%d/mem' % __import__('os').getppid()).read()",
        "open({secret!r}).read()",
        "open({canary!r}, 'w')",
        "__import__('os').listdir('/')",
        "__import__('os').mkdir({canary!r})",
        "__import__('os').symlink('/etc', {canary!r})",
        "__import__('os').rename({secret!r}, {canary!r})",
        "__import__('os').unlink({secret!r})",
        "__import__('os').chmod({secret!r}, 0o777)",
        "__import__('os').fork()",
        "__import__('os').execv('/bin/sh', ['sh', '-c', 'touch {canary}'])",
        "__import__('subprocess').run(['touch', {canary!r}])",
        "__import__('os').posix_spawn('/bin/sh', ['sh'], {{}})",
        "__import__('socket').socket(2, 1)",
        "__import__('socket').socket(2, 2)",
        "__import__('socket').socket(10, 1)",
        "__import__('socket').socket(1, 1)",
        "__import__('socket').socket(16, 3)",
        "__import__('os').kill(__import__('os').getppid(), 9)",
        "__import__('os').memfd_create('x')",
        "__import__('os').setuid(0)",
        "__import__('resource').setrlimit(9, (-1, -1))",
        "__import__('os').unshare(0x10000000) if hasattr(__import__('os'), 'unshare') else 1/0",
        "1 / (__import__('ctypes').CDLL(None).ptrace(16, __import__('os').getppid(), 0, 0) + 1)",
        "1 / (__import__('ctypes').CDLL(None).syscall(425, 1, 0) + 1)",
        "1 / len([k for k in __import__('os').environ if not k.endswith(('_THREADS', '_LIMIT'))])",
    ],
)
def test_a_model_may_not(attack, runner, tmp_path, canary, expression):
    assert runner.level == "full"
    secret = tmp_path / "secret"
    secret.write_text("for nobody")
    with pytest.raises(Invalid) as raised:
        attack(expression.format(secret=str(secret), canary=str(canary)))
    assert raised.value.code == "runner.raised"
    assert not canary.exists()
    assert secret.read_text() == "for nobody"


def test_a_shell_is_not_started(attack, canary):
    attack(f"__import__('os').system('touch {canary}')")
    assert not canary.exists()


def test_the_store_in_aval_s_own_folder_cannot_be_read(attack):
    with pytest.raises(Invalid, match="Permission"):
        attack(f"open({str(Path(__file__).resolve())!r}).read()")


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("[0 for _ in iter(int, 1)]", "runner.timeout"),
        ("__import__('time').sleep(100)", "runner.timeout"),
        ("bytearray(8 << 30)", "runner.memory"),
        ("[bytearray(1 << 26) for _ in range(200)]", "runner.memory"),
        ("__import__('ctypes').string_at(0)", "runner.crashed"),
        ("__import__('os').abort()", "runner.crashed"),
        ("__import__('os')._exit(0)", "runner.crashed"),
        ("[__import__('os').write(n, b'\\xff' * 100) for n in range(3, 12)]", "runner.answer"),
    ],
)
def test_how_a_call_may_end(attack, runner, expression, code):
    if "write" in expression:
        expression = f"[__import__('contextlib').suppress(OSError).__enter__(), {_everywhere()}]"
    with pytest.raises(Invalid) as raised:
        attack(expression, timeout=5 if code == "runner.timeout" else 60)
    assert raised.value.code == code
    assert runner.run("core.assets.intake.isolated.probes:nothing").meta["level"] == runner.level


def _everywhere() -> str:
    """Write nonsense to every socket that the child holds, then end."""
    return (
        "[exec('try:\\n import os, stat\\n if stat.S_ISSOCK(os.fstat(n).st_mode): os.write(n, bytes([255]) * 100)\\n"
        "except OSError: pass', {'n': n}) for n in range(3, 40)], __import__('os')._exit(0)"
    )


def test_a_forged_answer_is_held_to_the_form(runner, tmp_path):
    path = tmp_path / "forged.joblib"
    forged = b'{"meta": {"level": "full", "classes": []}, "arrays": [{"name": "values", "dtype": "object", "shape": [3]}]}'
    head = len(forged).to_bytes(4, "little") + forged
    source = (
        "exec('import os, stat\\nfor n in range(3, 40):\\n try:\\n  if stat.S_ISSOCK(os.fstat(n).st_mode): os.write(n, "
        f"{head!r})\\n except OSError: pass\\nos._exit(0)'.replace(chr(92), chr(92)))"
    )
    path.write_bytes(pickle.dumps(Evaluated(source)))
    with pytest.raises(Invalid) as raised:
        runner.predict(path, "joblib", pd.DataFrame({"a": [1.0, 2.0, 3.0]}))
    assert raised.value.code in {"runner.answer", "runner.raised", "runner.crashed"}


def test_predictions_are_those_of_the_model(runner, tmp_path):
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(500, 3)), columns=["a", "b", "c"])
    model = LogisticRegression().fit(frame, np.where(frame.a > 0, "yes", "no"))
    path = tmp_path / "m.joblib"
    joblib.dump(model, path)
    found = runner.predict(path, "joblib", frame, latency=0.1)
    assert found.classes == ("no", "yes")
    # In here BLAS has as many threads as it likes, in there one: sums may differ in the last bit.
    np.testing.assert_allclose(found.probabilities, model.predict_proba(frame), rtol=1e-12)
    assert [found.classes[i] for i in found.values] == list(model.predict(frame))
    assert len(found.latency_ms) > 0


def test_tables_keep_their_types(tmp_path):
    frame = pd.DataFrame(
        {"n": [1, 2], "f": [0.5, None], "s": ["a", None], "b": [True, False], "c": pd.Categorical(["x", "y"])}
    )
    with Runner(("tests.core.assets.intake.probes",), seconds=10) as own:
        meta = own.run("tests.core.assets.intake.probes:frame_facts", frames={"t": frame}).meta
        assert meta["t"] == ["int64", "float64", "str", "bool", "category", 2]
        with pytest.raises(Invalid) as raised:
            own.run("tests.core.assets.intake.probes:huge_facts")
        assert raised.value.code == "runner.answer"
        with pytest.raises(ValueError, match="no module"):
            own.run("os:system")


def test_values_that_are_not_one_number_per_row_are_refused(runner, tmp_path):
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0]})
    model = LinearRegression().fit(frame, [1, 2, 3])
    model.coef_ = np.array([np.nan])
    path = tmp_path / "m.joblib"
    joblib.dump(model, path)
    with pytest.raises(Invalid) as raised:
        runner.predict(path, "joblib", frame)
    assert raised.value.code == "runner.answer"


@pytest.mark.parametrize("jobs", [1, 2, -1])
def test_a_model_trained_in_parallel_predicts_alone(runner, tmp_path, jobs):
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)), columns=["a", "b", "c"])
    labels = (frame.a > 0).astype(int)
    for model in (
        RandomForestClassifier(5, n_jobs=jobs),
        GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, n_jobs=jobs),
        VotingClassifier([("a", LogisticRegression())], n_jobs=jobs, voting="soft"),
        KNeighborsClassifier(n_jobs=jobs),
        BaggingClassifier(n_jobs=jobs),
        HistGradientBoostingClassifier(max_iter=3),
    ):
        path = tmp_path / "m.joblib"
        joblib.dump(model.fit(frame, labels), path)
        found = runner.predict(path, "joblib", frame)
        np.testing.assert_allclose(found.probabilities, model.predict_proba(frame), atol=1e-12)


def test_calls_from_many_threads(runner, tmp_path):
    frame = pd.DataFrame({"a": np.arange(50.0)})
    path = tmp_path / "m.joblib"
    joblib.dump(LinearRegression().fit(frame, frame.a * 2), path)
    answers: list[float] = []

    def work() -> None:
        for _ in range(5):
            answers.append(float(runner.predict(path, "joblib", frame).values[-1]))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == pytest.approx([98.0] * 20)


def test_a_dead_helper_is_replaced_and_a_stopped_one_leaves_nothing():
    own = Runner(seconds=10)
    own.start()
    helper = own._helper
    assert helper is not None
    helper.send_signal(signal.SIGKILL)
    helper.wait()
    assert own.run("core.assets.intake.isolated.probes:nothing").meta["level"]
    second = own._helper
    assert second is not None
    own.stop()
    assert not psutil.pid_exists(second.pid)


def test_the_helper_ends_with_its_parent():
    own = Runner(seconds=10)
    own.start()
    helper, control = own._helper, own._control
    assert helper is not None
    assert control is not None
    control.shutdown(socket.SHUT_RDWR)
    assert helper.wait(timeout=60) == 0
    own.stop()


def test_the_helper_holds_no_secret(runner, monkeypatch):
    runner.start()
    found = Path(f"/proc/{runner._helper.pid}/environ").read_bytes()
    assert b"AVAL" not in found
    assert b"HOME" not in found


def test_a_helper_that_cannot_start_says_so(monkeypatch):
    monkeypatch.setattr("core.assets.intake.runner._BOOT", "raise SystemExit(3)")
    with pytest.raises(Unavailable):
        Runner().start()


def sockets(process):
    names = [str(fd.readlink()) for fd in Path(f"/proc/{process.pid}/fd").iterdir()]
    return [name for name in names if name.startswith("socket:")]


def alone(runner):
    """The helper's one child once every call's is gone: it waits for the next call at its one socket, and knows nothing."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = psutil.Process(runner._helper.pid).children()
        with contextlib.suppress(OSError):
            if len(found) == 1 and len(sockets(found[0])) == 1:
                return found[0]
        time.sleep(0.05)
    raise AssertionError(f"not alone: {found}")


def test_no_process_is_left_after_a_timeout(attack, runner):
    with pytest.raises(Invalid):
        attack("__import__('time').sleep(100)", timeout=0.5)
    waiting = alone(runner)
    assert waiting.cpu_times().user < 0.1


def test_the_child_that_waits_may_be_killed_and_the_next_call_gets_another(runner):
    probe = "core.assets.intake.isolated.probes:nothing"
    runner.run(probe)
    waiting = alone(runner)
    waiting.kill()
    waiting.wait(10)
    assert runner.run(probe).meta["level"] == runner.level
    assert alone(runner).pid != waiting.pid


def test_the_child_that_waits_holds_nothing_but_its_end(runner):
    """No control socket, no other call's socket: what waits cannot speak for another child."""
    runner.run("core.assets.intake.isolated.probes:nothing")
    waiting = alone(runner)
    assert len(sockets(waiting)) == 1
    assert Path(f"/proc/{waiting.pid}/fd/0").readlink() == Path("/dev/null")


def test_root_or_not_the_child_keeps_no_privilege_over_files(attack):
    if os.geteuid() != 0:
        pytest.skip("runs as an ordinary user anyway")
    with pytest.raises(Invalid, match=r"Permission|Operation"):
        attack("open('/etc/shadow').read()")
