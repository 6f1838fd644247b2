"""What a hostile model might do in a child that stays: asked for by name in the tests of sessions."""

import os
import socket
import sys
import time
from pathlib import Path


def hang(model, frames, options):
    time.sleep(60)


def die(model, frames, options):
    os._exit(3)


def talk(model, frames, options):
    """Answer, and say more a moment later on every descriptor that is open."""
    import threading

    def more():
        time.sleep(0.3)
        for descriptor in range(3, 64):
            try:
                os.write(descriptor, b"\x02\x00\x00\x00{}")
            except OSError:
                continue

    threading.Thread(target=more).start()
    return {}, {}


def lie(model, frames, options):
    """Write an answer of another form, then the true one."""
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b"\xff\xff\xff\xff")
        except OSError:
            continue
    return {}, {}


def open_file(model, frames, options):
    return {}, {"open": _works(lambda: Path("/etc/passwd").read_bytes())}


def connect(model, frames, options):
    return {}, {"open": _works(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))}


def fork(model, frames, options):
    return {}, {"open": _works(os.fork)}


def _works(step) -> bool:
    try:
        step()
    except BaseException:
        return False
    return sys.platform != ""
