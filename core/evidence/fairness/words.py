"""Sentences about groups, for pages, letters and findings, in the reader's language."""

import math
from collections.abc import Sequence

from core.evidence.fairness.groups import NOT_STATED, Name
from core.evidence.fairness.parity import Figure, Gap, Parity
from core.evidence.fairness.presets import Limit, Preset
from core.evidence.fairness.report import Report
from core.evidence.fairness.tally import METRIC_NAMES, SHARES, Metric
from core.i18n import _, ngettext, number, percent


def group_name(name: Name) -> str:
    """Write a group's name: one value, or several joined."""
    return " · ".join(_(NOT_STATED) if part == NOT_STATED else part for part in name)


def attribute_name(attributes: Sequence[str]) -> str:
    """Write one attribute, or several crossed."""
    return " × ".join(attributes)


def amount(metric: Metric, value: float) -> str:
    """Write a value of a metric: a share as a percentage, a quantity in its own unit."""
    if math.isnan(value):
        return "–"
    if metric in SHARES:
        return percent(value)
    if metric is Metric.CALIBRATION:
        return _("{points} points", points=number(100 * value, 1))
    return number(value, 3 if abs(value) < 10 else 1)


def distance(metric: Metric, value: float) -> str:
    """Write a difference of two values: of shares, in points of a hundred."""
    if metric in SHARES and not math.isnan(value):
        return _("{points} points", points=number(100 * value, 1))
    return amount(metric, value)


def interval(metric: Metric, found: Figure) -> str:
    """Write the interval of a figure, empty where there is none."""
    if math.isnan(found.low) or math.isnan(found.high):
        return ""
    return f"{amount(metric, found.low)} – {amount(metric, found.high)}"


def statistic(limit: Limit, found: Figure) -> str:
    """Write a gap as its line reads it: a ratio, or a difference, with its interval."""
    if limit.statistic == "ratio":
        return f"{number(found.value, 2)} [{number(found.low, 2)}; {number(found.high, 2)}]"
    return (
        f"{distance(limit.metric, found.value)} "
        f"[{distance(limit.metric, found.low)}; {distance(limit.metric, found.high)}]"
    )


def gap_text(attributes: Sequence[str], gap: Gap) -> str:
    """Say in one sentence which groups lie apart, and by how much."""
    words = {
        "metric": _(METRIC_NAMES[gap.metric]),
        "attribute": attribute_name(attributes),
        "low": group_name(gap.lowest),
        "high": group_name(gap.highest),
        "difference": distance(gap.metric, gap.difference.value),
    }
    if gap.ratio is None:
        return _("{metric} by {attribute}: {low} and {high} lie {difference} apart.", **words)
    return _(
        "{metric} by {attribute}: {low} comes to {ratio} of {high} [{least}; {most}], {difference} apart.",
        **words,
        ratio=number(gap.ratio.value, 2),
        least=number(gap.ratio.low, 2),
        most=number(gap.ratio.high, 2),
    )


def line_text(limit: Limit) -> str:
    """Say where a preset draws its line."""
    if limit.statistic == "ratio":
        return _("at least {limit} of the highest group", limit=number(limit.limit, 2))
    return _("at most {limit} apart", limit=distance(limit.metric, limit.limit))


def verdict(preset: Preset, single: Sequence[Parity]) -> tuple[str, str]:
    """Say what the preset finds over the single attributes: `good`, `unsure` or `beyond`, and one sentence."""
    crossed = preset.crossings(single)
    judged = [g for p in single for g in p.gaps if preset.limit(g.metric)]
    if not judged:
        return "unsure", _("No two groups are large enough to be compared.")
    if not crossed:
        return "good", _("Every gap between groups lies within the lines of “{preset}”.", preset=preset.name)
    surely = [c for c in crossed if c[2].surely(c[1])]
    parity, gap, _limit = (surely or list(crossed))[0]
    if surely:
        return "beyond", gap_text(parity.attributes, gap)
    return "unsure", gap_text(parity.attributes, gap) + " " + _("The interval reaches across the line.")


def multiplicity(report: Report) -> str:
    """Say how many comparisons were made, what chance alone would bring, and what remains."""
    by_chance = number(round(report.comparisons * 0.05), 0)
    return (
        ngettext("{n} comparison was made", "{n} comparisons were made", report.comparisons)
        + ": "
        + _("about {chance} would look unequal by chance alone.", chance=by_chance)
        + " "
        + ngettext(
            "{n} remains after Holm's correction.", "{n} remain after Holm's correction.", report.remaining
        )
    )


def hidden(found: Parity, smallest: int) -> str:
    """Say which groups are not shown, and why; empty where all are."""
    small = found.hidden
    if not small:
        return ""
    names = ", ".join(f"{group_name(g.name)} ({number(g.n, 0)})" for g in small[:6])
    return _(
        "Hidden, because a group under {smallest} says more about chance and about single people: {names}.",
        smallest=smallest,
        names=names + (" …" if len(small) > 6 else ""),
    )
