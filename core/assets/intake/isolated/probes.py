"""What a child may not do, tried from within: each probe answers whether the lock held."""

import ctypes
import mmap
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

Answer = tuple[dict[str, Any], dict[str, Any]]


def nothing(model: object, frames: Mapping[str, object], options: Mapping[str, Any]) -> Answer:  # noqa: ARG001
    """Answer at once: the runner learns the level of its lock."""
    return {}, {}


def probe(model: object, frames: Mapping[str, object], options: Mapping[str, Any]) -> Answer:  # noqa: ARG001
    """Try every way out; the answer holds, by name, whether it was refused and what the system said."""
    found = {}
    for name, attempt in _attempts(
        str(options["secret"]), str(options["target"]), int(options["limit"])
    ).items():
        try:
            said = attempt()
        except (OSError, MemoryError, ValueError) as error:
            found[name] = {"held": True, "said": f"{type(error).__name__}: {error}"[:120]}
        else:
            found[name] = {"held": False, "said": str(said)[:120]}
    return {}, {"probes": found}


def _attempts(secret: str, target: str, limit: int) -> dict[str, Callable[[], object]]:
    libc = ctypes.CDLL(None, use_errno=True)

    def call(number: int, *arguments: int) -> int:
        answer = int(libc.syscall(ctypes.c_long(number), *(ctypes.c_long(a) for a in arguments)))
        if answer < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return answer

    def ptrace() -> int:
        if libc.ptrace(16, os.getppid(), 0, 0) < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return 0

    def read(path: str) -> int:
        with open(path, "rb") as file:  # noqa: PTH123 - as a model would
            return len(file.read(10))

    def grow() -> str:
        import resource  # noqa: PLC0415 - there is none on Windows

        resource.setrlimit(resource.RLIMIT_NOFILE, (1 << 20, 1 << 20))
        return "raised"

    found: dict[str, Callable[[], object]] = {
        "read a secret": lambda: read(secret),
        "read accounts": lambda: read("/etc/passwd"),
        "read the parent's memory": lambda: read(f"/proc/{os.getppid()}/mem"),
        "read the first process's environment": lambda: read("/proc/1/environ"),
        "list the root folder": lambda: os.listdir("/"),  # noqa: PTH208
        "write a file": lambda: os.open(target, os.O_CREAT | os.O_WRONLY),
        "make a folder": lambda: os.mkdir(target),  # noqa: PTH102
        "make a link": lambda: os.symlink("/etc", target),  # noqa: PTH211
        "remove a file": lambda: os.unlink(secret),  # noqa: PTH108
        "change rights": lambda: os.chmod(secret, 0o777),  # noqa: PTH101, S103
        "start a program": lambda: os.execv("/bin/true", ["true"]),  # noqa: S606
        "fork": _fork,
        "TCP": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
        "UDP": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "IPv6": lambda: socket.socket(socket.AF_INET6, socket.SOCK_STREAM),
        "Unix socket": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
        "kill the parent": lambda: os.kill(os.getppid(), 0),
        "trace the parent": ptrace,
        "raise its limits": grow,
        "take memory over the limit": lambda: len(mmap.mmap(-1, limit + (1 << 30))),
        "become root": lambda: os.setuid(0) if os.getuid() else os.setgid(0),
    }
    if sys.platform.startswith("linux"):
        found |= {
            "signal through a file": _own,
            "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
            "raw packets": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
            "nameless file": lambda: os.memfd_create("x"),
            "io_uring": lambda: call(425, 1, 0),
            "new namespaces": lambda: libc.unshare(0x10000000) and call(-1),
            "another process's memory": lambda: call(
                310 if os.uname().machine == "x86_64" else 270, os.getppid()
            ),
        }
    return found


def _fork() -> str:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return "forked"


def _own() -> str:
    """Have the kernel signal the parent whenever a descriptor of ours is ready."""
    import fcntl  # noqa: PLC0415 - there is none on Windows

    fcntl.fcntl(0, fcntl.F_SETOWN, os.getppid())
    return "owned"


def spin(model: object, frames: Mapping[str, object], options: Mapping[str, Any]) -> Answer:  # noqa: ARG001
    """Never end, at work."""
    while True:
        pass


def sleep(model: object, frames: Mapping[str, object], options: Mapping[str, Any]) -> Answer:  # noqa: ARG001
    """Never end, at rest."""
    while True:
        time.sleep(3600)


def flood(model: object, frames: Mapping[str, object], options: Mapping[str, Any]) -> Answer:  # noqa: ARG001
    """Answer more than an answer may be."""
    return {}, {"text": "x" * (1 << 20)}


def threads(model: object, frames: Mapping[str, object], options: Mapping[str, Any]) -> Answer:  # noqa: ARG001
    """Start threads without end: what a fork bomb is where no process can be started."""
    threading.stack_size(1 << 16)
    while True:
        threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()


def crash(model: object, frames: Mapping[str, object], options: Mapping[str, Any]) -> Answer:  # noqa: ARG001
    """End as a broken native library would."""
    ctypes.string_at(0)
    return {}, {}
