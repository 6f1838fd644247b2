"""Workers live as long as the server: started again when they end, gone when it is gone."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from app.supervisor import Supervisor
from core.settings import Settings

ROOT = Path(__file__).parents[2]


def sleeper(tmp_path, monkeypatch):
    """Stand in for the worker: `python -m app.cli worker --parent N` becomes a process that sleeps."""
    stand = tmp_path / "app"
    stand.mkdir()
    (stand / "__init__.py").touch()
    (stand / "supervisor.py").write_text((ROOT / "app" / "supervisor.py").read_text())
    (stand / "cli.py").write_text("import time\ntime.sleep(60)\n")
    monkeypatch.chdir(tmp_path)


async def until(condition, seconds=60):
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit
        await asyncio.sleep(0.05)


def test_a_worker_that_ends_is_started_again_and_stops_with_the_server(tmp_path, monkeypatch):
    sleeper(tmp_path, monkeypatch)

    async def story():
        supervisor = Supervisor(Settings(folder=str(tmp_path)), 2)
        await supervisor.start()
        await until(lambda: len(supervisor.pids()) == 2)
        first, kept = supervisor.pids()
        os.kill(first, signal.SIGKILL)
        await until(lambda: first not in supervisor.pids() and len(supervisor.pids()) == 2)
        assert kept in supervisor.pids()
        last = [psutil.Process(pid) for pid in supervisor.pids()]
        await supervisor.stop()
        assert not any(process.is_running() for process in last)

    asyncio.run(story())


@pytest.mark.skipif(sys.platform != "linux", reason="PDEATHSIG is Linux's")
def test_a_worker_does_not_outlive_a_killed_server(tmp_path, monkeypatch):
    sleeper(tmp_path, monkeypatch)
    server = subprocess.Popen(
        [
            sys.executable,
            "-c",
            (
                "import asyncio\nfrom app.supervisor import Supervisor\nfrom core.settings import Settings\n"
                "async def main():\n    s = Supervisor(Settings(), 1)\n    await s.start()\n    while not s.pids():\n        await asyncio.sleep(0.05)\n"
                "    print(s.pids()[0], flush=True)\n    await asyncio.sleep(60)\nasyncio.run(main())"
            ),
        ],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
    )
    worker = psutil.Process(int(server.stdout.readline()))
    assert worker.is_running()
    server.kill()
    server.wait()
    _gone, alive = psutil.wait_procs([worker], timeout=60)
    assert not alive or worker.status() == psutil.STATUS_ZOMBIE
