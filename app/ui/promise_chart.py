"""What a release was approved to be worth, beside what it came to, month by month, and why they differ."""

from collections.abc import Sequence
from decimal import Decimal

import streamlit as st

from app.ui.charts import chart, palette
from app.ui.empty import empty, note
from app.ui.kpi_value import written
from app.ui.moments import Moment, mark
from app.ui.plot import Plot
from app.ui.text import md
from core.evidence.monitoring.windows import Grain, window_of
from core.evidence.worth.promise import Month, Promise
from core.i18n import _, month, percent


def promise_chart(
    promise: Promise, months: Sequence[Month], *, key: str, happened: Sequence[Moment] = ()
) -> None:
    """Draw promise and outcome, with what `happened`; the sentence above says the last month that can be judged."""
    currency = promise.currency

    def said(value: Decimal | None) -> str:
        return "–" if value is None else written(float(value), currency)

    promised = f"{said(promise.value)} [{said(promise.low)}; {said(promise.high)}]"
    told = [one for one in months if one.labelled]
    if not told:
        st.markdown(md(_("Promised {promised} a month. Nothing is realised yet.", promised=promised)))
        empty(
            _("No outcome yet"),
            _("Months appear with the first labels after the release."),
            icon="hourglass_empty",
        )
        return
    last = next((one for one in reversed(told) if one.coverage >= 0.5), told[-1])
    st.markdown(
        "**"
        + md(
            _(
                "{month}: promised {promised}, realised {value} [{low}; {high}].",
                month=month(last.start),
                promised=said(last.promised),
                value=said(last.value),
                low=said(last.low),
                high=said(last.high),
            )
        )
        + "**"
    )
    colours = palette()
    figure = Plot()
    names = [month(one.start) for one in told]
    bounds = [_bounds(promise, one.promised) for one in told]
    figure.add_bar(
        x=names, base=[low for low, _high in bounds], y=[high - low for low, high in bounds], width=0.9,
        marker_color=colours.good_band, hoverinfo="skip", name=_("95% interval of the promise"),
    )  # fmt: skip
    figure.add_scatter(
        x=names, y=[float(one.promised) for one in told], mode="markers", name=_("Promised"),
        marker={"symbol": "line-ew", "size": 34, "line": {"color": colours.good, "width": 2}},
        customdata=[said(one.promised) for one in told], hovertemplate="%{x}<br>%{customdata}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=names, y=[float(one.value) for one in told], mode="markers+lines", name=_("Realised"),
        line={"color": colours.accent, "width": 2},
        marker={"size": 9, "color": [colours.accent if one.coverage >= 1 else colours.background for one in told],
                "line": {"color": colours.accent, "width": 1.5}},
        error_y={"type": "data", "symmetric": False, "color": colours.muted,
                 "array": [float((one.high or one.value) - one.value) for one in told],
                 "arrayminus": [float(one.value - (one.low or one.value)) for one in told]},
        customdata=[f"{said(one.value)}<br>{_('labels in: {share}', share=percent(one.coverage, 0))}" for one in told],
        hovertemplate="%{x}<br>%{customdata}<extra></extra>",
    )  # fmt: skip
    mark(figure, happened, {month(one.start): window_of(one.start, Grain.MONTH) for one in told})
    figure.update_xaxes(type="category", showgrid=False)
    figure.update_yaxes(title=currency)
    alt = _(
        "Realised worth over {n} months against a promise of {promised} a month.",
        n=len(told),
        promised=promised,
    )
    chart(figure, reads="promise", alt=alt, key=key, height=300, legend=False)
    note(
        _(
            "Green with its band: the promise for the month, or the part of it since the release. Hollow: still open."
        )
    )
    st.table(
        {
            _("Month"): [md(month(one.start)) for one in told],
            _("Promised"): [md(said(one.promised)) for one in told],
            _("Realised"): [md(said(one.value)) for one in told],
            _("Difference"): [md(said(one.value - one.promised)) for one in told],
            _("Still waited for"): [md(said(one.gap.waiting)) for one in told],
            _("Volume"): [md(said(one.gap.volume)) for one in told],
            _("Mix"): [md(said(one.gap.mix)) for one in told],
            _("Model quality"): [md(said(one.gap.quality)) for one in told],
            _("Labels in"): [percent(one.coverage, 0) for one in told],
        }
    )
    note(
        _(
            "The four parts add up to the difference. Mix: cases of other risk. Quality: the same risk, another worth."
        )
    )


def _bounds(promise: Promise, promised: Decimal) -> tuple[float, float]:
    """Return the promise's interval for a month, of which it may cover only a part."""
    part = promised / promise.value if promise.value else Decimal(1)
    return float(promise.low * part), float(promise.high * part)
