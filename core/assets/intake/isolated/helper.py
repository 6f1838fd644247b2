"""The helper process: imports the libraries once, then forks one locked child per call.

The child of the next call is forked ahead, for forking takes a quarter of a call: it knows nothing until the call's
request reaches it, serves that one and ends.

It opens no file of anybody, holds no secret and no model: the model's file and the tables reach the child as
descriptors. It ends when the runner's end of the control socket closes, and its children end with it.
"""

import contextlib
import gc
import importlib
import io
import json
import os
import select
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

if TYPE_CHECKING:
    from core.assets.intake.isolated import jail

Told = tuple[bytes, list[memoryview]]
"""An answer as it goes over the wire: its head, and the bytes of its arrays."""
THREADS = dict.fromkeys(
    (
        *("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
        "NUMEXPR_NUM_THREADS",
    ),
    "1",
)
"""One thread for every library; the limit holds where a model was trained to ask for more."""
LIBRARIES = (
    "joblib",
    "numpy",
    "pandas",
    "pyarrow",
    "sklearn.calibration",
    "sklearn.compose",
    "sklearn.ensemble",
    "sklearn.impute",
    "sklearn.linear_model",
    "sklearn.neighbors",
    "sklearn.neural_network",
    "sklearn.pipeline",
    "sklearn.preprocessing",
    "sklearn.svm",
    "sklearn.tree",
    "skops.io",
    "onnx",
    "onnxruntime",
    "core.assets.intake.isolated.loading",
)
MOST_THREADS = 64
WATCH_SECONDS = 0.05
BOOSTERS = frozenset({"xgboost", "lightgbm", "catboost"})
"""Imported when a call first asks for them: each is optional, and takes a second and much memory."""


def main() -> None:
    """Serve calls from the control socket whose number is the first argument.

    The second names libraries to import, separated by commas, or is `-` for all; tasks' modules follow.
    """
    from core.assets.intake.isolated import jail  # noqa: PLC0415 - nothing before the environment is set

    control = socket.socket(fileno=int(sys.argv[1]))
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, signal.SIG_IGN if signal_number == signal.SIGINT else signal.SIG_DFL)
    modules = {name: importlib.import_module(name) for name in sys.argv[3:]}
    for name in LIBRARIES if sys.argv[2] == "-" else sys.argv[2].split(","):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    import pyarrow as pa  # noqa: PLC0415

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    prepared = jail.prepare(jail.readable_folders(str(Path(__file__).resolve().parents[4])))
    if sys.argv[2] == "-":
        _warm()
    # What is imported stays: a collection in a child would copy every page of it.
    gc.collect()
    gc.freeze()
    ended, wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    control.sendall(b"ready\n")
    parent = os.getppid()
    children: dict[int, socket.socket] = {}
    watched: dict[socket.socket, int] = {}
    forks = _Forks(control, modules, prepared, children, (ended, wake))
    forks.ahead()
    crowded: set[int] = set()
    while True:
        waiting: list[Any] = [control, ended, *watched]
        ready, _, _ = select.select(waiting, [], [], WATCH_SECONDS if children else 1.0)
        _end_crowded(children, crowded)
        if ended in ready:
            os.read(ended, 4096)
            ready.remove(ended)
        _reap(children, watched, crowded)
        if os.getppid() != parent:
            os._exit(0)
        for end in ready:
            if end is control:
                _accept(control, forks, children, watched)
            elif end in watched:
                # The runner speaks on a call's socket only by closing it: the call is over for it.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(watched[end], signal.SIGKILL)
                watched.pop(end)


def _warm() -> None:
    """Let the libraries import what they import late, once here and not again in every child.

    A tiny model of our own making: no OpenMP, for a child must find no threads begun.
    """
    import joblib  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415
    from sklearn.compose import make_column_transformer  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import OneHotEncoder, StandardScaler  # noqa: PLC0415

    importlib.import_module("core.assets.intake.isolated.protocol")
    rows = pd.DataFrame({"n": np.arange(4.0), "s": ["a", "b", "a", "b"]})
    rows["c"] = rows.s.astype("category")
    table = pa.Table.from_pandas(rows, preserve_index=False, nthreads=1)
    with tempfile.TemporaryFile() as file:
        with pa.ipc.new_stream(file, table.schema) as writer:
            writer.write_table(table)
        file.flush()
        rows = _table(file.fileno())
    columns = make_column_transformer((StandardScaler(), ["n"]), (OneHotEncoder(), ["s", "c"]))
    model = make_pipeline(columns, LogisticRegression(max_iter=5)).fit(rows, [0, 1, 0, 1])
    with tempfile.TemporaryFile() as file, joblib.parallel_config(backend="sequential"):
        joblib.dump(model, file)
        file.seek(0)
        joblib.load(file).predict_proba(rows)


def once() -> None:
    """Serve one call from standard input to standard output: the cold way, where nothing is forked.

    The first argument names libraries as for `main`; tasks' modules follow.
    """
    from core.assets.intake.isolated import jail  # noqa: PLC0415

    request = json.loads(sys.stdin.buffer.read())
    answer = os.dup(sys.stdout.fileno())
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    modules = {name: importlib.import_module(name) for name in sys.argv[2:]}
    wanted = set(request["libraries"]) | set(LIBRARIES if sys.argv[1] == "-" and request["format"] else ())
    for name in wanted if sys.argv[1] == "-" else sys.argv[1].split(","):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    files = [os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0)) for path in request["files"]]
    if request["writes"]:
        files[-1] = os.open(request["files"][-1], os.O_WRONLY | getattr(os, "O_BINARY", 0))
    prepared = jail.prepare(jail.readable_folders(str(Path(__file__).resolve().parents[4])))
    _tell(answer, _work(request, modules, prepared, files))
    os._exit(0)


class _Forks:
    """Children forked ahead, one at a time; each takes one request."""

    def __init__(
        self,
        control: socket.socket,
        modules: Mapping[str, Any],
        prepared: "jail.Prepared",
        children: Mapping[int, socket.socket],
        private: tuple[int, int],
    ) -> None:
        self._control = control
        self._modules = modules
        self._prepared = prepared
        self._children = children
        self._private = private
        self._next: tuple[int, socket.socket] | None = None

    def ahead(self) -> None:
        """Fork the child of the next call."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        child = os.fork()
        if child == 0:
            signal.set_wakeup_fd(-1)
            for descriptor in self._private:
                os.close(descriptor)
            for end in (self._control, ours, *self._children.values()):
                end.close()
            self._wait(theirs)
        theirs.close()
        self._next = child, ours

    def give(self, message: bytes, descriptors: list[int]) -> int:
        """Hand a request to the child that waits, or to a fresh one where it is gone; return its process."""
        for _ in range(2):
            if self._next is None:
                self.ahead()
            assert self._next is not None  # noqa: S101 - it was just forked
            child, end = self._next
            self._next = None
            with end, contextlib.suppress(OSError):
                socket.send_fds(end, [message], descriptors)
                return child
        raise OSError("no child takes the request")

    def renew(self) -> None:
        """Let the waiting child go: it was forked before a library was imported."""
        if self._next is not None:
            self._next[1].close()
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self._next[0], 0)
            self._next = None

    def _wait(self, end: socket.socket) -> NoReturn:
        """Wait for the one request, in the child; where the helper goes away or renews it, end."""
        try:
            message, descriptors, _, _ = socket.recv_fds(end, 1 << 20, 16)
        except OSError:
            os._exit(0)
        end.close()
        if not message:
            os._exit(0)
        answer, *files = descriptors
        _serve(json.loads(message), self._modules, self._prepared, answer, files)


def _accept(
    control: socket.socket,
    forks: _Forks,
    children: dict[int, socket.socket],
    watched: dict[socket.socket, int],
) -> None:
    message, descriptors, _, _ = socket.recv_fds(control, 1 << 20, 16)
    if not message:
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        os._exit(0)
    request = json.loads(message)
    answer, status, *files = descriptors
    for name in sorted(BOOSTERS.intersection(request["libraries"]).difference(sys.modules)):
        forks.renew()
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    child = forks.give(message, [answer, *files])
    for descriptor in (answer, *files):
        os.close(descriptor)
    end = socket.socket(fileno=status)
    children[child] = end
    watched[end] = child
    forks.ahead()


def _end_crowded(children: Iterable[int], crowded: set[int]) -> None:
    """End every child with more threads than a prediction needs, and remember why it ended."""
    crowded |= {child for child in children if _threads(child) > MOST_THREADS}
    for child in crowded:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def _threads(child: int) -> int:
    """Return how many threads a child has; no limit that holds for every user counts them."""
    try:
        with open(f"/proc/{child}/stat", "rb") as file:  # noqa: PTH123 - read twenty times a second
            return int(file.read().rpartition(b")")[2].split()[17])
    except (OSError, ValueError, IndexError):
        return 1


def _reap(children: dict[int, socket.socket], watched: dict[socket.socket, int], crowded: set[int]) -> None:
    while True:
        try:
            child, status, used = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if child == 0:
            return
        end = children.pop(child, None)
        if end is None:
            continue
        watched.pop(end, None)
        report = {
            "status": status,
            "memory_mb": used.ru_maxrss / 1024,
            "cpu": used.ru_utime + used.ru_stime,
            "threads": child in crowded,
        }
        crowded.discard(child)
        with contextlib.suppress(OSError):
            end.sendall(json.dumps(report).encode())
        end.close()


def _serve(
    request: Mapping[str, Any],
    modules: Mapping[str, Any],
    prepared: "jail.Prepared",
    answer: int,
    files: list[int],
) -> NoReturn:
    """Run one call in the forked child and end it; never returns."""
    try:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nowhere, standard)
        os.environ.clear()
        os.environ.update(
            THREADS
        )  # scikit-learn asks for them at each call, else for the cgroup, which is closed
        signal.signal(signal.SIGXCPU, signal.SIG_DFL)
        if request.get("stays"):
            _stay(request, modules, prepared, answer, files)
        else:
            _tell(answer, _work(request, modules, prepared, files))
        os.close(answer)  # whoever reads need not wait until this process is taken down
    finally:
        os._exit(0)


def _work(
    request: Mapping[str, Any], modules: Mapping[str, Any], prepared: "jail.Prepared", files: list[int]
) -> Told:
    from core.assets.intake.isolated import jail  # noqa: PLC0415

    level = jail.lock(prepared, memory=request["memory"], seconds=request["cpu"], writes=request["writes"])
    meta: dict[str, Any] = {"level": level}

    def call() -> Any:
        frames = {name: _table(files[i]) for name, i in request["frames"].items()}
        task = _task(request, modules)
        if request["writes"]:
            request["options"]["output"] = os.fdopen(os.dup(files[-1]), "wb")
        if request["format"] in {"raw", ""}:
            model: Any = os.fdopen(os.dup(files[0]), "rb") if request["format"] else None
            return task(model, frames, request["options"])
        model = _load(request, files, meta)
        return _sequential(lambda: task(model, frames, request["options"]))

    return _answered(meta, call)


def _stay(
    request: Mapping[str, Any],
    modules: Mapping[str, Any],
    prepared: "jail.Prepared",
    answer: int,
    files: list[int],
) -> None:
    """Load the model once and answer one table after another, until the other end closes."""
    from core.assets.intake.isolated import jail, protocol  # noqa: PLC0415

    level = jail.lock(prepared, memory=request["memory"], seconds=request["cpu"])
    meta: dict[str, Any] = {"level": level}
    task = _task(request, modules)
    held: list[Any] = []

    def load() -> Any:
        held.append(_load(request, files, meta))
        return {}, {}

    _tell(answer, _answered(meta, load))
    while held:
        size = _read(answer, protocol.HEADER.size)
        if size is None:
            return
        body = _read(answer, protocol.HEADER.unpack(size)[0])
        if body is None:
            return

        def call(body: bytes = body) -> Any:
            rows = _stream(io.BytesIO(body))
            return _sequential(lambda: task(held[0], {"rows": rows}, request["options"]))

        _tell(answer, _answered({}, call))


def _task(request: Mapping[str, Any], modules: Mapping[str, Any]) -> Callable[..., Any]:
    module, _, function = request["task"].partition(":")
    task: Callable[..., Any] = getattr(modules[module], function)
    return task


def _load(request: Mapping[str, Any], files: list[int], meta: dict[str, Any]) -> Any:
    from core.assets.intake.isolated import loading  # noqa: PLC0415

    started = time.perf_counter()
    model, meta["warnings"] = loading.load(files[0], request["format"], request["trusted"])
    meta["load_seconds"] = time.perf_counter() - started
    return model


def _sequential(call: Callable[[], Any]) -> Any:
    """A model trained with n_jobs=-1 would start a pool, which needs what the lock takes away."""
    import joblib  # noqa: PLC0415

    with joblib.parallel_config(backend="sequential"):
        return call()


def _answered(meta: dict[str, Any], call: Callable[[], Any]) -> Told:
    """Return what `call` answers, or what it raised, as it goes over the wire."""
    import numpy  # noqa: PLC0415, ICN001

    from core.assets.intake.isolated import protocol  # noqa: PLC0415

    try:
        # Forks share the state of numpy's generator: without this, a model that draws lots would seem to repeat itself.
        numpy.random.seed(int.from_bytes(os.urandom(4), "little"))  # noqa: NPY002
        arrays, facts = call()
        return protocol.encode(arrays, {**facts, **meta})
    except MemoryError:
        return protocol.encode({}, {**meta, "error": "memory", "text": ""})
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        kind = "library" if name in BOOSTERS else "raised"
        return protocol.encode(
            {}, {**meta, "error": kind, "text": name if kind == "library" else str(error)[:2000]}
        )
    except BaseException as error:  # noqa: BLE001 - whatever a model raises is an answer, not our failure
        text = f"{type(error).__name__}: {error}"[:2000]
        kind = "memory" if "bad_alloc" in text or "bad allocation" in text else "raised"
        return protocol.encode({}, {**meta, "error": kind, "text": text})


def _table(descriptor: int) -> Any:
    file = os.fdopen(os.dup(descriptor), "rb")
    file.seek(0)
    return _stream(file)


def _stream(file: BinaryIO) -> Any:
    import pyarrow as pa  # noqa: PLC0415

    # A stream, not a file: Arrow reads a file with a thread of its own, and one that a fork left behind is gone.
    options = pa.ipc.IpcReadOptions(use_threads=False)
    with pa.ipc.open_stream(pa.PythonFile(file, mode="r"), options=options) as reader:
        return reader.read_all().to_pandas(use_threads=False)


def _read(descriptor: int, size: int) -> bytes | None:
    """Return exactly so many bytes; None where the other end has closed."""
    found = bytearray()
    while len(found) < size:
        part = os.read(descriptor, min(size - len(found), 1 << 20))
        if not part:
            return None
        found += part
    return bytes(found)


def _tell(descriptor: int, told: Told) -> None:
    head, parts = told
    _send(descriptor, head)
    for part in parts:
        _send(descriptor, part)


def _send(descriptor: int, data: bytes | memoryview) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view[: 1 << 20]) :]
