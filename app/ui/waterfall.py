"""One case: from the base to its score, feature by feature."""

from itertools import accumulate

from app.ui.charts import chart, palette
from app.ui.plot import Plot
from app.ui.text import label, shorten
from core.evidence.explain import labels
from core.evidence.explain.queries import Case
from core.evidence.explain.words import signed, significant
from core.i18n import _, ngettext

SHOWN = 9
ROW = 34
LETTER = 8
"""Pixels of one figure of the words beside a bar: what does not fit inside the axis stands in the margin."""


def waterfall(case: Case, *, unit: str, key: str) -> None:
    """Draw the strongest contributions in turn, the rest as one step, so that base + steps = score to the eye too."""
    colours = palette()
    strongest, rest = case.contributions[:SHOWN], case.contributions[SHOWN:]
    names = [_("Base")] + [
        f"{shorten(labels.label(c.feature).name, 28)} = {shorten(labels.told(c.feature, c.value), 16)}"
        for c in strongest
    ]
    steps = [case.base] + [c.phi for c in strongest]
    if rest:
        names.append(ngettext("{n} other feature", "{n} other features", len(rest)))
        steps.append(sum(c.phi for c in rest))
    texts = [significant(case.base)] + [signed(s) for s in steps[1:]] + [significant(case.score)]
    figure = Plot().add_waterfall(
        orientation="h",
        measure=["absolute"] + ["relative"] * (len(steps) - 1) + ["total"],
        x=[*steps, case.score],
        y=[label(n) for n in [*names, _("Result")]],
        text=texts,
        textposition="outside",
        cliponaxis=False,
        constraintext="none",
        increasing={"marker": {"color": colours.accent}},
        decreasing={"marker": {"color": colours.sequence[3]}},
        totals={"marker": {"color": colours.muted}},
        connector={"line": {"color": colours.line, "width": 1}},
        hovertemplate="%{y}<br>%{text}<extra></extra>",
    )
    figure.update_yaxes(autorange="reversed")
    reached = [0.0, case.score, *accumulate(steps)]
    margin = 0.22 * (max(reached) - min(reached) or 1.0)  # room for the words at the ends
    figure.update_xaxes(title=label(unit), range=[min(reached) - margin, max(reached) + margin])
    first = strongest[0] if strongest else None
    chart(
        figure,
        reads="waterfall",
        alt=_(
            "Waterfall from the base {base} to the result {score}; the strongest step is {feature}.",
            base=significant(case.base),
            score=significant(case.score),
            feature=first.feature if first else "–",
        ),
        key=key,
        height=100 + ROW * (len(names) + 1),
        legend=False,
        right=LETTER * (1 + max(map(len, texts))),
    )
