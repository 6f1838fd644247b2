"""Who came first writes first, and nobody waits for himself."""

import threading
import time

import pytest

from core.platform.store.turn import Turn


def test_threads_are_served_in_order() -> None:
    turn, served = Turn(), []

    def wait(n: int) -> None:
        with turn:
            served.append(n)

    threads = [threading.Thread(target=wait, args=(n,)) for n in range(12)]
    with turn:
        for thread in threads:
            thread.start()
            time.sleep(0.005)
    for thread in threads:
        thread.join()
    assert served == list(range(12))


def test_only_one_is_inside() -> None:
    turn, inside, most = Turn(), [0], [0]

    def work() -> None:
        for _ in range(300):
            with turn:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_a_nested_unit_of_work_is_an_error_not_a_deadlock() -> None:
    turn = Turn()
    with turn, pytest.raises(RuntimeError, match="open"), turn:
        pass
    with turn:
        pass
