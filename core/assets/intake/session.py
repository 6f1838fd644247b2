"""A model kept loaded in its locked child: one table after another is answered until somebody closes it.

Between two tables the child knows nothing new, but it remembers: whoever may ask this model shares it with all others
who may. The lock is that of any other call, and a call that takes too long ends the child.
"""

import io
import socket
import threading
import time

import pandas as pd
import pyarrow as pa

from core.assets.intake import failures
from core.assets.intake.answers import Result, ended, framed, raise_reported
from core.assets.intake.isolated import protocol
from core.assets.intake.isolated.protocol import BadAnswer


class Session:
    """One loaded model; safe to use from several threads, which take turns. After an error of form it is closed."""

    def __init__(self, answer: socket.socket, status: socket.socket, memory: int) -> None:
        self._answer = answer
        self._status = status
        self._memory = memory
        self._lock = threading.Lock()
        self.closed = False

    def start(self, timeout: float) -> None:
        """Wait until the model is loaded; raise the errors of `failures`."""
        with self._lock:
            self._receive(timeout)

    def ask(self, rows: pd.DataFrame, timeout: float) -> Result:
        """Answer a table within `timeout` seconds; raise the errors of `failures`."""
        stream = io.BytesIO()
        try:
            table = pa.Table.from_pandas(rows, preserve_index=False, nthreads=1)
        except (pa.ArrowInvalid, pa.ArrowTypeError) as problem:  # a column of several kinds reaches no model
            raise failures.raised(str(problem)) from None
        with pa.ipc.new_stream(stream, table.schema) as writer:
            writer.write_table(table)
        body = stream.getbuffer()
        with self._lock:
            if self.closed or self._spoke_unasked():
                self.close()
                raise failures.crashed("closed")
            try:
                self._answer.settimeout(timeout)
                self._answer.sendall(protocol.HEADER.pack(len(body)))
                self._answer.sendall(body)
            except OSError:
                raise self._failed("no answer", timeout) from None
            return self._receive(timeout)

    def close(self) -> None:
        """End the child."""
        self.closed = True
        self._answer.close()
        self._status.close()

    def _receive(self, timeout: float) -> Result:
        started = time.monotonic()
        try:
            head, arrays = framed(self._answer, started + timeout)
        except TimeoutError:
            self.close()
            raise failures.timeout(timeout) from None
        except (BadAnswer, EOFError, OSError) as error:
            raise self._failed(str(error) or "no answer", timeout) from None
        meta = head.get("meta")
        if not isinstance(meta, dict):
            self.close()
            raise failures.bad_answer("facts")
        raise_reported(meta, self._memory)
        return Result(arrays, meta, time.monotonic() - started, 0.0)

    def _failed(self, broken: str, timeout: float) -> Exception:
        found = ended(self._status, broken, timeout, self._memory)
        self.close()
        return found

    def _spoke_unasked(self) -> bool:
        """Whether bytes lie there that nobody asked for: they would be taken for the next answer."""
        self._answer.setblocking(False)
        try:
            self._answer.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True
