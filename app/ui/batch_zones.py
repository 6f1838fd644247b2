"""The two drop zones of the prediction log, with the rules of the file beside them."""

from collections.abc import Callable, Sequence

import streamlit as st

from app.ui.text import code
from app.ui.uploader import Uploaded, uploader
from core.evidence.monitoring.batches import BatchKind
from core.i18n import _

ACCEPT = ".csv,.tsv,.txt,.parquet,.pq,.ndjson,.jsonl"


def batch_zones(
    address: Callable[[BatchKind], Callable[[], str]], *, output: str, features: Sequence[str], limit: int
) -> dict[BatchKind, Uploaded | None]:
    """Draw both zones and return what was last sent through each; `output` is the score column asked for."""
    shown = ", ".join(code(name) for name in features[:6]) + (", …" if len(features) > 6 else "")
    with st.grid(2, gap="small", min_column_width=320):
        with st.container(gap="xsmall"):
            sent = uploader(
                "batch_predictions",
                url=address(BatchKind.PREDICTIONS),
                label=_("Predictions"),
                help=_("CSV, Parquet or one JSON object per line. A row sent twice counts once."),
                accept=ACCEPT,
                limit=limit,
            )
            st.caption(_("Columns:") + f" `prediction_id`, `timestamp`, {code(output)}, {shown}")
        with st.container(gap="xsmall"):
            told = uploader(
                "batch_labels",
                url=address(BatchKind.LABELS),
                label=_("Labels"),
                help=_("What truly happened, as soon as it is known; the last label of a prediction counts."),
                accept=ACCEPT,
                limit=limit,
            )
            st.caption(_("Columns:") + " `prediction_id`, `label`, `label_time`")
    return {BatchKind.PREDICTIONS: sent, BatchKind.LABELS: told}
