"""A drop zone: the file goes from the browser to the REST interface, never through the page's memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from core.errors import AvalError
from core.i18n import _, language, size

_PARTS = Path(__file__).parent / "uploader"


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What the browser reports about one upload: a claim to look up, the server's record decides."""

    name: str
    size: int
    digest: str
    status: int
    problem: str

    @property
    def received(self) -> bool:
        """Say whether the server took the file."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Held:
    """A file that the server already holds, shown in the zone after a reload."""

    name: str
    size: int


def uploader(
    key: str,
    *,
    url: Callable[[], str],
    label: str,
    help: str = "",  # noqa: A002 - the word Streamlit's own widgets use
    accept: str = "",
    limit: int,
    held: Held | None = None,
    disabled: bool = False,
    texts: Mapping[str, str] | None = None,
) -> Uploaded | None:
    """Show the zone and return the last finished upload of this session, or None.

    `url` is called only when a file waits; it answers the path of the route with a fresh single-use ticket,
    and an `AvalError` it raises is shown in the zone. `limit` is in bytes; `accept` as in HTML.
    The same upload is returned at every run: compare `digest` with what the store holds before acting on it.
    """
    _zone()(
        key=key,
        data={
            "label": label,
            "help": help,
            "accept": accept,
            "limit": limit,
            "language": language().replace("_", "-"),
            "current": {"name": held.name, "size": held.size} if held else None,
            "disabled": disabled,
            "permit": _permit(key, url),
            "texts": {**_texts(limit), **(texts or {})},
        },
        on_asked_change=_nothing,
        on_done_change=_nothing,
    )
    done = _state(key).get("done")
    if not isinstance(done, Mapping):
        return None
    problem = done.get("problem")
    return Uploaded(
        name=str(done.get("name", "")),
        size=int(done.get("size") or 0),
        digest=str(done.get("digest", "")),
        status=int(done.get("status") or 0),
        problem=str(problem.get("text", "")) if isinstance(problem, Mapping) else "",
    )


def _state(key: str) -> Mapping[str, object]:
    state = st.session_state.get(key)
    return state if isinstance(state, Mapping) else {}


def _permit(key: str, url: Callable[[], str]) -> dict[str, object] | None:
    """One address per waiting file, kept until the next file asks: a rerun must not spend a second ticket."""
    asked = _state(key).get("asked")
    if not isinstance(asked, Mapping) or not asked.get("nonce"):
        return None
    nonce = str(asked["nonce"])
    kept = f"{key}:permit"
    held = st.session_state.get(kept)
    if isinstance(held, dict) and held.get("nonce") == nonce:
        return held
    permit: dict[str, object] = {"nonce": nonce}
    try:
        permit["url"] = url()
    except AvalError as error:
        permit["problem"] = {"text": error.text(), "fix": error.fix_text()}
    st.session_state[kept] = permit
    return permit


@lru_cache(maxsize=1)
def _zone() -> ComponentRenderer:
    return st.components.v2.component(
        "aval_drop_zone",
        html=(_PARTS / "zone.html").read_text(encoding="utf-8"),
        css=(_PARTS / "zone.css").read_text(encoding="utf-8"),
        js=(_PARTS / "zone.js").read_text(encoding="utf-8"),
    )


def _nothing() -> None:
    """A state key exists only with a callback; the page reads the value instead."""


def _texts(limit: int) -> dict[str, str]:
    return {
        "browse": _("Choose a file"),
        "replace": _("Choose another file"),
        "cancel": _("Cancel"),
        "limit": _("Drop a file here or choose one, up to {limit}.", limit=size(limit)),
        "progress": _("Upload progress"),
        "sent": _("{share}% of {name} sent."),
        "received": _("Received: {name}, {size}."),
        "cancelled": _("The upload was cancelled; nothing was kept."),
        "empty": _("The file is empty."),
        "too_large": _(
            "The file has {size}; the largest taken here is {limit}.", size="{size}", limit=size(limit)
        ),
        "refused": _("The server refused the file (status {status}). Try again."),
        "offline": _("The connection broke before the file was whole; nothing was kept. Try again."),
    }
