"""A shadow run on the page: how often both decide alike, who is right where they do not, and what it would be worth."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app.ui.card import card
from app.ui.charts import chart, palette
from app.ui.empty import empty, note
from app.ui.kpi_value import written
from app.ui.metric_strip import Figure, metric_strip
from app.ui.plot import Plot
from app.ui.text import label
from core.decisions.shadow.agreement import MOST_CASES, MOST_ROWS, Month, verdict
from core.decisions.shadow.queries import Disagreement
from core.i18n import _, moment, month, number, percent


def summary(months: Sequence[Month], currency: str) -> None:
    """Draw the figures of a run: agreement, who was right, and worth, over all its months."""
    rows, apart = sum(one.sampled for one in months), sum(one.differing for one in months)
    champion, challenger, better = verdict(months)
    words = {
        True: _("the challenger, beyond chance"),
        False: _("the champion, beyond chance"),
        None: _("no difference beyond chance"),
    }
    figures = [
        Figure(
            _("Agreement"),
            percent(1 - apart / rows, 1),
            help_text=_("Share of rows on which both decide alike, of {n} scored.", n=number(rows, 0)),
            series=tuple(one.agreement for one in months),
        ),
        Figure(
            _("Challenger right"),
            f"{number(challenger, 0)} : {number(champion, 0)}",
            words[better] if champion + challenger else "",
            "gray",
            arrow=False,
            help_text=_(
                "Of rows on which they differ and whose outcome is known: how often the challenger was right, and how "
                "often the champion was. Rows on which both agree tell nothing about who is better."
            ),
        ),
    ]
    told = [(one, one.realised) for one in months if one.realised is not None]
    if currency and told:
        last, gain = told[-1]
        figures.append(
            Figure(
                _("Worth more, {month}", month=month(last.start)),
                written(gain.mean * last.rows, currency),
                f"[{written(gain.low * last.rows, currency)}; {written(gain.high * last.rows, currency)}]",
                "gray",
                arrow=False,
                help_text=_(
                    "Decisions of that month if the challenger had taken them, less those that were taken, by outcomes."
                ),
            )
        )
    metric_strip(figures, columns=3)


def agreement_chart(months: Sequence[Month]) -> None:
    """Draw the agreement of each month with its interval."""
    with card(_("Agreement by month")):
        shown = [month(one.start) for one in months]
        figure = Plot()
        figure.add_scatter(
            x=shown, y=[one.agreement for one in months], mode="lines+markers", showlegend=False,
            line={"color": palette().accent, "width": 2}, marker={"size": 8},
            error_y={
                "type": "data", "symmetric": False, "thickness": 1, "width": 3,
                "array": [one.interval[1] - one.agreement for one in months],
                "arrayminus": [one.agreement - one.interval[0] for one in months],
            },
            hovertemplate="%{x}: %{y:.1%}<extra></extra>",
        )  # fmt: skip
        figure.update_xaxes(type="category", showgrid=False)
        figure.update_yaxes(title=label(_("Rows decided alike")), tickformat=".0%")
        alt = _(
            "Share of rows decided alike by month: {words}.",
            words="; ".join(f"{month(one.start)} {percent(one.agreement, 1)}" for one in months),
        )
        chart(figure, reads="agreement", alt=alt, key="shadow_agreement", height=260, legend=False)
        most = number(MOST_ROWS)
        note(_("Up to {n} evenly spaced rows a month; whiskers are 95 % intervals.", n=most))


def worth_chart(months: Sequence[Month], currency: str) -> None:
    """Draw what the challenger's decisions would be worth more, by outcomes and by each model's own probabilities."""
    with card(_("Worth by month"), f":gray[{_('challenger less champion')}]"):
        told = [one for one in months if one.expected is not None]
        if not told:
            empty(
                _("Not known in money"),
                _("It takes a signed cost matrix and a model that gives probabilities."),
                icon="payments",
            )
            return
        colours = palette()
        shown = [month(one.start) for one in told]
        beliefs = [[x * one.rows for x in sorted(one.expected or (0.0, 0.0))] for one in told]
        known = [(month(one.start), one.realised, one.rows) for one in told if one.realised is not None]
        figure = Plot()
        figure.add_bar(
            x=shown, y=[high - low for low, high in beliefs], base=[low for low, _high in beliefs],
            name=_("Expected, by either model's probabilities"), marker={"color": colours.line}, hoverinfo="skip",
        )  # fmt: skip
        figure.add_scatter(
            x=[at for at, _gain, _rows in known], y=[gain.mean * rows for _at, gain, rows in known],
            mode="markers", name=_("By outcomes"), marker={"color": colours.accent, "size": 10, "symbol": "diamond"},
            error_y={
                "type": "data", "symmetric": False, "thickness": 1.5, "width": 5,
                "array": [(gain.high - gain.mean) * rows for _at, gain, rows in known],
                "arrayminus": [(gain.mean - gain.low) * rows for _at, gain, rows in known],
            },
            hovertemplate="%{x}: %{y:,.0f}<extra></extra>",
        )  # fmt: skip
        figure.add_hline(y=0, line={"color": colours.muted, "width": 1, "dash": "dot"})
        figure.update_xaxes(type="category", showgrid=False, categoryorder="array", categoryarray=shown)
        figure.update_yaxes(title=label(_("A month, {currency}", currency=currency)))
        alt = _(
            "Worth of the challenger's decisions less the champion's by month: {words}.",
            words="; ".join(f"{at} {written(gain.mean * rows, currency)}" for at, gain, rows in known)
            or _("no outcomes yet"),
        )
        chart(figure, reads="shadow_worth", alt=alt, key="shadow_worth", height=300)
        note(
            _(
                "The bar spans what is expected if the champion's probabilities are right and if the challenger's are; "
                "the diamond is what outcomes say, with its 95 % interval."
            )
        )


def disagreements_table(found: Sequence[Disagreement]) -> None:
    """Draw rows on which they differ, those furthest apart first."""
    if not found:
        empty(
            _("No row to show"),
            _("They agree on every row that was scored, or the rows have left the log."),
            icon="handshake",
        )
        return
    st.dataframe(
        pd.DataFrame(
            {
                _("Prediction"): [one.prediction_id for one in found],
                _("When"): [moment(one.at) for one in found],
                _("Champion"): [str(one.champion) for one in found],
                _("Challenger"): [str(one.challenger) for one in found],
                _("Apart by"): [number(one.gap, 3) for one in found],
                _("Outcome"): ["–" if one.label is None else str(one.label) for one in found],
            }
        ),
        hide_index=True,
        width="stretch",
    )
    most = number(MOST_CASES)
    note(
        _(
            "At most {n} rows of a month, those furthest apart first; erased people are gone from here, too.",
            n=most,
        )
    )
