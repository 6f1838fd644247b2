"""What is handed out once and kept only as a digest: session keys, tokens, tickets."""

import hashlib
import hmac
import secrets

KEY_BYTES = 32


def fresh() -> str:
    """Return 256 random bits, URL-safe."""
    return secrets.token_urlsafe(KEY_BYTES)


def digest(secret: str) -> str:
    """Return the SHA-256 of a high-entropy secret, hexadecimal; no stretching is needed at 256 bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def same(left: str, right: str) -> bool:
    """Compare two digests in constant time."""
    return hmac.compare_digest(left, right)


def token(token_id: str, secret: str) -> str:
    """Write a token as it is handed to a program: `aval_<id>_<secret>`."""
    return f"aval_{token_id.removeprefix('tok_')}_{secret}"


def parse_token(text: str) -> tuple[str, str] | None:
    """Split `aval_<id>_<secret>` into the token's id and its secret; None where it is no token."""
    head, _, rest = text.partition("_")
    token_id, _, secret = rest.partition("_")
    if head != "aval" or not token_id or not secret or len(text) > 200 or not text.isascii():
        return None
    return f"tok_{token_id}", secret


def pseudonym(pepper: str, text: str) -> str:
    """Return a keyed digest of an account or address: a bare hash of an e-mail address can be guessed."""
    return hmac.new(pepper.encode(), text.strip().lower().encode(), hashlib.sha256).hexdigest()
