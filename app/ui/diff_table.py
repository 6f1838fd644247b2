"""What changed between the live version and the one that asks to replace it."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from app.ui.badges import Tone, badge
from app.ui.evaluation import LOSSES, metric_name
from app.ui.metric_strip import Figure
from app.ui.text import digest, md, shorten
from core.assets.intake.evaluation import Estimate, Evaluation
from core.assets.registry.card import Card
from core.assets.registry.version import Version
from core.i18n import _, ngettext, number, percent, size

METRICS = 3
_NAMED = 4


@dataclass(frozen=True, slots=True)
class Side:
    """A version with its evaluation and the kind of model that its card names."""

    version: Version
    evaluation: Evaluation | None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One line: all Markdown, escaped already."""

    item: str
    before: str
    after: str
    what: str


def model_kind(card: Card) -> str:
    """Read the kind of model from its card; empty where nobody knows it."""
    return next((f.value for s in card.sections for f in s.fields if f.field.id == "model.type"), "")


def figures(candidate: Evaluation, champion: Side | None, *, most: int = 4) -> list[Figure]:
    """Return the first metrics and the latency, each against the champion where there is one."""
    other = champion.evaluation if champion else None
    against = _("vs v{number}", number=champion.version.number) if champion and other else ""
    found = [
        _figure(name, value, other.metrics.get(name) if other else None, against)
        for name, value in list(candidate.metrics.items())[:most]
    ]
    before = other.latency_p95_ms if other else None
    delta = "" if not before else _signed_for_metric(_relative(candidate.latency_p95_ms / before - 1))
    found.append(
        Figure(
            _("Latency p95"),
            _("{n} ms", n=number(candidate.latency_p95_ms, 2)),
            delta,
            "inverse",
            against if delta else "",
            _("95th percentile of one prediction, in the isolated runner."),
        )
    )
    return found


def changes(before: Side, after: Side) -> list[Change]:
    """Return what differs, line by line; what is equal is left out, except the features."""
    a, b = before.version, after.version
    lines = [_features(a, b)]
    if (before.kind or after.kind) and before.kind != after.kind:
        lines.append(_plain(_("Algorithm"), md(before.kind) or "–", md(after.kind) or "–", _("changed")))
    if a.format != b.format:
        lines.append(_plain(_("Format"), md(a.format), md(b.format), _("changed")))
    if a.dataset_digest != b.dataset_digest:
        lines.append(
            _plain(_("Evaluation data"), digest(a.dataset_digest), digest(b.dataset_digest), _("other table"))
        )
    if a.operating_threshold != b.operating_threshold:
        was, now = _threshold(a), _threshold(b)
        lines.append(Change(_("Cut-off"), was, now, badge(_("policy"), Tone.WARN)))
    if before.evaluation and after.evaluation:
        lines += _measured(before.evaluation, after.evaluation)
    if a.artifact_size != b.artifact_size:
        lines.append(
            Change(
                _("File size"), size(a.artifact_size), size(b.artifact_size),
                badge(_relative(b.artifact_size / max(a.artifact_size, 1) - 1)),
            )
        )  # fmt: skip
    return lines


def diff_table(lines: Sequence[Change], before: Version, after: Version) -> None:
    """Draw the lines."""
    st.table(
        {
            _("Item"): [f"**{line.item}**" for line in lines],
            f"v{before.number}": [f":gray[{line.before}]" for line in lines],
            f"v{after.number}": [line.after for line in lines],
            _("Change"): [line.what for line in lines],
        },
        border="horizontal",
        hide_index=True,
    )


def _figure(name: str, now: Estimate, before: Estimate | None, against: str) -> Figure:
    text = _(
        "95 % interval {low} to {high} on {rows}.",
        low=number(now.low, 3),
        high=number(now.high, 3),
        rows=ngettext("{n} row", "{n} rows", now.n),
    )
    if before is None:
        return Figure(metric_name(name), number(now.value, 3), help_text=text)
    return Figure(
        metric_name(name),
        number(now.value, 3),
        _signed_for_metric(_difference(now.value - before.value)),
        "gray" if _same(now, before) else "inverse" if name in LOSSES else "normal",
        against,
        text
        + " "
        + (_("The intervals overlap: the difference may be chance.") if _same(now, before) else ""),
    )


def _features(a: Version, b: Version) -> Change:
    gained = [n for n in b.signature.names if n not in a.signature.names]
    lost = [n for n in a.signature.names if n not in b.signature.names]
    parts = []
    if gained:
        parts.append(
            badge(ngettext("+{n} added", "+{n} added", len(gained)), Tone.INFO, "") + "  " + _named(gained)
        )
    if lost:
        parts.append(
            badge(ngettext("−{n} removed", "−{n} removed", len(lost)), Tone.WARN, "") + "  " + _named(lost)
        )
    return Change(
        _("Features"),
        number(len(a.signature.names)),
        number(len(b.signature.names)),
        "  \n".join(parts) or f":gray[{_('the same')}]",
    )


def _measured(was: Evaluation, now: Evaluation) -> list[Change]:
    lines = []
    if was.rows != now.rows:
        lines.append(
            _plain(_("Rows judged"), number(was.rows), number(now.rows), _difference(now.rows - was.rows, 0))
        )
    shared = [name for name in now.metrics if name in was.metrics][:METRICS]
    for name in shared:
        a, b = was.metrics[name], now.metrics[name]
        better = (b.value < a.value) if name in LOSSES else (b.value > a.value)
        tone = Tone.PLAIN if _same(a, b) else Tone.GOOD if better else Tone.WARN
        word = _("within the intervals") if _same(a, b) else _("better") if better else _("worse")
        lines.append(
            Change(
                md(metric_name(name)), number(a.value, 3), number(b.value, 3),
                f"{badge(word, tone, '')}  {_difference(b.value - a.value)}",
            )
        )  # fmt: skip
    if was.latency_p95_ms:
        share = now.latency_p95_ms / was.latency_p95_ms - 1
        word = _("about the same") if abs(share) < 0.05 else _("faster") if share < 0 else _("slower")
        tone = Tone.PLAIN if abs(share) < 0.05 else Tone.GOOD if share < 0 else Tone.WARN
        lines.append(
            Change(
                _("p95 latency"), _("{n} ms", n=number(was.latency_p95_ms, 2)),
                _("{n} ms", n=number(now.latency_p95_ms, 2)), f"{badge(word, tone, '')}  {_relative(share)}",
            )
        )  # fmt: skip
    return lines


def _same(a: Estimate, b: Estimate) -> bool:
    return a.low <= b.value <= a.high and b.low <= a.value <= b.high


def _plain(item: str, before: str, after: str, word: str) -> Change:
    return Change(item, before, after, badge(word))


def _named(names: Sequence[str]) -> str:
    text = md(", ".join(shorten(name, 28) for name in names[:_NAMED]))
    return text + (" …" if len(names) > _NAMED else "")


def _threshold(version: Version) -> str:
    return "–" if version.operating_threshold is None else number(version.operating_threshold, 3)


def _difference(value: float, digits: int = 3) -> str:
    return f"{'+' if value > 0 else '−' if value < 0 else ''}{number(abs(value), digits)}"


def _signed_for_metric(text: str) -> str:
    """Streamlit reads the direction of a metric's arrow from a plain hyphen."""
    return text.replace("−", "-", 1)


def _relative(share: float) -> str:
    return f"{'+' if share > 0 else '−' if share < 0 else ''}{percent(abs(share), 0)}"
