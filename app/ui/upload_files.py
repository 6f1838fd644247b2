"""The two files of an upload: each with its zone and what was found in it."""

from collections.abc import Callable

import streamlit as st

from app.ui import badges
from app.ui.text import code, digest, md
from app.ui.uploader import Held, Uploaded, uploader
from core.assets.datasets.schema import KIND_NAMES
from core.assets.intake.draft import ArtifactFile, TableFile
from core.i18n import _, ngettext

MOST_COLUMNS = 12


def artifact_zone(held: ArtifactFile | None, address: Callable[[], str], limit: int) -> Uploaded | None:
    """Draw the zone of the model file; `limit` is in bytes."""
    with st.container(gap="xsmall"):
        sent = uploader(
            "upload_artifact",
            url=address,
            label=_("Model file"),
            help=_(
                "scikit-learn as .skops or .joblib, or ONNX. It is recognised by its content and never run here."
            ),
            accept=".skops,.joblib,.pkl,.pickle,.onnx,.gz,.xz,.bz2",
            limit=limit,
            held=Held(held.name, held.size) if held else None,
        )
        if held:
            st.markdown(
                badges.row(
                    badges.badge(held.format, badges.Tone.INFO, "draft"), f"sha256 {digest(held.digest)}"
                )
            )
    return sent


def table_zone(held: TableFile | None, address: Callable[[], str], limit: int) -> Uploaded | None:
    """Draw the zone of the evaluation table; `limit` is in bytes."""
    with st.container(gap="xsmall"):
        sent = uploader(
            "upload_table",
            url=address,
            label=_("Evaluation table"),
            help=_("CSV (UTF-8) or Parquet with the model's features and a column of what truly happened."),
            accept=".csv,.tsv,.txt,.parquet,.pq",
            limit=limit,
            held=Held(held.name, held.size) if held else None,
        )
        if held:
            _facts(held)
    return sent


def _facts(table: TableFile) -> None:
    st.markdown(
        badges.row(
            badges.badge(ngettext("{n} row", "{n} rows", table.rows), badges.Tone.INFO, "table_rows"),
            badges.badge(ngettext("{n} column", "{n} columns", len(table.columns)), icon="view_column"),
            badges.badge(_("personal data"), badges.Tone.WARN, "person_alert") if table.personal else "",
        )
    )
    shown = [f"{code(c.name)} {md(_(KIND_NAMES[c.kind]))}" for c in table.columns[:MOST_COLUMNS]]
    if len(table.columns) > MOST_COLUMNS:
        shown.append(ngettext("and {n} more", "and {n} more", len(table.columns) - MOST_COLUMNS))
    st.caption(" · ".join(shown))
