"""The lock that a child puts on itself before it opens a model: rlimits, Landlock, seccomp; without root.

Everything goes through ctypes; there is no dependency. Sources: landlock(7), seccomp(2), prctl(2), and the
kernel's syscall tables for x86-64 and arm64.
"""

import contextlib
import ctypes
import os
import platform
import struct
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

FULL = "full"
BASIC = "basic"

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_ALLOW, _EPERM, _ENOSYS, _ENOTTY, _KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x00050019, 0x80000000
_CLONE_THREAD = 0x10000
_LOCKS, _DUPFD_CLOEXEC = 7, 1030

_X86_64 = {
    "read": 0, "write": 1, "open": 2, "close": 3, "stat": 4, "fstat": 5, "lstat": 6, "poll": 7, "lseek": 8,
    "mmap": 9, "mprotect": 10, "munmap": 11, "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14,
    "rt_sigreturn": 15, "pread64": 17, "readv": 19, "writev": 20, "access": 21, "sched_yield": 24, "mremap": 25,
    "madvise": 28, "dup": 32, "nanosleep": 35, "getpid": 39, "exit": 60, "uname": 63, "getcwd": 79,
    "readlink": 89, "gettimeofday": 96, "getrusage": 98, "sysinfo": 99, "times": 100, "getuid": 102, "getgid": 104,
    "geteuid": 107, "getegid": 108, "getppid": 110, "sigaltstack": 131, "gettid": 186, "futex": 202,
    "sched_getaffinity": 204, "getdents64": 217, "restart_syscall": 219, "clock_gettime": 228, "clock_getres": 229,
    "clock_nanosleep": 230, "exit_group": 231, "openat": 257, "newfstatat": 262, "set_robust_list": 273,
    "getrandom": 318, "membarrier": 324, "statx": 332, "rseq": 334, "faccessat2": 439,
}  # fmt: skip
_ARM64 = {
    "dup": 23, "faccessat": 48, "openat": 56, "close": 57, "getdents64": 61, "lseek": 62, "read": 63,
    "write": 64, "readv": 65, "writev": 66, "pread64": 67, "ppoll": 73, "readlinkat": 78, "newfstatat": 79,
    "fstat": 80, "exit": 93, "exit_group": 94, "futex": 98, "set_robust_list": 99, "nanosleep": 101,
    "clock_gettime": 113, "clock_getres": 114, "clock_nanosleep": 115, "sched_getaffinity": 123, "sched_yield": 124,
    "restart_syscall": 128, "sigaltstack": 132, "rt_sigaction": 134, "rt_sigprocmask": 135, "rt_sigreturn": 139,
    "times": 153, "uname": 160, "getrusage": 165, "gettimeofday": 169, "getpid": 172, "getppid": 173, "getuid": 174,
    "geteuid": 175, "getgid": 176, "getegid": 177, "gettid": 178, "sysinfo": 179, "brk": 214, "munmap": 215,
    "mremap": 216, "mmap": 222, "mprotect": 226, "madvise": 233, "getrandom": 278, "membarrier": 283, "statx": 291,
    "rseq": 293, "faccessat2": 439,
}  # fmt: skip
_MACHINES = {
    # machine: (audit architecture, allowed calls, clone, fcntl, clone3, prlimit64, ioctl, seccomp)
    "x86_64": (0xC000003E, _X86_64, 56, 72, 435, 302, 16, 317),
    "aarch64": (0xC00000B7, _ARM64, 220, 25, 435, 261, 29, 277),
}


@dataclass(frozen=True, slots=True)
class Prepared:
    """What can be made ready before the fork: the rules of Landlock as a descriptor, the filter of seccomp as code.

    `ruleset` is -1 and `code` empty where the kernel has no such thing.
    """

    ruleset: int
    code: bytes


INSTRUCTION = struct.calcsize("HBBI")


def prepare(readable: Iterable[str]) -> Prepared:
    """Make the lock ready; `readable` are the folders and files that stay open to reading."""
    if not sys.platform.startswith("linux"):
        return Prepared(-1, b"")
    libc = ctypes.CDLL(None, use_errno=True)
    ruleset, code = -1, b""
    # Each for itself: a kernel without the one still closes what the other can.
    with contextlib.suppress(OSError):
        ruleset = _ruleset(libc, sorted(set(readable)))
    with contextlib.suppress(KeyError):
        code = _filter()
    return Prepared(ruleset, code)


def lock(prepared: Prepared, *, memory: int, seconds: int, writes: int = 0) -> str:
    """Give up what a model does not need and return the level reached: `full` or `basic`.

    `memory` is bytes of address space beyond what is mapped now, `seconds` is processor time, `writes` is how many
    bytes may go to a file that is handed in. A part of the lock that the kernel lacks lowers the level; the limits
    hold in any case.
    """
    _limits(memory, seconds, writes)
    if not sys.platform.startswith("linux"):
        return BASIC
    libc = ctypes.CDLL(None, use_errno=True)
    _prctl(libc, _PR_SET_NO_NEW_PRIVS, 1)
    _prctl(libc, _PR_SET_DUMPABLE, 0)
    _prctl(libc, _PR_SET_PDEATHSIG, 9)
    held = prepared.ruleset >= 0 and bool(prepared.code)
    try:
        if prepared.ruleset >= 0:
            _call(libc, _LANDLOCK_RESTRICT, ctypes.c_int(prepared.ruleset), ctypes.c_uint32(0))
            os.close(prepared.ruleset)
    except OSError:
        held = False
    try:
        if prepared.code:
            _seccomp(libc, prepared.code)
    except (OSError, KeyError):
        held = False
    return FULL if held else BASIC


def readable_folders(root: str) -> list[str]:
    """Return the folders of this Python and its libraries, and the files that say what the machine is.

    Of Aval's own folder `root` only the code and the list of names: the store may lie in it.
    """
    found = (os.path.realpath(p) for p in sys.path if p)
    return [
        sys.prefix,
        sys.base_prefix,
        *(p for p in found if os.path.commonpath([p, root]) != p),
        f"{root}/core",
        f"{root}/data/intake",
        "/usr/lib",
        "/lib",
        "/usr/share/zoneinfo",
        "/sys/devices/system/cpu",
        "/sys/fs/cgroup/cpu.max",
        "/sys/fs/cgroup/cpu/cpu.cfs_quota_us",
        "/sys/fs/cgroup/cpu/cpu.cfs_period_us",
        "/proc/cpuinfo",
        "/proc/meminfo",
    ]


def _limits(memory: int, seconds: int, writes: int) -> None:
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - there is none on Windows

    mapped = 0
    if sys.platform.startswith("linux"):
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - no Path machinery in a locked child
            mapped = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    for limit, value in (
        (resource.RLIMIT_AS, mapped + memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, writes),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.setrlimit(limit, (value, value))
        except (OSError, ValueError):
            # macOS knows the limit of address space and does not hold it; Linux holds every one of these.
            if sys.platform.startswith("linux"):
                raise


def _prctl(libc: ctypes.CDLL, option: int, value: int) -> None:
    if libc.prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def _call(libc: ctypes.CDLL, number: int, *arguments: object) -> int:
    answer = int(libc.syscall(ctypes.c_long(number), *arguments))
    if answer < 0:
        raise OSError(ctypes.get_errno(), f"syscall {number}")
    return answer


def _ruleset(libc: ctypes.CDLL, readable: Sequence[str]) -> int:
    version = _call(libc, _LANDLOCK_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    files = (1 << 13) - 1
    for since, bit in ((2, 13), (3, 14), (5, 15)):
        if version >= since:
            files |= 1 << bit
    sizes = 8 if version < 4 else 16 if version < 6 else 24
    rules = struct.pack("QQQ", files, 3, 3)[:sizes]
    ruleset = _call(libc, _LANDLOCK_CREATE, rules, ctypes.c_size_t(len(rules)), ctypes.c_uint32(0))
    for path in readable:
        try:
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        rights = 4 | 8 if os.path.isdir(path) else 4  # noqa: PTH112 - read file, list folder
        rule = struct.pack("=Qi", rights, place)
        _call(libc, _LANDLOCK_ADD, ctypes.c_int(ruleset), ctypes.c_int(1), rule, ctypes.c_uint32(0))
        os.close(place)
    return ruleset


def _filter() -> bytes:
    """Return the program that allows the calls of the table; everything else fails with EPERM."""
    arch, table, clone, fcntl, clone3, prlimit, ioctl, _number = _MACHINES[platform.machine()]

    def load(offset: int) -> bytes:
        return struct.pack("HBBI", 0x20, 0, 0, offset)

    def jump(value: int, yes: int, no: int, test: int = 0x15) -> bytes:
        return struct.pack("HBBI", test, yes, no, value)

    def answer(value: int) -> bytes:
        return struct.pack("HBBI", 0x06, 0, 0, value)

    program = [load(4), jump(arch, 1, 0), answer(_KILL), load(0)]
    # x32 calls carry bit 30: a second table of numbers on x86-64.
    program += [jump(0x40000000, 0, 1, 0x35), answer(_EPERM)]
    program += [jump(clone3, 0, 1), answer(_ENOSYS)]
    program += [jump(clone, 0, 4), load(16), jump(_CLONE_THREAD, 0, 1, 0x45), answer(_ALLOW), answer(_EPERM)]
    # fcntl up to the locks, and to duplicate: beyond lies F_SETOWN, by which a file sends a signal to any process.
    program += [
        jump(fcntl, 0, 6),
        load(24),
        jump(_LOCKS, 1, 0, 0x25),
        answer(_ALLOW),
        jump(_DUPFD_CLOEXEC, 0, 1),
        answer(_ALLOW),
        answer(_EPERM),
    ]
    # prlimit64 may ask, not set: both halves of the pointer to new limits are zero.
    program += [
        jump(prlimit, 0, 6),
        load(32),
        jump(0, 0, 3),
        load(36),
        jump(0, 0, 1),
        answer(_ALLOW),
        answer(_EPERM),
    ]
    program += [jump(ioctl, 0, 1), answer(_ENOTTY)]
    for number in table.values():
        program += [jump(number, 0, 1), answer(_ALLOW)]
    program.append(answer(_EPERM))
    return b"".join(program)


def _seccomp(libc: ctypes.CDLL, code: bytes) -> None:
    number = _MACHINES[platform.machine()][-1]
    buffer = ctypes.create_string_buffer(code, len(code))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    filled = Program(len(code) // INSTRUCTION, ctypes.addressof(buffer))
    _call(libc, number, ctypes.c_uint(1), ctypes.c_uint(1), ctypes.byref(filled))
