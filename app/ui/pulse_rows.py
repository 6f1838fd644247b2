"""Models by their health: figures, then one line each."""

from collections import Counter
from collections.abc import Mapping, Sequence

import streamlit as st

from app.ui import badges
from app.ui.list_row import list_row
from app.ui.metric_strip import Figure, metric_strip
from app.ui.text import md
from core.evidence.alerts.pulse import BEAT_NAMES, Beat
from core.evidence.monitoring.column_names import named
from core.evidence.monitoring.performance import METRIC_NAMES, Metric
from core.i18n import _, ngettext, number
from core.overview.pulses import Watched

TONES: Mapping[Beat, tuple[badges.Tone, str]] = {
    Beat.ALERTING: (badges.Tone.WARN, "notification_important"),
    Beat.MOVED: (badges.Tone.INFO, "trending_up"),
    Beat.SILENT: (badges.Tone.PLAIN, "visibility_off"),
    Beat.STEADY: (badges.Tone.GOOD, "check"),
}


def pulse_figures(found: Sequence[Watched]) -> None:
    """Draw how many models stand how."""
    counts = Counter(one.beat for one in found)
    metric_strip(
        [Figure(_("Watched models"), number(len(found), 0))]
        + [Figure(_(BEAT_NAMES[beat]), number(counts.get(beat, 0), 0)) for beat in Beat]
    )


def pulse_rows(found: Sequence[Watched]) -> None:
    """Draw one line per model, with what is worst about it."""
    for one in found:
        tone, icon = TONES[one.beat]
        marks = badges.row(
            badges.badge(_(BEAT_NAMES[one.beat]), tone, icon),
            badges.badge(ngettext("{n} alert", "{n} alerts", one.open_alerts), badges.Tone.WARN, "")
            if one.open_alerts
            else "",
        )
        list_row(
            "../pages/monitoring.py",
            f"{md(one.title)} v{one.number}",
            icon="deployed_code",
            query={"use_case": one.slug, "version": str(one.number)},
            detail=_detail(one),
            marks=marks,
        )
    if not found:
        st.caption(_("No model stands so."))


def _detail(one: Watched) -> str:
    pulse = one.pulse
    said = [
        ngettext("{n} row", "{n} rows", pulse.rows),
        _("{n} of {all} columns moved", n=pulse.moved, all=pulse.columns),
    ]
    if pulse.worst_column:
        said.append(f"{named(pulse.worst_column)} PSI {number(pulse.worst_psi or 0.0, 2)}")
    if pulse.value is not None and pulse.metric:
        name = _(METRIC_NAMES[Metric(pulse.metric)])
        said.append(
            f"{name} {number(pulse.value, 3)}"
            + (f" ({number(pulse.expected, 3)})" if pulse.expected is not None else "")
        )
    return md(" · ".join(said))
