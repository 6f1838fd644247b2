"""Take a chart's data along: CSV that no spreadsheet executes, and Parquet."""

from collections.abc import Callable
from io import BytesIO

import pandas as pd
import streamlit as st

from core.i18n import _

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def guarded(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with text that a spreadsheet would run led by an apostrophe (OWASP: CSV injection)."""
    safe = frame.rename(columns=lambda name: _guard(str(name)))
    return pd.DataFrame(
        {
            name: column if pd.api.types.is_numeric_dtype(column) else column.map(_guard)
            for name, column in safe.items()
        }
    )


def _guard(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def as_csv(frame: pd.DataFrame) -> bytes:
    """Write CSV in UTF-8 with the mark that spreadsheets need."""
    return guarded(frame).to_csv(index=False).encode("utf-8-sig")


def as_parquet(frame: pd.DataFrame) -> bytes:
    """Write Parquet, values as they are."""
    body = BytesIO()
    frame.to_parquet(body, index=False)
    return body.getvalue()


def export(frame: Callable[[], pd.DataFrame], name: str) -> None:
    """Draw the buttons; the table is made when one is pressed."""
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            _("CSV"),
            lambda: as_csv(frame()),
            file_name=f"{name}.csv",
            mime="text/csv",
            icon=":material/download:",
            key=f"csv_{name}",
            on_click="ignore",
        )
        st.download_button(
            _("Parquet"),
            lambda: as_parquet(frame()),
            file_name=f"{name}.parquet",
            mime="application/vnd.apache.parquet",
            icon=":material/download:",
            key=f"parquet_{name}",
            on_click="ignore",
        )
