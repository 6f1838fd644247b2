"""Long lists, a page at a time."""

from collections.abc import Sequence
from typing import TypeVar

import streamlit as st

from core.i18n import _

Row = TypeVar("Row")


def page_of(rows: Sequence[Row], size: int, *, key: str = "page") -> Sequence[Row]:
    """Return the rows of the page that the reader is on; the field to turn pages is drawn where there are several."""
    pages = -(-len(rows) // size)
    place = int(st.number_input(_("Page"), 1, pages, 1, key=key, width=140)) if pages > 1 else 1
    return rows[(place - 1) * size : place * size]
