"""The versions of a use case in a table, and two of them side by side."""

from collections.abc import Mapping, Sequence

import streamlit as st

from app.ui import badges
from app.ui.evaluation import LOSSES, NEAR_ZERO, interval, metric_name
from app.ui.text import digest, md
from core.assets.intake.evaluation import Estimate, Evaluation
from core.assets.registry.version import Version
from core.i18n import _, day, number, size

MOST = 20


def versions_table(
    versions: Sequence[Version], authors: Mapping[str, str], live: Mapping[str, Sequence[str]]
) -> None:
    """Draw versions newest first; `live` names the environments in which a version id is live."""
    shown = versions[:MOST]
    st.table(
        {
            _("Version"): [f"**v{v.number}**" for v in shown],
            _("Model"): [md(v.model_name) for v in shown],
            _("State"): [_state(v, live.get(v.id, ())) for v in shown],
            _("Author"): [md(authors.get(v.author_id, "")) or "–" for v in shown],
            _("Submitted"): [day(v.created_at) for v in shown],
            _("Format"): [md(v.format) for v in shown],
            _("Digest"): [digest(v.artifact_digest) for v in shown],
            _("Note"): [md(v.note) or "–" for v in shown],
        },
        border="horizontal",
        hide_index=True,
    )
    if len(versions) > MOST:
        st.caption(_("The {n} newest versions; choose an older one above.", n=MOST))


def comparison(left: tuple[Version, Evaluation | None], right: tuple[Version, Evaluation | None]) -> None:
    """Draw two versions side by side: what differs first, then every metric with its difference."""
    (a, before), (b, after) = left, right
    facts = [
        (_("Model"), md(a.model_name), md(b.model_name)),
        (_("Format"), md(a.format), md(b.format)),
        (_("Size"), size(a.artifact_size), size(b.artifact_size)),
        (_("Digest"), digest(a.artifact_digest), digest(b.artifact_digest)),
        (_("Evaluation data"), digest(a.dataset_digest), digest(b.dataset_digest)),
        (_("Features"), number(len(a.signature.names)), number(len(b.signature.names))),
        (_("Operating threshold"), _threshold(a), _threshold(b)),
        (_("Latency, 95th percentile"), _latency(before), _latency(after)),
    ]
    st.table(
        {
            _("Item"): [f"**{name}**" for name, _a, _b in facts],
            f"v{a.number}": [f":gray[{was}]" for _name, was, _b in facts],
            f"v{b.number}": [now for _name, _a, now in facts],
            _("Change"): [
                badges.badge(_("differs"), badges.Tone.INFO) if was != now else f":gray[{_('same')}]"
                for _name, was, now in facts
            ],
        },
        border="horizontal",
        hide_index=True,
    )
    added = sorted(set(b.signature.names) - set(a.signature.names))
    gone = sorted(set(a.signature.names) - set(b.signature.names))
    if added:
        st.markdown(f":material/add: {_('Features added: {names}', names=md(', '.join(added)))}")
    if gone:
        st.markdown(f":material/remove: {_('Features removed: {names}', names=md(', '.join(gone)))}")
    if before is not None and after is not None:
        _metrics(a, b, before, after)


def _metrics(a: Version, b: Version, before: Evaluation, after: Evaluation) -> None:
    shared = [name for name in before.metrics if name in after.metrics]
    st.table(
        {
            _("Metric"): [f"**{md(metric_name(name))}**" for name in shared],
            f"v{a.number}": [_measured(before.metrics[name]) for name in shared],
            f"v{b.number}": [_measured(after.metrics[name]) for name in shared],
            _("Difference"): [
                _difference(name, before.metrics[name], after.metrics[name]) for name in shared
            ],
        },
        border="horizontal",
        hide_index=True,
    )
    if a.dataset_digest != b.dataset_digest:
        st.caption(
            ":material/info: " + _("The two were measured on different tables: read differences with care.")
        )


def _measured(found: Estimate) -> str:
    return f"{number(found.value, 3)} :gray[:small[{interval(found)}]]"


def _difference(name: str, before: Estimate, after: Estimate) -> str:
    change = after.value - before.value
    text = f"{'+' if change > 0 else ''}{number(change, 3)}"
    if before.low <= after.value <= before.high and after.low <= before.value <= after.high:
        return f":gray[{text} · {_('within the intervals')}]"
    better = _improved(name, before.value, after.value)
    return badges.badge(
        text,
        badges.Tone.GOOD if better else badges.Tone.WARN,
        "trending_up" if change > 0 else "trending_down",
    )


def _improved(name: str, before: float, after: float) -> bool:
    if name in NEAR_ZERO:
        return abs(after) < abs(before)
    return after < before if name in LOSSES else after > before


def _state(version: Version, environments: Sequence[str]) -> str:
    lives = (
        badges.badge(_("live: {where}", where=where), badges.Tone.GOOD, "rocket_launch")
        for where in environments
    )
    return badges.row(badges.status(version.state.value), *lives)


def _threshold(version: Version) -> str:
    return "–" if version.operating_threshold is None else number(version.operating_threshold, 3)


def _latency(evaluation: Evaluation | None) -> str:
    return "–" if evaluation is None else _("{n} ms per row", n=number(evaluation.latency_p95_ms, 3))
