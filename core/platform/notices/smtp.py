"""Hand an e-mail to the house's mail server (RFC 5321): over TLS, or to a server on this very machine."""

import json
import smtplib
import ssl
import time
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from core.errors import Invalid
from core.i18n import N_
from core.platform.notices.delivery import Knock
from core.settings import LOOPBACK_NAMES, Settings

SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Office:
    """The mail server as the settings name it; `tls` is from the first byte or after STARTTLS, none on this machine."""

    host: str
    port: int
    tls: Literal["direct", "start", "none"]
    user: str
    password: str
    sender: str


def office(settings: Settings) -> Office | None:
    """Read the settings; none where no mail server is named. Raise `Invalid` where they cannot be meant."""
    if not settings.mail_server:
        return None
    try:
        parts = urlsplit(settings.mail_server)
        port = parts.port
    except ValueError:
        raise _wrong() from None
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or parts.path.strip("/"):
        raise _wrong()
    if parts.password:
        raise Invalid(
            "settings.mail_password",
            N_("AVAL_MAIL_SERVER holds a password; environment and process lists would show it."),
            fix=N_("Write it into a file and name that in AVAL_MAIL_PASSWORD_FILE."),
        )
    if "@" not in settings.mail_from:
        raise Invalid(
            "settings.mail_from",
            N_("AVAL_MAIL_FROM is no address to write from."),
            fix=N_("Set it to one such as aval@example.org."),
        )
    direct = parts.scheme == "smtps"
    here = parts.hostname in LOOPBACK_NAMES
    return Office(
        host=parts.hostname,
        port=port or (465 if direct else 587),
        tls="direct" if direct else "none" if here else "start",
        user=unquote(parts.username or ""),
        password=_password(settings.mail_password_file),
        sender=settings.mail_from,
    )


def send(to: str, body: bytes, message_id: str, office: Office | None) -> Knock:
    """Hand one e-mail over and say how it went.

    The Message-ID is made of the message's own id and stays the same at every attempt, so that a server that took it
    the first time can tell.
    """
    began = time.monotonic()
    if office is None:
        return Knock(None, 0, "no_mail_server")
    if not to:
        return Knock(None, 0, "no_address", hopeless=True)
    try:
        _hand_over(office, to, _letter(office, to, body, message_id))
    except (OSError, smtplib.SMTPException) as error:
        return _failed(error, _since(began))
    return Knock(250, _since(began))


def _failed(error: OSError | smtplib.SMTPException, milliseconds: int) -> Knock:
    """RFC 5321, 4.2.1: 4yz asks to come again, 5yz will not change its mind."""
    code = _code(error)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return Knock(code, milliseconds, "mail_sign_in")
    if code is not None:
        later = 400 <= code < 500
        return Knock(code, milliseconds, "mail_later" if later else "mail_refused", hopeless=not later)
    if isinstance(error, TimeoutError) or "timed out" in str(error):
        return Knock(None, milliseconds, "timeout")
    insecure = isinstance(error, ssl.SSLError | smtplib.SMTPNotSupportedError)
    return Knock(None, milliseconds, "tls" if insecure else "unreachable")


def _code(error: Exception) -> int | None:
    """What the server answered, where it did."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return next((code for code, _said in error.recipients.values()), 550)
    return int(error.smtp_code) if isinstance(error, smtplib.SMTPResponseException) else None


def _hand_over(office: Office, to: str, letter: EmailMessage) -> None:
    trust = ssl.create_default_context()
    server: smtplib.SMTP
    if office.tls == "direct":
        server = smtplib.SMTP_SSL(office.host, office.port, timeout=SECONDS, context=trust)
    else:
        server = smtplib.SMTP(office.host, office.port, timeout=SECONDS)
    with server:
        if office.tls == "start":
            server.starttls(context=trust)
        if office.user:
            server.login(office.user, office.password)
        server.send_message(letter, office.sender, [to])


def _letter(office: Office, to: str, body: bytes, message_id: str) -> EmailMessage:
    content = json.loads(body)
    letter = EmailMessage()
    letter["Message-ID"] = f"<{message_id}@{office.sender.rpartition('@')[2].strip('> ')}>"
    letter["From"], letter["To"] = office.sender, to
    letter["Subject"] = " ".join(content["subject"].split())
    letter["Date"] = formatdate(localtime=False)
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answering machine answers it
    letter.set_content(content["text"])
    return letter


def _password(path: str) -> str:
    if not path:
        return ""
    try:
        return Path(path).expanduser().read_text().strip()
    except OSError as error:
        raise Invalid(
            "settings.mail_password_file",
            N_("AVAL_MAIL_PASSWORD_FILE cannot be read: {problem}"),
            problem=error.strerror or "",
        ) from None


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _wrong() -> Invalid:
    return Invalid(
        "settings.mail_server",
        N_("AVAL_MAIL_SERVER is no mail server."),
        fix=N_("Write smtps://user@host or smtp://user@host:587."),
    )
