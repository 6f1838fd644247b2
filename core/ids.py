"""Identifiers: short, random, and readable in a log."""

import secrets


def new_id(prefix: str) -> str:
    """Return `prefix_` and 96 random bits in hexadecimal."""
    return f"{prefix}_{secrets.token_hex(12)}"
