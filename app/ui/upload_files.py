"""The two files of an upload: each with its zone and what was found in it."""

from collections.abc import Callable

import streamlit as st

from app.ui import badges
from app.ui.text import code, digest, md
from app.ui.uploader import Held, Uploaded, uploader
from core.assets.datasets.schema import KIND_NAMES
from core.assets.intake.draft import ArtifactFile, TableFile
from core.assets.intake.formats import EVIDENCE_ONLY, FORMAT_NAMES, Format
from core.i18n import _, ngettext

MOST_COLUMNS = 12
ACCEPTED = (
    ".skops,.joblib,.pkl,.pickle,.onnx,.json,.ubj,.txt,.cbm,.zip,.pmml,.xml,.keras,.h5,.pt,.pth,.gz,.xz,.bz2"
)
"""What the browser's dialog proposes; the content decides."""


def no_artifact() -> bool:
    """Ask whether there is a model file at all; a vendor's black box is governed by its scores."""
    return st.toggle(
        _("No artifact: scores supplied with the data"),
        key="no_artifact",
        help=_("For a model that nobody here holds: a vendor's service, a rule book, a spreadsheet."),
    )


def evidence_only(held: ArtifactFile | None) -> bool:
    """Say whether the file is of a format that is kept but never loaded."""
    return held is not None and Format(held.format) in EVIDENCE_ONLY


def artifact_zone(held: ArtifactFile | None, address: Callable[[], str], limit: int) -> Uploaded | None:
    """Draw the zone of the model file; `limit` is in bytes."""
    with st.container(gap="xsmall"):
        sent = uploader(
            "upload_artifact",
            url=address,
            label=_("Model file"),
            help=_(
                "scikit-learn, ONNX, XGBoost, LightGBM, CatBoost, or an MLflow folder as ZIP. It is recognised by its "
                "content and never run here."
            ),
            accept=ACCEPTED,
            limit=limit,
            held=Held(held.name, held.size) if held else None,
        )
        if held:
            st.markdown(
                badges.row(
                    badges.badge(_(FORMAT_NAMES[Format(held.format)]), badges.Tone.INFO, "draft"),
                    f"sha256 {digest(held.digest)}",
                )
            )
            if evidence_only(held):
                st.caption(
                    ":material/info: "
                    + _("Aval does not load this format: it governs the scores that come with the table.")
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
