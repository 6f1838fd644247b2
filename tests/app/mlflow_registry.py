"""A real MLflow tracking server in an environment of its own, made once and kept in the temporary folder."""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from tests.browser.harness import free_port

FILL = Path(__file__).with_name("mlflow_fill.py")
WANTED = ("mlflow-skinny==3.17.2", "Flask", "Flask-CORS", "waitress", "graphene", "aiohttp")
"""MLflow and what its server asks for: 80 MB, a third of the package `mlflow`, whose plots and clouds nobody needs here.

Whatever Aval has itself (scikit-learn, pandas, SQLAlchemy) is seen from Aval's environment, in the very version.
"""
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


@dataclass
class Registry:
    """The server's address, where it keeps its things, and the python that has its client."""

    url: str
    folder: Path
    python: Path
    process: subprocess.Popen[bytes]

    @property
    def artifacts(self) -> Path:
        return self.folder / "files"

    def ready(self) -> None:
        """Wait until the server answers; it makes its tables first."""
        until, log = time.monotonic() + 120, self.folder / "server.log"
        while time.monotonic() < until:
            assert self.process.poll() is None, log.read_text(errors="replace")[-3000:]
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/health", timeout=2).status_code == 200:
                    return
            time.sleep(0.1)
        raise AssertionError(f"MLflow is not ready:\n{log.read_text(errors='replace')[-3000:]}")

    def fill(self, name: str, table: Path) -> None:
        """Register two versions, as a data scientist's script does."""
        done = subprocess.run(
            [self.python, FILL, self.url, name, table],
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]

    def get(self, route: str, **params: str) -> dict:
        """Ask MLflow's own REST interface."""
        answer = httpx.get(f"{self.url}/api/2.0/mlflow/{route}", params=params, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()


def python_with_mlflow() -> Path:
    """Return the python of an environment that holds MLflow; skip where pip cannot install it."""
    told = "\n".join([*WANTED, sys.version, sysconfig.get_path("purelib")])
    base = Path(tempfile.gettempdir()) / f"aval-tests-{os.getuid()}"
    base.mkdir(mode=0o700, exist_ok=True)
    assert base.stat().st_uid == os.getuid()
    folder = base / f"mlflow-{sha256(told.encode()).hexdigest()[:12]}"
    done, python = folder / "done", folder / "bin" / "python"
    with (base / "mlflow.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            bare = [sys.executable, "-m", "venv", "--clear", "--without-pip", folder]
            subprocess.run(bare, check=True, timeout=120)
            (site,) = folder.glob("lib/python*/site-packages")
            (site / "aval.pth").write_text(sysconfig.get_path("purelib"))
            words = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-compile"]
            made = subprocess.run(
                [*words, "--disable-pip-version-check", *WANTED],
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            if made.returncode:
                pytest.skip(f"pip cannot install {WANTED[0]} here: {made.stderr.strip()[-300:]}")
            done.touch()
    return python


@contextlib.contextmanager
def registry(folder: Path) -> Iterator[Registry]:
    """Start the server on SQLite and a folder of files, and end it afterwards; `ready` waits for it."""
    python, port = python_with_mlflow(), free_port()
    folder.mkdir()
    words = [python, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    store = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    files = ["--artifacts-destination", str(folder / "files")]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*words, *store, *files],
            cwd=folder,
            env=_environment(),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Registry(f"http://127.0.0.1:{port}", folder, python, process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def _environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "AVAL_", "PYTHON"))}
    return {**kept, **QUIET}
