"""The figures above the loop: how long, how often, how often in vain, each beside the period before."""

from app.ui.metric_strip import Figure, metric_strip
from app.ui.span import span
from core.i18n import _, number, percent
from core.overview.loop import MEDIAN_FROM, NINETIETH_FROM, Compared, Spread, Stage
from core.overview.looptime import LoopTime


def loop_figures(found: LoopTime) -> None:
    """Draw the strip."""
    metric_strip(
        [
            _length(
                _("Lead time"),
                found.lead,
                _("Median from the upload of a version to its first time live in production."),
            ),
            _length(
                _("9 of 10 within"),
                found.lead,
                _("Nine of ten versions took no longer from upload to live."),
                ninetieth=True,
            ),
            _frequency(found),
            _rolled_back(found),
            _length(
                _("Alert → decision"),
                found.stages[Stage.DECISION],
                _(
                    "Median from an alert to the first decision on it: acknowledged, put off, escalated, put into an "
                    "incident, a retraining decided, or a release requested for its use case. Not decided yet: {n}.",
                    n=number(found.undecided, 0),
                ),
            ),
            _length(
                _("Decision → live"),
                found.renewal,
                _(
                    "Median from the first decision on an alert to the next release of its use case: one per release."
                ),
            ),
        ],
        columns=6,
        width=160,
    )


def _length(name: str, both: Compared, meaning: str, *, ninetieth: bool = False) -> Figure:
    least = NINETIETH_FROM if ninetieth else MEDIAN_FROM

    def value(one: Spread) -> float | None:
        return one.ninetieth if ninetieth else one.median

    now, before = value(both.now), value(both.before)
    change = "" if now is None or before is None else _change(now - before)
    return Figure(
        name,
        "–" if now is None else span(now),
        delta=change,
        reading="inverse",
        reference=_n(both.now.n, least),
        help_text=f"{meaning} {_told(least)}",
    )


def _change(hours: float) -> str:
    return f"{'-' if hours < 0 else '+'}{span(abs(hours))}"


def _n(n: int, least: int) -> str:
    if n < least:
        return _("n = {n}, told from {least}", n=number(n, 0), least=number(least, 0))
    return _("n = {n}", n=number(n, 0))


def _told(least: int) -> str:
    return _("Told from {least} on; the change is against the period before.", least=number(least, 0))


def _frequency(found: LoopTime) -> Figure:
    now, before = found.turnout, found.turnout_before
    change = now.per_month - before.per_month
    return Figure(
        _("Releases a month"),
        number(now.per_month, 1),
        delta=f"{'-' if change < 0 else '+'}{number(abs(change), 1)}" if before.released else "",
        reading="gray",
        reference=_("n = {n}", n=number(now.released, 0)),
        help_text=_(
            "Versions that went live in production for the first time, over the months of the period."
        ),
    )


def _rolled_back(found: LoopTime) -> Figure:
    now = found.turnout
    return Figure(
        _("Rolled back"),
        "–" if now.share is None else percent(now.share, 0),
        reference=_(
            "{rolled_back} of {n}", rolled_back=number(now.rolled_back, 0), n=number(now.released, 0)
        ),
        help_text=_(
            "Share of the period's releases that were rolled back since, told from {least} releases on.",
            least=number(MEDIAN_FROM, 0),
        ),
    )
