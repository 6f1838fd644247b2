"""A KPI over time between its bands; windows without enough data are hollow, never coloured."""

from collections.abc import Mapping, Sequence

from app.ui.charts import band, chart, palette, threshold
from app.ui.empty import empty, note
from app.ui.kpi_value import written
from app.ui.moments import Moment, mark
from app.ui.plot import Plot
from app.ui.text import label, md
from app.ui.window_name import tick
from core.evidence.kpis.definition import PERCENT, STATUS_NAMES, Definition, Direction, Status
from core.evidence.kpis.queries import Observation
from core.i18n import _, number


def kpi_history(
    definition: Definition,
    history: Sequence[Observation],
    *,
    key: str,
    happened: Sequence[Moment] = (),
    others: Mapping[str, Sequence[Observation]] | None = None,
) -> None:
    """Draw the observations, oldest first, with what `happened`, and `others` (name → course) as thin lines."""
    seen = [o for o in history if o.value is not None]
    if not seen:
        empty(
            _("No observation yet"),
            _("Values appear with the first window of predictions and labels."),
            icon="show_chart",
        )
        return
    colours = palette()
    values = [o.value for o in seen if o.value is not None]
    windows = [tick(o.window, definition.window) for o in seen]
    figure = Plot()
    firm = [o for o in seen if o.low is not None and o.high is not None and o.low != o.high]
    figure.add_interval(
        [tick(o.window, definition.window) for o in firm], [o.low for o in firm], [o.high for o in firm],
        fillcolor=colours.line, opacity=0.5, name=_("95% interval"),
    )  # fmt: skip
    words = [
        f"{written(o.value or 0.0, definition.unit)}<br>{_('n = {n}', n=number(o.n, 0))}<br>{_(STATUS_NAMES[o.status])}"
        for o in seen
    ]
    colour = {
        Status.ON_TARGET: colours.good,
        Status.SHORT: colours.accent,
        Status.WARNING: colours.warn,
        Status.CRITICAL: colours.bad,
        Status.NOT_ENOUGH: colours.background,
    }
    figure.add_scatter(
        x=windows, y=values, mode="lines+markers", name=_("Value"), customdata=words,
        line={"color": colours.muted, "width": 2},
        marker={
            "size": 9,
            "color": [colour[o.status] for o in seen],
            "line": {"width": 1.5, "color": [{**colour, Status.NOT_ENOUGH: colours.muted}[o.status] for o in seen]},
        },
        hovertemplate="%{x}<br>%{customdata}<extra></extra>",
    )  # fmt: skip
    rivals = {name: [o for o in course if o.value is not None] for name, course in (others or {}).items()}
    for n, (name, course) in enumerate(rivals.items(), 2):
        figure.add_scatter(
            x=[tick(o.window, definition.window) for o in course], y=[o.value for o in course], mode="lines+markers",
            name=label(name), line={"color": colours.sequence[n % len(colours.sequence)], "width": 1.5},
            marker={"size": 5}, customdata=[written(o.value or 0.0, definition.unit) for o in course],
            hovertemplate="%{x}<br>%{customdata}",
        )  # fmt: skip
    spans = {
        tick(o.window, definition.window): o.window for o in (*seen, *(o for c in rivals.values() for o in c))
    }
    told = mark(figure, happened, spans)
    higher = definition.direction == Direction.HIGHER
    threshold(figure, definition.target, _("Target"), tone="good", below=not higher)
    if definition.warning is not None:
        threshold(figure, definition.warning, _("Warning"), tone="warn", below=not higher)
    if definition.critical is not None:
        threshold(figure, definition.critical, _("Critical"), tone="bad", below=higher)
    reach = [
        *values,
        *(o.value for course in rivals.values() for o in course if o.value is not None),
        definition.target,
        *(o.low for o in firm if o.low is not None),
        *(o.high for o in firm if o.high is not None),
    ]
    span = max(reach) - min(reach) or 1.0
    top, bottom = max(reach) + span * 0.1, min(reach) - span * 0.1
    band(figure, definition.target if higher else bottom, top if higher else definition.target, tone="good")
    figure.update_yaxes(range=[bottom, top], tickformat=".0%" if definition.unit == PERCENT else None)
    order = [name for name, _window in sorted(spans.items(), key=lambda one: one[1].start)]
    figure.update_xaxes(
        type="category", nticks=12, tickangle=0, showgrid=False, categoryorder="array", categoryarray=order
    )
    met = sum(o.status == Status.ON_TARGET for o in seen)
    judged = sum(o.status != Status.NOT_ENOUGH for o in seen)
    alt = _(
        "{name} over {n} windows; on target in {met} of {judged} judged ones.",
        name=definition.name,
        n=len(seen),
        met=met,
        judged=judged,
    )
    means = definition.metric.value if definition.metric is not None else ""
    chart(figure, reads="kpi", means=means, alt=alt, key=key, height=300)
    note(
        _(
            "On target in {met} of {judged} windows. Hollow points had too few observations to judge.",
            met=met,
            judged=judged,
        )
    )
    if told:
        note(md(" · ".join(told)), icon="history")
