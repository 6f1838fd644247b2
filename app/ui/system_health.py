"""The state of the installation: figures first, then workers."""

import streamlit as st

from app.system_health import SystemHealth
from app.ui.badges import Tone, badge, row
from app.ui.empty import empty
from app.ui.metric_strip import Figure, metric_strip
from app.ui.text import md
from core.i18n import _, ago, number, size
from core.platform.jobs.state import JobState


def system_health_card(found: SystemHealth) -> None:
    """Draw storage, tables, queue and workers."""
    st.markdown(
        row(
            badge(found.engine, Tone.INFO, "database"),
            badge(_("Tables up to date"), Tone.GOOD)
            if found.current
            else badge(_("Migration missing"), Tone.BLOCK),
            badge(_("Worker runs"), Tone.GOOD) if found.workers else badge(_("No worker"), Tone.BLOCK),
        )
        + f"  :gray[:small[{md(found.revision)}]]"
    )
    unknown = _("not measured here")
    metric_strip(
        [
            Figure(_("Rows"), size(found.rows_size) if found.rows_size is not None else unknown),
            Figure(
                _("Files"),
                size(found.files_size) if found.files_size is not None else found.storage,
                help_text=_("{count} files, by content", count=number(found.files_count))
                if found.files_count is not None
                else "",
            ),
            Figure(_("Free on disk"), size(found.disk_free)),
            Figure(_("Jobs waiting"), number(found.jobs[JobState.QUEUED] + found.jobs[JobState.RUNNING])),
            Figure(_("Jobs failed"), number(found.jobs[JobState.FAILED])),
        ]
    )
    if not found.workers:
        empty(
            _("No worker has spoken in the last half minute"),
            _(
                "Evaluations and explanations wait. Start one with `aval worker`, or look at the server's log."
            ),
            icon="engineering",
        )
        return
    st.table(
        {
            _("Worker"): [f"`{worker.id[-8:]}`" for worker in found.workers],
            _("Last sign of life"): [ago(worker.seen_at - found.now) for worker in found.workers],
            _("Isolation of models"): [md(worker.isolation) or "–" for worker in found.workers],
            _("Memory"): [size(worker.memory_mb << 20) for worker in found.workers],
        },
        border="horizontal",
        hide_index=True,
        alt=_("Workers"),
    )
