"""The first page's parts: KPI figures, what needs attention, models with stage and health, risk against stage."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import streamlit as st

from app.ui import badges
from app.ui.kpi_value import written
from app.ui.list_row import list_row
from app.ui.metric_strip import Figure, metric_strip
from app.ui.text import md
from app.ui.window_name import window_name
from core.assets.registry.usecase import RISK_NAMES, RiskTier
from core.evidence.kpis.definition import PERCENT, STATUS_NAMES, Status
from core.evidence.kpis.queries import Observation, Score
from core.evidence.monitoring.windows import GRAIN_NAMES
from core.i18n import _, ago, day, ngettext, number
from core.overview.attention import Item, Urgency
from core.overview.portfolio import Line
from core.overview.stage import HEALTH_NAMES, STAGE_NAMES, Health, Stage

_STAGES: Mapping[Stage, tuple[badges.Tone, str]] = {
    Stage.LIVE: (badges.Tone.GOOD, "rocket_launch"),
    Stage.STAGING: (badges.Tone.INFO, "deployed_code"),
    Stage.WAITING: (badges.Tone.WAIT, "hourglass_top"),
    Stage.READY: (badges.Tone.PLAIN, "check"),
    Stage.CHECKING: (badges.Tone.WAIT, "hourglass_top"),
    Stage.REFUSED: (badges.Tone.WARN, "block"),
    Stage.EMPTY: (badges.Tone.PLAIN, ""),
}
_HEALTH: Mapping[Health, tuple[badges.Tone, str]] = {
    Health.GOOD: (badges.Tone.GOOD, "check"),
    Health.WARNING: (badges.Tone.WARN, "priority_high"),
    Health.CRITICAL: (badges.Tone.BLOCK, "close"),
    Health.UNKNOWN: (badges.Tone.PLAIN, "visibility_off"),
}
_TONES: Mapping[Urgency, str] = {
    Urgency.MINE: "blue",
    Urgency.FAILING: "red",
    Urgency.REFUSED: "orange",
    Urgency.ALERT: "orange",
    Urgency.WARNING: "gray",
}
_READINGS: Mapping[Status, Literal["orange", "red"]] = {Status.WARNING: "orange", Status.CRITICAL: "red"}
"""A change inside the bands is gray, whichever way it goes; colour is for what is out of them."""


def kpi_grid(scores: Sequence[Score], titles: Mapping[str, str]) -> None:
    """Draw KPIs with their last windows; `titles` names the use cases by id."""
    metric_strip([_figure(score, titles[score.kpi.use_case_id]) for score in scores])


def _figure(score: Score, title: str) -> Figure:
    definition, latest = score.kpi.definition, score.latest
    judged = score.judged
    before = judged[-2] if len(judged) > 1 else None
    last = judged[-1] if judged else None
    when = (window_name(last.window, definition.window),) if last else ()
    change = (last.value or 0) - (before.value or 0) if last and before else 0.0
    return Figure(
        label=md(definition.name),
        value=_amount(last.value, definition.unit) if last else "–",
        delta=_change(change, definition.unit) if last and before else "",
        reading=_READINGS.get(score.status, "gray"),
        reference=" · ".join((*when, _(STATUS_NAMES[score.status]), md(title))),
        help_text=_help(score, latest, title),
        series=tuple(o.value for o in judged if o.value is not None),
    )


def _help(score: Score, latest: Observation | None, title: str) -> str:
    definition = score.kpi.definition
    lines = [
        f"**{md(title)}** · {_(STATUS_NAMES[score.status])}",
        _("Target {target}", target=_amount(definition.target, definition.unit)),
    ]
    if latest is None:
        lines.append(_("No window observed yet."))
    else:
        lines.append(
            ngettext("{n} observation", "{n} observations", latest.n)
            + f" · {_(GRAIN_NAMES[definition.window])} · {day(latest.window.start)}"
        )
        if latest.low is not None and latest.high is not None:
            low, high = _amount(latest.low, definition.unit), _amount(latest.high, definition.unit)
            lines.append(_("95 % interval {low} – {high}", low=low, high=high))
    return "  \n".join(lines)


def _amount(value: float | None, unit: str) -> str:
    return "–" if value is None else written(value, unit)


def _change(value: float, unit: str) -> str:
    sign = "+" if value >= 0 else "-"  # Streamlit reads the direction off an ASCII minus
    if unit == PERCENT:
        return sign + _("{points} pp", points=number(abs(value) * 100, 1))
    return sign + written(abs(value), unit)


def attention_list(items: Sequence[Item], now: datetime) -> None:
    """Draw what waits, each with the link that opens it."""
    for item in items:
        with st.container(gap=None):
            st.page_link(
                f"../pages/{item.page}.py",
                label=f":{_TONES[item.urgency]}[{md(item.text())}]",
                icon=f":material/{item.icon}:",
                query_params=dict(item.query),
            )
            when = _("due {when}", when=ago(item.due - now)) if item.due else ago(item.since - now)
            detail = f" · {md(item.detail)}" if item.detail else ""
            st.caption(f"{when}{detail}")


def model_lines(lines: Sequence[Line], owners: Mapping[str, str]) -> None:
    """Draw one row per use case with tier, stage, health and who answers for it."""
    for line in lines:
        number_of = f"v{line.live or line.latest}" if line.latest else ""
        stage_tone, stage_icon = _STAGES[line.stage]
        tone, icon = _HEALTH[line.health]
        list_row(
            "../pages/model.py",
            f"**{md(line.title)}**",
            icon="deployed_code",
            query={"use_case": line.slug},
            detail=" · ".join(part for part in (number_of, md(owners.get(line.owner_id, "–"))) if part),
            marks=badges.row(
                badges.tier(line.tier),
                badges.badge(_(STAGE_NAMES[line.stage]), stage_tone, stage_icon),
                badges.badge(_(HEALTH_NAMES[line.health]), tone, icon),
            ),
        )


def risk_matrix(counts: Mapping[tuple[RiskTier, Stage], int]) -> None:
    """Draw how many use cases stand at each risk tier and stage; stages that nobody has are left out."""
    stages = [stage for stage in Stage if any(key[1] is stage for key in counts)]
    table: dict[str, list[str]] = {_("Risk tier"): [badges.tier(tier) for tier in reversed(list(RISK_NAMES))]}
    for stage in stages:
        table[_(STAGE_NAMES[stage])] = [
            f"**{number(counts[tier, stage])}**" if counts.get((tier, stage)) else ":gray[–]"
            for tier in reversed(list(RISK_NAMES))
        ]
    st.table(table, border="horizontal", hide_index=True, alt=_("Use cases by risk tier and stage."))
