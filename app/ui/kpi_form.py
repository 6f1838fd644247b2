"""The form that defines or revises a KPI, in the order in which people ask."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import streamlit as st

from app.ui.kpi_formula import Drafted, formula_fields, formula_preview
from core.errors import Invalid
from core.evidence.kpis.definition import (
    DIRECTION_NAMES,
    KIND_NAMES,
    LONGEST_NAME,
    LONGEST_QUESTION,
    PERCENT,
    Definition,
    Direction,
    KpiKind,
    usual_direction,
    usual_unit,
)
from core.evidence.kpis.formula import Column
from core.evidence.kpis.preview import Preview
from core.evidence.monitoring.performance import METRIC_NAMES, Metric
from core.evidence.monitoring.windows import GRAIN_NAMES, Grain
from core.i18n import N_, _


def kpi_form(
    key: str,
    *,
    metrics: Sequence[Metric],
    columns: Sequence[Column],
    currency: str,
    owners: Mapping[str, str],
    counters: Mapping[str, str],
    me: str,
    preview: Callable[[Definition], Preview],
    held: Definition | None = None,
) -> Definition | None:
    """Draw the form; return what was asked for when it is sent. Raise `Invalid` where a limit is no number.

    `owners` and `counters` are names of people and of other KPIs by id; `held` fills the form with a revision.
    """
    # Outside the form: unit, direction and preview follow at once.
    by_formula = st.segmented_control(
        _("Measured by"),
        [False, True],
        default=bool(held and held.formula),
        format_func=lambda f: _("A formula over the log") if f else _("A metric of monitoring"),
        key=f"{key}_by",
        required=True,
    )
    metric: Metric | None = None
    draft: Drafted | None = None
    if by_formula:
        draft = formula_fields(key, columns, held, currency)
        trial = _definition(draft, me)
        formula_preview(draft, lambda: preview(trial))
        fresh = held is None
        unit = draft.currency
    else:
        chosen: Metric = st.selectbox(
            _("What is measured"),
            list(metrics),
            index=list(metrics).index(held.metric)
            if held and held.metric is not None and held.metric in metrics
            else 0,
            format_func=lambda m: _(METRIC_NAMES[m]),
            key=f"{key}_metric",
        )
        metric = chosen
        fresh = held is None or held.metric != metric
        unit = usual_unit(chosen) if fresh or held is None else held.unit
    usual = usual_direction(metric) if metric else Direction.HIGHER
    with st.form(f"{key}_form_{metric}", border=False):
        suggested = _(METRIC_NAMES[metric]) if metric else ""
        name = st.text_input(_("Name"), value=held.name if held else suggested, max_chars=LONGEST_NAME)
        question = st.text_input(
            _("The question it answers"),
            value=held.question if held else "",
            max_chars=LONGEST_QUESTION,
            placeholder=_("Does the model still rank customers by risk?"),
        )
        direction = st.segmented_control(
            _("Direction"),
            list(Direction),
            default=held.direction if held and not fresh else usual,
            required=True,
            format_func=lambda d: _(DIRECTION_NAMES[d]),
        )
        scale = 100 if unit == PERCENT else 1
        st.caption(_("Limits in percent.") if unit == PERCENT else _("Limits in the metric's own unit."))
        thirds = st.columns(3)
        limits = [
            thirds[at].number_input(
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
        left, right = st.columns(2)
        kinds = list(KpiKind)
        about = left.selectbox(
            _("What it is about"),
            kinds,
            index=kinds.index(held.kind if held else KpiKind.BUSINESS if by_formula else KpiKind.MODEL),
            format_func=lambda k: _(KIND_NAMES[k]),
        )
        others = ["", *counters]
        counter = right.selectbox(
            _("Read together with"),
            others,
            index=others.index(held.counter_metric) if held and held.counter_metric in others else 0,
            format_func=lambda k: counters.get(k, _("nothing")),
            help=_("The KPI that would suffer if this one were chased at any price."),
        )
        sent = st.form_submit_button(
            _("Propose"), type="primary", icon=":material/task_alt:", width="stretch"
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
    asked = Definition(
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
        kind=about or KpiKind.MODEL,
        counter_metric=counter or "",
    )
    if draft is None:
        return asked
    return replace(
        asked,
        formula=draft.formula,
        currency=draft.currency,
        units=draft.units,
        segment=draft.segment,
        zone=draft.zone,
        every=held.every if held else 0,
        currency_column=held.currency_column if held else "",
    )


def _definition(draft: Drafted, owner: str) -> Definition:
    """Dress what is written so far as a definition, for the preview."""
    return Definition(
        "–", "", owner, None, draft.currency, Direction.HIGHER, 0.0, None, None, draft.window, 1,
        formula=draft.formula, currency=draft.currency, units=draft.units, segment="", zone=draft.zone,
    )  # fmt: skip
