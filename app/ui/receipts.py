"""What became of the batches that were sent: rows taken, rows refused, and why."""

from collections.abc import Sequence

import streamlit as st

from app.ui import badges
from app.ui.text import md
from core.evidence.monitoring.batches import BatchKind
from core.evidence.monitoring.records import Batch
from core.i18n import _, day, moment, number


def receipts(batches: Sequence[Batch]) -> None:
    """Draw one row per batch, the newest first."""
    if not batches:
        st.caption(_("No batch yet."))
        return
    st.table(
        {
            _("Received"): [moment(b.received_at) for b in batches],
            _("What"): [
                _("Predictions") if b.kind == BatchKind.PREDICTIONS else _("Labels") for b in batches
            ],
            _("Days"): [_span(b) for b in batches],
            _("Taken"): [number(b.accepted, 0) for b in batches],
            _("Known before"): [number(b.repeated, 0) for b in batches],
            _("Refused"): [_refused(b) for b in batches],
        },
        border="horizontal",
        hide_index=True,
    )


def receipt(batch: Batch) -> None:
    """Say what became of one batch, reason by reason."""
    what = _("{taken} of {rows} rows taken", taken=number(batch.accepted, 0), rows=number(batch.rows, 0))
    if batch.repeated:
        what += ", " + _("{n} known before", n=number(batch.repeated, 0))
    if batch.waiting:
        what += ", " + _("{n} wait for their prediction", n=number(batch.waiting, 0))
    lines = [f"**{md(what)}**"]
    for one in batch.reasons:
        where = ", ".join(str(n) for n in one.examples)
        lines.append(
            f"{md(one.text())} :gray[{md(_('{n} rows, such as {where}', n=number(one.count, 0), where=where))}]"
        )
    if batch.ignored:
        lines.append(md(_("Columns left aside: {names}", names=", ".join(batch.ignored[:10]))))
    show = st.warning if batch.refused else st.success
    show("  \n".join(lines), icon=":material/inventory:")


def _span(batch: Batch) -> str:
    if batch.first_day is None or batch.last_day is None:
        return ""
    if batch.first_day == batch.last_day:
        return day(batch.first_day)
    return f"{day(batch.first_day)} – {day(batch.last_day)}"


def _refused(batch: Batch) -> str:
    if not batch.refused:
        return "0"
    return badges.badge(number(batch.refused, 0), badges.Tone.WARN) + " " + md(batch.reasons[0].text())
