"""The further parts of a version: in a table on its record, and as a form while it is uploaded."""

from collections.abc import Callable, Sequence
from typing import Literal

import streamlit as st

from app.ui.text import digest, md
from app.ui.uploader import uploader
from core.assets.registry.bundle import PART_NAMES, Bundle, Part, PartKind
from core.i18n import _, size

Change = tuple[Literal["remove", "image"], str]


def bundle_table(bundle: Bundle, requirements: Sequence[str]) -> None:
    """Draw the parts with their digests, and the requirements in words where the model names some."""
    if bundle.parts:
        st.table(
            {
                _("Part"): [f"**{md(_(PART_NAMES[p.kind]))}**" for p in bundle.parts],
                _("Name"): [md(p.name) for p in bundle.parts],
                _("Size"): [size(p.size) if p.size else "–" for p in bundle.parts],
                _("Digest"): [digest(p.digest, 16) for p in bundle.parts],
            },
            border="horizontal",
            hide_index=True,
        )
        st.caption(
            ":material/lock: "
            + _("All of them together: {digest}. Signatures cover it.", digest=digest(bundle.digest, 16))
        )
    else:
        st.caption(_("The model file is released alone."))
    if requirements:
        with st.expander(_("Requirements")):
            st.code("\n".join(requirements), language=None)


def parts_form(
    parts: Sequence[Part], address: Callable[[str], Callable[[], str]], limit: int, *, may: bool
) -> Change | None:
    """Draw what is attached and the ways to attach more; return a removal or an image reference just asked for.

    `address` makes, for a kind of part, what the zone asks when a file waits; `limit` is in bytes. An image is named
    once there `may` be one: the upload is open.
    """
    for part in parts:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{_(PART_NAMES[part.kind])}** {md(part.name)} · {digest(part.digest)}")
            if st.button(_("Remove"), key=f"part_{part.id}", icon=":material/close:", type="tertiary"):
                return "remove", part.id
    kind = st.selectbox(
        _("Kind of part"),
        list(PartKind),
        format_func=lambda one: _(PART_NAMES[one]),
        key="part_kind",
        width=280,
    )
    kind = kind or PartKind.OTHER
    if kind is not PartKind.IMAGE:
        uploader(
            f"upload_part_{kind.value}",
            url=address(kind.value),
            label=_(PART_NAMES[kind]),
            help=_("Kept and hashed as it is; Aval never opens it."),
            limit=limit,
        )
        return None
    reference = st.text_input(
        _("Image reference"),
        placeholder="registry.example/scorer@sha256:…",
        help=_("With the digest at its end: a tag may be moved later."),
        key="part_image",
    )
    if st.button(_("Attach the image"), icon=":material/deployed_code:", disabled=not (may and reference)):
        return "image", reference
    return None
