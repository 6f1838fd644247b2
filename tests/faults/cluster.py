"""A PostgreSQL of the test's own, that may be killed: durable, on a free port, in a folder that goes away with it."""

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import psutil
import pytest

from tests.browser.harness import free_port


def binaries() -> Path:
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(re.sub(r"\D", "", p.parts[4]))
    )
    if not found:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    return found[-1].parent


class Cluster:
    """`url` names its database `aval`."""

    def __init__(self) -> None:
        self.bin = binaries()
        self.home = Path(tempfile.mkdtemp(prefix="aval-cluster-"))
        self.data = self.home / "data"
        self.port = free_port()
        self.user: list[str] = []
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            owner = pwd.getpwnam("postgres")
            os.chown(self.home, owner.pw_uid, owner.pw_gid)
            self.user = ["runuser", "-u", "postgres", "--"]
        self._run(
            "initdb",
            "--pgdata",
            self.data,
            "--username",
            "aval",
            "--auth",
            "trust",
            "--no-sync",
            "--encoding",
            "UTF8",
        )
        self.start()
        self._run("createdb", "--host", "127.0.0.1", "--port", self.port, "--username", "aval", "aval")

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://aval@127.0.0.1:{self.port}/aval"

    def start(self) -> None:
        """Start it; after a kill it recovers from its log first."""
        options = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories={self.home} -c max_connections=60"
        self._run(
            "pg_ctl",
            "start",
            "--pgdata",
            self.data,
            "--log",
            self.home / "log",
            "--silent",
            "--wait",
            "--options",
            options,
        )

    def kill(self) -> None:
        """SIGKILL to the postmaster and to every process it has."""
        main = psutil.Process(int((self.data / "postmaster.pid").read_text().split()[0]))
        everyone = [main, *main.children(recursive=True)]
        for one in everyone:
            try:
                one.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(everyone, timeout=20)

    def end(self) -> None:
        self._run("pg_ctl", "stop", "--pgdata", self.data, "--mode", "immediate", "--silent", check=False)
        shutil.rmtree(self.home, ignore_errors=True)

    def _run(self, name: str, *words: object, check: bool = True) -> None:
        subprocess.run(
            [*self.user, str(self.bin / name), *map(str, words)], cwd="/", check=check, capture_output=name != "pg_ctl",
            stdout=None if name != "pg_ctl" else subprocess.DEVNULL, stdin=subprocess.DEVNULL, timeout=120,
        )  # fmt: skip
