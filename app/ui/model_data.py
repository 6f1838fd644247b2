"""The evaluation data: each column with its part, its range and its flags."""

import streamlit as st

from app.ui import badges
from app.ui.text import code, digest, md, shorten
from core.assets.datasets.dataset import Dataset
from core.assets.datasets.schema import KIND_NAMES, Column
from core.assets.registry.version import Version
from core.i18n import _, ngettext, number, percent

MOST = 100


def data_view(dataset: Dataset, version: Version) -> None:
    """Draw the table's facts, then its columns."""
    st.markdown(
        badges.row(
            badges.badge(ngettext("{n} row", "{n} rows", dataset.rows), badges.Tone.INFO, "table_rows"),
            badges.badge(ngettext("{n} column", "{n} columns", len(dataset.columns)), icon="view_column"),
            badges.badge(_("personal data"), badges.Tone.WARN, "person_alert") if dataset.personal else "",
            f"sha256 {digest(dataset.digest)}",
        )
    )
    columns = dataset.columns[:MOST]
    st.table(
        {
            _("Column"): [code(c.name) for c in columns],
            _("Part"): [_part(c.name, version) for c in columns],
            _("Kind"): [_(KIND_NAMES[c.kind]) for c in columns],
            _("Range"): [_range(c) for c in columns],
            _("Missing"): [_missing(c, dataset.rows) for c in columns],
            _("Flags"): [_flags(c.name, dataset) or "–" for c in columns],
        },
        border="horizontal",
        hide_index=True,
    )
    if len(dataset.columns) > MOST:
        st.caption(_("The first {n} columns.", n=MOST))


def _part(name: str, version: Version) -> str:
    if name == version.label_column:
        return badges.badge(_("label"), badges.Tone.INFO, "flag")
    return _("feature") if name in version.signature.names else f":gray[{_('not used')}]"


def _range(column: Column) -> str:
    if column.minimum is not None and column.maximum is not None:
        return f"{number(column.minimum)} – {number(column.maximum)}"
    if column.categories:
        return md(shorten(", ".join(column.categories), 60))
    return "–"


def _missing(column: Column, rows: int) -> str:
    if not column.missing:
        return "–"
    return f"{number(column.missing)} :gray[({percent(column.missing / max(rows, 1))})]"


def _flags(name: str, dataset: Dataset) -> str:
    return badges.row(
        badges.badge(_("protected"), badges.Tone.WARN, "balance") if name in dataset.protected else "",
        badges.badge(_("personal"), badges.Tone.WARN, "person_alert") if name in dataset.personal else "",
    )
