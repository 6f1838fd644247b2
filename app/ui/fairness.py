"""The cards of the fairness page, and the block that other pages borrow."""

from collections.abc import Mapping, Sequence

import streamlit as st

from app.ui import badges
from app.ui.card import card, card_with
from app.ui.empty import note
from app.ui.parity_chart import parity_chart
from app.ui.parity_table import as_csv, meanings, parity_table
from app.ui.picker import pick, switch
from app.ui.text import md
from core.evidence.fairness import report as reports
from core.evidence.fairness import words
from core.evidence.fairness.parity import Gap, Parity
from core.evidence.fairness.presets import Limit
from core.evidence.fairness.queries import Measured
from core.evidence.fairness.tally import METRIC_NAMES, Metric
from core.i18n import _, day, number

TONES = {
    "good": (badges.Tone.GOOD, "balance"),
    "unsure": (badges.Tone.WARN, "help"),
    "beyond": (badges.Tone.WARN, "priority_high"),
}


def verdict_line(found: Measured) -> None:
    """Say first what the preset finds, then on what it rests."""
    state, sentence = words.verdict(found.preset, found.report.single)
    tone, icon = TONES[state]
    names = {"good": _("Within the lines"), "unsure": _("Not certain"), "beyond": _("Beyond the line")}
    st.markdown(f"{badges.badge(names[state], tone, icon)} **{md(sentence)}**")
    parts = [
        _("{rows} rows", rows=number(found.report.rows, 0)),
        _("favourable: {value}", value=found.favourable) if found.favourable else "",
        _("measured on {when}", when=day(found.created_at)),
        words.multiplicity(found.report),
    ]
    st.caption(md(" · ".join(p for p in parts if p)))


def lines_table(found: Measured) -> None:
    """Draw every line of the preset against the widest gap of each attribute."""
    rows = [
        (parity, gap, limit)
        for parity in found.report.single
        for gap in parity.gaps
        if (limit := found.preset.limit(gap.metric)) is not None and limit.figure(gap) is not None
    ]
    st.table(
        {
            _("Attribute"): [
                f"**{md(words.attribute_name(p.attributes))}**  \n{_(METRIC_NAMES[g.metric])}"
                for p, g, _l in rows
            ],
            _("Lowest and highest"): [
                md(f"{words.group_name(g.lowest)} → {words.group_name(g.highest)}") for _p, g, _l in rows
            ],
            _("Gap and line"): [_gap(g, limit) for _p, g, limit in rows],
            _("Result"): [_result(g, limit) for _p, g, limit in rows],
        },
        border="horizontal",
        hide_index=True,
    )


def groups_card(found: Measured) -> tuple[Parity, Metric]:
    """Draw one attribute, or two crossed, in one metric; return what the reader looks at."""
    every = {"~".join(p.attributes): p for p in (*found.report.single, *found.report.crossed)}
    names = {key: words.attribute_name(p.attributes) for key, p in every.items()}
    metrics = {m.value: _(METRIC_NAMES[m]) for m in found.report.metrics}
    with card(_("Groups side by side"), help_text=meanings(found.report.metrics)):
        with st.container(horizontal=True, gap="small"):
            by = pick(_("By"), names, param="by", width=220) or next(iter(every))
            chosen = pick(_("Metric"), metrics, param="metric", width=260) or next(iter(metrics))
        parity, metric = every[by], Metric(chosen)
        limit = found.preset.limit(metric)
        gap = parity.gap(metric)
        parity_chart(parity.groups, metric, limit, by=names[by], key="parity")
        if gap is not None:
            note(md(words.gap_text(parity.attributes, gap)) + _remark(gap))
        if limit is not None:
            note(
                md(
                    _(
                        "The band is the line of “{preset}”: {line}.",
                        preset=found.preset.name,
                        line=words.line_text(limit),
                    )
                ),
                icon="straighten",
            )
        small = words.hidden(parity, found.report.smallest)
        if small:
            note(md(small), icon="visibility_off")
        with st.expander(_("In figures")):
            parity_table(parity, found.report.metrics)
            st.download_button(
                _("All groups as CSV"),
                as_csv([*found.report.single, *found.report.crossed]),
                file_name="fairness.csv",
                mime="text/csv",
                icon=":material/download:",
            )
    return parity, metric


@st.fragment
def threshold_card(found: Measured, operating: float | None) -> None:
    """Draw what another threshold would mean for each group."""
    held = {name: name for name in found.report.thresholds}
    if not held or operating is None:
        return
    with card(_("Another threshold"), f":gray[{_('now {value}', value=number(operating, 2))}]"):
        with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
            by = pick(_("Attribute"), held, param="threshold_by", width=200) or next(iter(held))
            chosen = st.slider(_("Threshold"), 0.0, 1.0, round(operating, 2), 0.01, width=320)
        then = reports.at_threshold(found.report, by, chosen)
        now = reports.at_threshold(found.report, by, operating)
        if then is None or now is None:
            return
        metrics = [m for m in (Metric.SELECTION, Metric.TPR, Metric.FPR, Metric.ERROR) if then.gap(m)]
        st.table(
            {
                _("Metric"): [_(METRIC_NAMES[m]) for m in metrics],
                _("Gap now"): [_gap_of(now, m, found) for m in metrics],
                _("Gap at {value}", value=number(chosen, 2)): [_gap_of(then, m, found) for m in metrics],
            },
            border="horizontal",
            hide_index=True,
        )
        parity_table(then, metrics)
        note(_("Counted on the evaluation rows, exactly, at every hundredth; one threshold for everybody."))


@st.fragment
def proxies_card(found: Measured) -> None:
    """Draw which features tell a protected attribute apart."""
    held = {p.attribute: p for p in found.report.proxies}
    if not held:
        return
    chosen = next(iter(held))

    def control() -> None:
        nonlocal chosen
        chosen = switch(_("Attribute"), {name: name for name in held}, param="proxies")

    with card_with(_("Stand-ins for the attribute"), control):
        told = held[chosen]
        shown = told.features[:8]
        st.table(
            {
                _("Feature"): [f"**{md(p.feature)}**" for p in shown],
                _("Tells the groups apart"): [_strength(p.auc) for p in shown],
            },
            border="horizontal",
            hide_index=True,
        )
        note(
            _(
                "All features together: {auc}. 0.5 tells nothing, 1 tells everything; cross-validated on {rows} rows.",
                auc=number(told.together, 2),
                rows=number(told.rows, 0),
            )
        )


def block(found: Measured | None, *, link: Mapping[str, str]) -> None:
    """Draw the verdict and its lines on another page, with the way to the whole report."""
    if found is None:
        st.markdown(f":gray[:material/balance:] {_('No fairness report is stored for this version.')}")
    else:
        verdict_line(found)
        lines_table(found)
    st.page_link(
        "../pages/fairness.py", label=_("Fairness"), icon=":material/arrow_forward:", query_params=dict(link)
    )


def prefilled(found: Measured, parity: Parity, metric: Metric) -> tuple[str, str]:
    """Write title and text of a finding about what the reader looks at."""
    gap = parity.gap(metric)
    if gap is None:
        return "", ""
    title = _(
        "{metric} by {attribute}: {low} against {high}",
        metric=_(METRIC_NAMES[metric]),
        attribute=words.attribute_name(parity.attributes),
        low=words.group_name(gap.lowest),
        high=words.group_name(gap.highest),
    )
    limit = found.preset.limit(metric)
    lines: Sequence[str] = [
        words.gap_text(parity.attributes, gap),
        _("Line: {line} ({preset}).", line=words.line_text(limit), preset=found.preset.name) if limit else "",
        _("Over {rows} evaluation rows.", rows=number(found.report.rows, 0)),
    ]
    return title[:200], " ".join(one for one in lines if one)


def _gap(gap: Gap, limit: Limit) -> str:
    figure = limit.figure(gap)
    if figure is None:
        return ""
    under = f"{words.line_text(limit)} · n ≥ {number(figure.n, 0)}"
    return f"{words.statistic(limit, figure)}  \n:gray[:small[{md(under)}]]"


def _gap_of(parity: Parity, metric: Metric, found: Measured) -> str:
    gap = parity.gap(metric)
    limit = found.preset.limit(metric) or Limit(metric, "difference", 1.0)
    figure = limit.figure(gap) if gap else None
    return "–" if figure is None else words.statistic(limit, figure)


def _result(gap: Gap, limit: Limit) -> str:
    if limit.surely(gap):
        return badges.badge(_("Beyond the line"), badges.Tone.WARN)
    if limit.crossed(gap):
        return badges.badge(_("Not certain"), badges.Tone.WARN, "help")
    return badges.badge(_("Within the lines"), badges.Tone.GOOD)


def _remark(gap: Gap) -> str:
    return " " + (
        _("It remains after the correction for many comparisons.")
        if gap.remains
        else _("Chance alone could bring this gap among so many comparisons.")
    )


def _strength(auc: float) -> str:
    text = number(auc, 2)
    if auc >= 0.7:
        return f"{text} {badges.badge(_('strong'), badges.Tone.WARN)}"
    return f"{text} {badges.badge(_('some'), badges.Tone.INFO)}" if auc >= 0.6 else text
