"""What an e-mail says: that something waits and where; who and what only where the house allows it."""

from collections.abc import Sequence

from core.i18n import _, ngettext
from core.overview.inbox.queries import Notice
from core.platform.notices.shapes import address_of

MOST = 50
"""Entries that a summary writes out; the inbox has the others."""


def at_once(notice: Notice, root: str) -> tuple[str, str]:
    """Return subject and text of an e-mail about one notice, in the language that is being spoken."""
    lines = [
        notice.words,
        *([f"“{notice.said}”"] if notice.said else []),
        "",
        _link(notice, root),
        "",
        _foot(),
    ]
    return notice.words, _written(lines)


def summary(notices: Sequence[Notice], root: str) -> tuple[str, str]:
    """Return subject and text of a day's summary, newest first."""
    subject = ngettext("Aval: {n} thing since yesterday", "Aval: {n} things since yesterday", len(notices))
    lines: list[str] = []
    for notice in notices[:MOST]:
        lines += [f"- {notice.words}", f"  {_link(notice, root)}"]
    if len(notices) > MOST:
        lines.append(ngettext("and {n} more", "and {n} more", len(notices) - MOST))
    return subject, _written([*lines, "", _foot()])


def trial(root: str) -> tuple[str, str]:
    """Return subject and text of the e-mail that somebody sends to themselves."""
    said = _("This is how Aval writes to you.")
    return _("Aval: a trial"), _written([said, "", root, "", _foot()])


def _link(notice: Notice, root: str) -> str:
    return address_of(root, notice.page, notice.query) if root else _("Open the inbox in Aval.")


def _foot() -> str:
    return _("You choose in Settings, under Notifications, what you are told and when.")


def _written(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"
