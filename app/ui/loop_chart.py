"""Where the loop waits: a bar per stage for the period and for the one before, with the middle half of the waits."""

import math
from collections.abc import Mapping, Sequence

from app.ui.charts import chart, palette
from app.ui.empty import note
from app.ui.plot import Plot
from app.ui.span import span
from app.ui.text import label
from core.i18n import _, number
from core.overview.loop import MEDIAN_FROM, QUARTILES_FROM, STAGE_NAMES, Compared, Spread, Stage

ROW, BAR, ROOM = 64, 0.28, 1.4
_STEPS = (1, 2, 6, 12, 24, 48, 120, 240, 480, 720, 1440, 2400, 4800, 9600)
"""Hours between two ticks of the axis."""


def loop_chart(stages: Mapping[Stage, Compared], *, key: str) -> None:
    """Draw the stages from the top down in the order of the loop; `stages` that nothing passed are left out."""
    shown = [(stage, found) for stage, found in stages.items() if found.now.n or found.before.n][::-1]
    names = [_(STAGE_NAMES[stage]) for stage, _found in shown]
    colours = palette()
    figure = Plot()
    series = (
        (_("The period before"), [found.before for _stage, found in shown], colours.muted, -BAR),
        (_("This period"), [found.now for _stage, found in shown], colours.accent, 0.0),
    )
    most = max((_end(one) for _name, spreads, _colour, _at in series for one in spreads), default=0.0)
    for name, spreads, colour, offset in series:
        _bars(figure, name, spreads, names, colour, offset)
        ink = colours.text if offset == 0 else colours.soft
        for place, one in enumerate(spreads):
            if one.n:
                _write(figure, _told(one), 1.0, place + offset + BAR / 2, ink)
    for place, name in enumerate(names):
        _write(figure, f"<b>{label(name)}</b>", 0.0, place + BAR + 0.17, colours.text)
    step = next((one for one in _STEPS if most / one <= 5), _STEPS[-1])
    ticks = [step * n for n in range(math.ceil(most * ROOM / step) + 1)]
    figure.update_layout(barmode="overlay", legend={"traceorder": "reversed"})
    figure.update_xaxes(
        range=[-0.012 * most, most * ROOM or 1],
        tickvals=ticks,
        ticktext=["0", *(span(tick) for tick in ticks[1:])],
        showgrid=True,
    )
    figure.update_yaxes(visible=False, range=[-0.5, len(shown) - 0.3])
    chart(figure, reads="loop", alt=_alt(shown), key=key, height=80 + ROW * max(len(shown), 2))
    note(
        _(
            "Bars: the median, from {median} waits on. Lines: the middle half, from {quartiles} on. Rings: single waits, "
            "where there are fewer.",
            median=number(MEDIAN_FROM),
            quartiles=number(QUARTILES_FROM),
        ),
        icon="visibility",
    )


def _write(figure: Plot, text: str, x: float, y: float, colour: str) -> None:
    """Write at the left or right end of a line."""
    figure.add_annotation(
        x=x, y=y, xref="x domain", text=text, xanchor="right" if x else "left", showarrow=False,
        font={"size": 12, "color": colour},
    )  # fmt: skip


def _bars(
    figure: Plot, series: str, found: Sequence[Spread], names: Sequence[str], colour: str, offset: float
) -> None:
    """One bar per stage that has a median, rings for waits that stand alone."""
    told = [(place, one, one.median) for place, one in enumerate(found) if one.median is not None]
    figure.add_bar(
        x=[median for _place, _one, median in told],
        y=[place for place, _one, _median in told],
        name=label(series),
        orientation="h",
        width=BAR,
        offset=offset,
        marker={"color": colour},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [(one.high if one.high is not None else median) - median for _p, one, median in told],
            "arrayminus": [median - (one.low if one.low is not None else median) for _p, one, median in told],
            "color": palette().text,
            "thickness": 1.4,
            "width": 3,
        },
        customdata=[[label(names[place]), _hover(one)] for place, one, _median in told],
        hovertemplate="%{customdata[0]}<br>%{customdata[1]}<extra>" + label(series) + "</extra>",
    )
    alone = [(place, hours) for place, one in enumerate(found) for hours in one.single]
    if alone:
        figure.add_scatter(
            x=[hours for _place, hours in alone],
            y=[place + offset + BAR / 2 for place, _hours in alone],
            name=label(series),
            mode="markers",
            marker={"symbol": "circle-open", "size": 9, "color": colour, "line": {"width": 2}},
            customdata=[[label(names[place]), span(hours)] for place, hours in alone],
            hovertemplate="%{customdata[0]}<br>%{customdata[1]}<extra>" + label(series) + "</extra>",
            showlegend=not told,
        )


def _end(one: Spread) -> float:
    """Where its mark ends."""
    return max((one.median or 0.0, one.high or 0.0, *one.single))


def _told(one: Spread) -> str:
    n = _("n = {n}", n=number(one.n, 0))
    return label(n if one.median is None else f"{span(one.median)} · {n}")


def _hover(one: Spread) -> str:
    said = [span(one.median or 0.0)]
    if one.low is not None and one.high is not None:
        said.append(_("middle half {low} to {high}", low=span(one.low), high=span(one.high)))
    return label(" · ".join([*said, _("n = {n}", n=number(one.n, 0))]))


def _alt(shown: Sequence[tuple[Stage, Compared]]) -> str:
    told = [(one.now.median, stage) for stage, one in shown if one.now.median is not None]
    if not told:
        return _("No stage of the loop has enough waits in this period for a median.")
    median, stage = max(told)
    return _(
        "Median wait by stage of the loop, {n} stages, each beside the period before. Longest: {stage}, {median}.",
        n=number(len(shown)),
        stage=_(STAGE_NAMES[stage]),
        median=span(median),
    )
