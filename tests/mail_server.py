"""A mail server on this machine that keeps what it is sent and answers as the test says (RFC 5321, as much as is needed)."""

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class MailServer:
    """What came in; `answer` is what follows a message, `hang` seconds to wait before it, `tls` what EHLO promises."""

    port: int = 0
    answer: str = "250 taken"
    hang: float = 0.0
    got: list[tuple[str, EmailMessage]] = field(default_factory=list)
    seen: int = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Serve until the block ends."""
    found = MailServer()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 here")
            to = ""
            for line in iter(self.rfile.readline, b""):
                word = line[:4].upper()
                if word == b"RCPT":
                    to = line.decode().partition("<")[2].partition(">")[0]
                if word == b"DATA":
                    self._say("354 go on")
                    self._data(to)
                elif word == b"QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say("250 fine")

        def _data(self, to: str) -> None:
            lines = []
            for line in iter(self.rfile.readline, b".\r\n"):
                lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
            found.seen += 1
            answer = found.answer
            time.sleep(found.hang)
            if answer.startswith("2"):
                letter = message_from_bytes(b"".join(lines), policy=policy.default)
                found.got.append((to, letter))
            self._say(answer)

        def _say(self, text: str) -> None:
            with suppress(OSError):
                self.wfile.write(f"{text}\r\n".encode())

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        found.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield found
        server.shutdown()
