"""What drives the decisions month by month on the rows that were really met, against the evaluation data."""

from collections.abc import Sequence

import streamlit as st

from app.ui.card import card
from app.ui.charts import chart, palette
from app.ui.empty import note
from app.ui.on_request import OnRequest, ask_button, wait_for
from app.ui.plot import Plot
from app.ui.text import label, md, shorten
from core.evidence.attribution_drift.shift import Month
from core.evidence.explain import labels
from core.i18n import _, month, number, percent

MOST = 6


@st.fragment
def attribution_drift(wanted: OnRequest[Sequence[Month]], *, unit: str, behind: bool) -> None:
    """Draw the features that moved most; `behind` says that the log holds months that are not measured yet."""
    months = wanted.found
    with card(_("What drives it over time"), f":gray[{_('from the prediction log')}]"):
        there = wait_for(
            wanted,
            there=bool(months),
            name=_("What drives it over time"),
            text=_(
                "Rows of each month of the log are explained in isolation and held against the evaluation data."
            ),
            icon="timeline",
        )
        if not there:
            return
        names = _chosen(months)
        _lines(months, names, unit)
        st.markdown(_told(months))
        note(
            _(
                "Up to {n} rows a month; dashed is the evaluation data. Whiskers are 95 % intervals of the difference.",
                n=number(max(one.sampled for one in months), 0),
            )
        )
        if behind:
            ask_button(wanted, _("Measure new months"), key="ask_months")


def _chosen(months: Sequence[Month]) -> list[str]:
    """The features that moved furthest in any month, those that moved beyond chance first."""
    furthest: dict[str, tuple[bool, float]] = {}
    for one in months:
        for shift in one.shifts:
            furthest[shift.feature] = max(
                furthest.get(shift.feature, (False, 0.0)), (shift.moved, abs(shift.part))
            )
    return sorted(furthest, key=lambda name: furthest[name], reverse=True)[:MOST]


def _lines(months: Sequence[Month], names: Sequence[str], unit: str) -> None:
    colours = palette()
    figure = Plot()
    shown = [month(one.start) for one in months]
    for place, name in enumerate(names):
        course = [next(s for s in one.shifts if s.feature == name) for one in months]
        colour = colours.sequence[place % len(colours.sequence)]
        called = label(shorten(labels.label(name).name, 24))
        figure.add_scatter(
            x=shown, y=[s.after for s in course], name=called, mode="lines+markers",
            line={"color": colour, "width": 2}, marker={"size": [11 if s.moved else 6 for s in course], "symbol": place},
            error_y={
                "type": "data", "symmetric": False, "thickness": 1, "width": 2,
                "array": [s.high - (s.after - s.before) for s in course],
                "arrayminus": [(s.after - s.before) - s.low for s in course],
            },
            hovertemplate="%{x}<br>%{y:.3f}<extra></extra>",
        )  # fmt: skip
        figure.add_scatter(
            x=shown, y=[s.before for s in course], mode="lines", hoverinfo="skip", showlegend=False,
            line={"color": colour, "width": 1, "dash": "dash"}, name=called,
        )  # fmt: skip
    figure.update_xaxes(type="category", showgrid=False, categoryorder="array", categoryarray=shown)
    figure.update_yaxes(title=label(_("Mean |Shapley value|, {unit}", unit=unit)), rangemode="tozero")
    alt = _(
        "Mean absolute Shapley value by month of {names}, over {n} months; dashed lines are the evaluation data.",
        names=", ".join(labels.label(name).name for name in names),
        n=len(months),
    )
    chart(figure, reads="attribution_drift", alt=alt, key="attribution_drift", height=340)


def _told(months: Sequence[Month]) -> str:
    """Say in words what moved in the last month."""
    last = months[-1]
    if not last.moved:
        return _(
            "In {month}, the same features drive the decisions as in the evaluation data.",
            month=month(last.start),
        )
    parts = [
        _(
            "{feature} {change} of all attribution",
            feature=md(labels.label(one.feature).name),
            change=f"{'+' if one.part > 0 else '−'}{percent(abs(one.part), 0)}",
        )
        for one in last.moved[:MOST]
    ]
    return _("In {month}, beyond chance: {changes}.", month=month(last.start), changes="; ".join(parts))
