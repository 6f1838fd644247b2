"""Passwords: argon2id, and a policy of length alone (NIST SP 800-63B, section 5.1.1)."""

from functools import cache
from typing import NewType

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import Invalid
from core.i18n import N_

MIN_LENGTH = 12
MAX_LENGTH = 256
Protected = NewType("Protected", str)
"""A password after argon2id: commands take only this, so that hashing never holds a transaction open."""


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)


@cache
def _nobody() -> str:
    return _hasher().hash("the password of nobody")


def protect(password: str) -> Protected:
    """Hash `password` with argon2id (19 MiB, t=2, p=1); raise `Invalid` where it is too short or too long."""
    if len(password) < MIN_LENGTH:
        raise Invalid(
            "password.short",
            N_("The password has {length} characters."),
            fix=N_("Use at least {minimum}: a sentence is easy to remember."),
            field="password",
            length=len(password),
            minimum=MIN_LENGTH,
        )
    if len(password) > MAX_LENGTH:
        raise Invalid(
            "password.long",
            N_("The password has {length} characters."),
            fix=N_("Use at most {maximum}."),
            field="password",
            length=len(password),
            maximum=MAX_LENGTH,
        )
    return Protected(_hasher().hash(password))


def matches(password: str, protected: str | None) -> bool:
    """Compare in the same time whether or not there is anything to compare with."""
    try:
        _hasher().verify(protected or _nobody(), password[:MAX_LENGTH])
    except (VerificationError, InvalidHashError):
        return False
    return protected is not None
