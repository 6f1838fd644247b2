"""What every answer tells the browser to refuse."""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

import streamlit

_COMMON = "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)

DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
PLAIN_POLICY = f"default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; {_COMMON}"
"""For pages rendered here: no script at all."""
DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    f"connect-src 'self'; {_COMMON}"
)


@cache
def app_policy() -> str:
    """Return the policy for Streamlit's pages.

    Its one inline script is admitted by hash, read from the installed package. Emotion writes styles at run time;
    components of the second kind arrive as text and are imported from a blob.
    """
    index = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in _INLINE.findall(index)
    )
    return (
        f"default-src 'self'; script-src 'self' blob: {hashes}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; media-src 'self' blob:; connect-src 'self'; "
        f"worker-src 'self' blob:; {_COMMON}"
    )


def headers_for(path: str, *, secure: bool) -> list[tuple[bytes, bytes]]:
    """Return the headers that go with an answer for `path`."""
    found = [
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer" if path.startswith(SHARED) else b"same-origin"),
        (b"x-frame-options", b"DENY"),
        (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
        (b"content-security-policy", _policy(path).encode()),
    ]
    if secure:
        found.append((b"strict-transport-security", b"max-age=31536000"))
        found.append((b"cross-origin-opener-policy", b"same-origin"))
    if path == "/api" or path.startswith("/api/"):
        found.append((b"cache-control", b"no-store"))
    return found


def _policy(path: str) -> str:
    if path == "/api/docs":
        return DOCS_POLICY
    if path == "/api" or path.startswith("/api/") or path == "/healthz":
        return DATA_POLICY
    if path in PLAIN_PAGES or path.startswith((SHARED, "/download/digest")):
        return PLAIN_POLICY
    return app_policy()


SHARED = "/shared/"
"""Links for people without an account; the address itself is the secret, so no page it leads to may learn it."""

PLAIN_PAGES = frozenset({"/sign-in", "/sign-out", "/set-up", "/invitation", "/enter"})
"""The pages of `app.sign_in`: reachable without a session, except that signing out needs one to end."""
