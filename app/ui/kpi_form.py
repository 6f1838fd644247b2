"""The form that defines or revises a KPI, in the order in which people ask."""

from collections.abc import Mapping, Sequence

import streamlit as st

from core.errors import Invalid
from core.evidence.kpis.definition import (
    DIRECTION_NAMES,
    LONGEST_NAME,
    LONGEST_QUESTION,
    PERCENT,
    Definition,
    Direction,
    usual_direction,
    usual_unit,
)
from core.evidence.monitoring.performance import METRIC_NAMES, Metric
from core.evidence.monitoring.windows import GRAIN_NAMES, Grain
from core.i18n import N_, _


def kpi_form(
    key: str, *, metrics: Sequence[Metric], owners: Mapping[str, str], me: str, held: Definition | None = None
) -> Definition | None:
    """Draw the form; return what was asked for when it is sent. Raise `Invalid` where a limit is no number.

    `owners` are names by person id; `held` fills the form with a revision.
    """
    # Outside the form: unit and direction follow the metric at once.
    metric = st.selectbox(
        _("What is measured"),
        list(metrics),
        index=list(metrics).index(held.metric) if held else 0,
        format_func=lambda m: _(METRIC_NAMES[m]),
        key=f"{key}_metric",
    )
    fresh = held is None or held.metric != metric
    unit = usual_unit(metric) if fresh or held is None else held.unit
    with st.form(f"{key}_form_{metric}", border=False):
        name = st.text_input(
            _("Name"), value=held.name if held else _(METRIC_NAMES[metric]), max_chars=LONGEST_NAME
        )
        question = st.text_input(
            _("The question it answers"),
            value=held.question if held else "",
            max_chars=LONGEST_QUESTION,
            placeholder=_("Does the model still rank customers by risk?"),
        )
        direction = st.segmented_control(
            _("Direction"),
            list(Direction),
            default=held.direction if held and not fresh else usual_direction(metric),
            required=True,
            format_func=lambda d: _(DIRECTION_NAMES[d]),
        )
        scale = 100 if unit == PERCENT else 1
        st.caption(_("Limits in percent.") if unit == PERCENT else _("Limits in the metric's own unit."))
        columns = st.columns(3)
        limits = [
            columns[at].number_input(
                label,
                value=None if old is None else old * scale,
                format="%.6g",
                step=None,
                key=f"{key}_{label}_{metric}",
            )
            for at, (label, old) in enumerate(
                (
                    (_("Target"), held.target if held and not fresh else None),
                    (_("Warning"), held.warning if held and not fresh else None),
                    (_("Critical"), held.critical if held and not fresh else None),
                )
            )
        ]
        left, middle, right = st.columns(3)
        window = left.selectbox(
            _("Window"),
            [Grain.MONTH, Grain.WEEK, Grain.DAY],
            index=[Grain.MONTH, Grain.WEEK, Grain.DAY].index(held.window) if held else 0,
            format_func=lambda g: _(GRAIN_NAMES[g]),
        )
        least = middle.number_input(
            _("Smallest sample"), min_value=1, value=held.minimum_n if held else 30, step=1
        )
        people = list(owners)
        mine = held.owner_id if held else me
        owner = right.selectbox(
            _("Owner"),
            people,
            index=people.index(mine) if mine in people else 0,
            format_func=lambda p: owners[p],
        )
        sent = st.form_submit_button(
            _("Put in force"), type="primary", icon=":material/task_alt:", width="stretch"
        )
    if not sent:
        return None
    target, warning, critical = (None if value is None else float(value) / scale for value in limits)
    if target is None:
        raise Invalid(
            "kpi.limit",
            N_("A KPI needs a target."),
            fix=N_("Write the value that is good enough."),
            field="target",
        )
    return Definition(
        name=name,
        question=question,
        owner_id=owner or me,
        metric=metric,
        unit=unit,
        direction=direction or Direction.HIGHER,
        target=target,
        warning=warning,
        critical=critical,
        window=window,
        minimum_n=int(least),
    )
