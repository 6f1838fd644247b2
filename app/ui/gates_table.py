"""The gates of a release: what was asked, what was measured, the threshold, the verdict, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from app.ui.badges import Tone, badge
from app.ui.evaluation import metric_name
from app.ui.text import md
from core.assets.registry.lawful_basis import basis_name
from core.decisions.releases.gates import (
    GATES,
    Comparison,
    GateKind,
    GateVerdict,
    Verdict,
)
from core.decisions.releases.release import GateResult
from core.decisions.releases.review import Review
from core.i18n import N_, _, ngettext, number, percent

_SIGN = {Comparison.AT_LEAST: "≥", Comparison.AT_MOST: "≤"}
_VERDICTS: Mapping[str, str] = {
    "known": N_("All names known"),
    "review": N_("Names wait for review"),
    "reviewed": N_("Names reviewed"),
    "refused": N_("Refused"),
}
_PAGES: Mapping[str, str] = {
    "compliance": "compliance",
    "explanation": "explainability",
    "fairness": "fairness",
    "kpis": "kpis",
    "monitoring": "monitoring",
}
_GAPS: Mapping[str, str] = {
    "selection_rate_ratio": N_("Favourable decisions, lowest over highest group"),
    "true_positive_rate_ratio": N_("Rightly favoured, lowest over highest group"),
    "true_positive_rate_difference": N_("Rightly favoured, highest less lowest group"),
    "false_positive_rate_difference": N_("Wrongly favoured, highest less lowest group"),
    "error_rate_difference": N_("Wrong decisions, highest less lowest group"),
    "mean_absolute_error_ratio": N_("Mean absolute error, lowest over highest group"),
    "noise": N_("Noise on every number"),
    "missing": N_("Missing values"),
    "extreme": N_("Extreme values"),
    "swap": N_("Swapped categories"),
}
_TABS: Mapping[str, str] = {"robustness": "weak"}
"""Where evidence of a kind is shown, if not in the model's record; every page takes a use case and a version."""


@dataclass(frozen=True, slots=True)
class GateCount:
    """How many gates passed, block, or have no evidence."""

    passed: int
    blocking: int
    missing: int


def count(gates: Sequence[GateResult]) -> GateCount:
    """Count verdicts; a gate without evidence that blocks counts as blocking."""
    return GateCount(
        passed=sum(g.verdict.verdict is Verdict.PASSED for g in gates),
        blocking=sum(g.verdict.blocks for g in gates),
        missing=sum(g.verdict.verdict is Verdict.NOT_AVAILABLE and not g.verdict.blocks for g in gates),
    )


def summary(gates: Sequence[GateResult], policy: str) -> str:
    """Write the count and the policy for the header of the card."""
    found = count(gates)
    parts = [f":green[**{ngettext('{n} passed', '{n} passed', found.passed)}**]"]
    if found.blocking:
        parts.append(f":red[**{ngettext('{n} blocks', '{n} block', found.blocking)}**]")
    if found.missing:
        parts.append(f":gray[{ngettext('{n} without evidence', '{n} without evidence', found.missing)}]")
    parts.append(f":gray[{md(_('policy {name}', name=policy))}]")
    return "  ·  ".join(parts)


def evidence_links(found: Review) -> dict[tuple[str, str], str]:
    """Give the address of each piece of evidence: the version's own, or the champion's for the comparison."""
    numbers = {v.id: v.number for v in (found.release.version, found.champion) if v}
    slug = found.release.version.use_case_slug
    return {
        (kind, subject): f"{_PAGES.get(kind, 'model')}?use_case={slug}"
        f"&version={numbers.get(subject, found.release.version.number)}"
        + (f"&tab={_TABS[kind]}" if kind in _TABS else "")
        for kind, subject in {(g.evidence_kind, g.evidence_id) for g in found.gates}
    }


def gates_table(gates: Sequence[GateResult], links: Mapping[tuple[str, str], str]) -> None:
    """Draw the gates; `links` gives the address of the evidence by its kind and id."""
    st.table(
        {
            _("Gate"): [_gate(g, links.get((g.evidence_kind, g.evidence_id), "")) for g in gates],
            _("Measured"): [_measured(g.verdict) for g in gates],
            _("Threshold"): [_threshold(g.verdict) for g in gates],
            _("Result"): [_result(g.verdict) for g in gates],
        },
        border="horizontal",
        hide_index=True,
    )


def _gate(gate: GateResult, link: str) -> str:
    found = gate.verdict
    metric = (
        _(_GAPS[found.metric]) if found.metric in _GAPS else metric_name(found.metric) if found.metric else ""
    )
    question = md(_(GATES[found.kind].question, metric=metric))
    lines = [f"**{_(GATES[found.kind].name)}**", f"[{question}]({link})" if link else question]
    if found.reason:
        lines.append(f":gray[:small[{md(_(found.reason))}]]")
    return "  \n".join(lines)


def _measured(found: GateVerdict) -> str:
    if found.measured is None:
        return _said(found)
    text = f"**{_amount(found.measured, found)}**"
    if found.low is not None and found.high is not None:
        text += f"  \n:gray[:small[{_amount(found.low, found)} – {_amount(found.high, found)}]]"
    return f"{text}  \n:gray[:small[{md(found.said)}]]" if found.said else text


def _said(found: GateVerdict) -> str:
    if found.kind is GateKind.ARTIFACT and found.said:
        return _(_VERDICTS.get(found.said, found.said))
    if found.kind is GateKind.LAWFUL_BASIS and found.said:
        return md(_(basis_name(found.said)))
    return md(_(found.said)) if found.said else "–"


def _threshold(found: GateVerdict) -> str:
    return "–" if found.limit is None else f"{_SIGN[found.comparison]} {_amount(found.limit, found)}"


def _amount(value: float, found: GateVerdict) -> str:
    if found.unit == "share":
        return percent(value, 0)
    if found.unit == "ms":
        return _("{n} ms", n=number(value, 2 if value < 10 else 0))
    if found.unit == "count":
        return number(value, 0)
    if value and abs(value) < 0.0005:
        mantissa, exponent = f"{value:.0e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    return _minus(number(value, 3))


def _minus(text: str) -> str:
    """Write a true minus, as wide as the plus."""
    return "−" + text[1:] if text.startswith("-") else text


def _result(found: GateVerdict) -> str:
    if found.verdict is Verdict.PASSED:
        return badge(_("Pass"), Tone.GOOD)
    if found.verdict is Verdict.FAILED:
        return badge(_("Fail"), Tone.BLOCK)
    return badge(_("Not available"), Tone.BLOCK if found.blocks else Tone.PLAIN, "help")


def threshold_missed(found: GateVerdict) -> str:
    """Write in a few words what a gate wanted and what it got, as Markdown."""
    if found.measured is None or found.limit is None:
        return md(_(found.reason)) if found.reason else _said(found)
    return f"{_amount(found.measured, found)}, {_('wanted')} {_threshold(found)}"
