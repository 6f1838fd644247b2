"""A full disk is an answer, not a crash: nothing was changed, and what is to be done."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from core.errors import Unavailable
from core.i18n import N_

_ERRNO = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_SQLITE = frozenset({13, 778})
"""SQLITE_FULL and SQLITE_IOERR_WRITE, https://www.sqlite.org/rescode.html."""
_SQLSTATE = "53100"
"""disk_full, https://www.postgresql.org/docs/current/errcodes-appendix.html."""


@contextmanager
def answered_when_full() -> Iterator[None]:
    """Raise `Unavailable` in place of whatever engine or system says when nothing more can be written."""
    try:
        yield
    except (OSError, DBAPIError) as problem:
        if not _is_full(problem):
            raise
        raise Unavailable(
            "store.full",
            N_("The disk is full: nothing was changed."),
            fix=N_("Free some space, then do it again; what was acknowledged before is safe."),
        ) from problem


def _is_full(problem: OSError | DBAPIError) -> bool:
    if isinstance(problem, OSError):
        return problem.errno in _ERRNO
    return (
        getattr(problem.orig, "sqlite_errorcode", None) in _SQLITE
        or getattr(problem.orig, "sqlstate", None) == _SQLSTATE
    )
