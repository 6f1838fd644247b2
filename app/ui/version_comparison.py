"""Two versions side by side: facts, metrics with intervals, features, data, card, importance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from app.ui import badges
from app.ui.card import card
from app.ui.empty import note
from app.ui.evaluation import LOSSES, NEAR_ZERO, interval, metric_name
from app.ui.importance_bars import importance_dumbbell
from app.ui.text import digest, md, paragraphs, shorten
from core.assets.datasets.dataset import Dataset
from core.assets.datasets.schema import KIND_NAMES, Column
from core.assets.intake.evaluation import Estimate, Evaluation
from core.assets.registry.card import Card
from core.assets.registry.version import Version
from core.evidence.explain.queries import Comparison
from core.i18n import _, ngettext, number, size

MOST = 40


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: the version and what is known of it."""

    version: Version
    evaluation: Evaluation | None
    dataset: Dataset
    card: Card
    bundle: str


def version_comparison(left: Side, right: Side, explained: Comparison | None, unit: str) -> None:
    """Draw every part of the comparison; `explained` is None where one has no explanation."""
    with card(_("Facts")):
        _facts(left, right)
    if left.evaluation is not None and right.evaluation is not None:
        with card(_("Metrics")):
            _metrics(left, right, left.evaluation, right.evaluation)
    with card(_("Features"), _feature_summary(left.version, right.version)):
        _features(left.version, right.version)
    with card(_("Importance")):
        _importance(left.version, right.version, explained, unit)
    with card(_("Model card")):
        _cards(left, right)


def _facts(left: Side, right: Side) -> None:
    a, b = left.version, right.version
    before, after = left.evaluation, right.evaluation
    _table(
        a,
        b,
        [
            (_("Model"), md(a.model_name), md(b.model_name)),
            (_("Format"), md(a.format), md(b.format)),
            (_("Size"), size(a.artifact_size), size(b.artifact_size)),
            (_("Digest"), digest(a.artifact_digest), digest(b.artifact_digest)),
            (_("Further parts"), _parts(left), _parts(right)),
            (_("Evaluation data"), _data(left.dataset), _data(right.dataset)),
            (_("Rows"), number(left.dataset.rows), number(right.dataset.rows)),
            (_("Label"), md(a.label_column), md(b.label_column)),
            (_("Features"), number(len(a.signature.names)), number(len(b.signature.names))),
            (_("Operating threshold"), _threshold(a), _threshold(b)),
            (_("Latency, median"), _ms(before, "p50"), _ms(after, "p50")),
            (_("Latency, 95th percentile"), _ms(before, "p95"), _ms(after, "p95")),
            (_("Memory"), _memory(before), _memory(after)),
            (_("Same predictions in two loads"), _repeats(before), _repeats(after)),
        ],
    )  # fmt: skip


def _table(a: Version, b: Version, rows: Sequence[tuple[str, str, str]]) -> None:
    st.table(
        {
            _("Item"): [f"**{name}**" for name, _a, _b in rows],
            f"v{a.number}": [was for _name, was, _b in rows],
            f"v{b.number}": [now for _name, _a, now in rows],
            _("Change"): [
                badges.badge(_("differs"), badges.Tone.INFO) if was != now else f":gray[{_('same')}]"
                for _name, was, now in rows
            ],
        },
        border="horizontal",
        hide_index=True,
    )


def _metrics(left: Side, right: Side, before: Evaluation, after: Evaluation) -> None:
    shared = [name for name in before.metrics if name in after.metrics]
    st.table(
        {
            _("Metric"): [f"**{md(metric_name(name))}**" for name in shared],
            f"v{left.version.number}": [_measured(before.metrics[name]) for name in shared],
            f"v{right.version.number}": [_measured(after.metrics[name]) for name in shared],
            _("Difference"): [
                _difference(name, before.metrics[name], after.metrics[name]) for name in shared
            ],
        },
        border="horizontal",
        hide_index=True,
    )
    if left.dataset.digest != right.dataset.digest:
        note(_("The two were measured on different tables: read differences with care."))


def _feature_summary(a: Version, b: Version) -> str:
    added = set(b.signature.names) - set(a.signature.names)
    gone = set(a.signature.names) - set(b.signature.names)
    return badges.row(
        badges.badge(ngettext("+{n} added", "+{n} added", len(added)), badges.Tone.INFO, "") if added else "",
        badges.badge(ngettext("−{n} removed", "−{n} removed", len(gone)), badges.Tone.WARN, "") if gone else "",
        badges.badge(_("same names"), badges.Tone.PLAIN, "") if not added and not gone else "",
    )  # fmt: skip


def _features(a: Version, b: Version) -> None:
    """Features of both by name: those that only one has or that changed first."""
    before = {c.name: c for c in a.signature.features}
    after = {c.name: c for c in b.signature.features}
    names = sorted({**before, **after}, key=lambda n: (_column(before.get(n)) == _column(after.get(n)), n))
    _table(a, b, [(md(n), _column(before.get(n)), _column(after.get(n))) for n in names[:MOST]])
    if len(names) > MOST:
        note(ngettext("and {n} more", "and {n} more", len(names) - MOST))


def _importance(a: Version, b: Version, explained: Comparison | None, unit: str) -> None:
    if explained is None:
        st.caption(_("Both versions need an explanation first."))
        return
    if explained.comparable:
        importance_dumbbell(
            explained.pairs, left=f"v{a.number}", right=f"v{b.number}", unit=unit, key="compared_importance"
        )
    else:
        words = _("The two were explained in other units or by other questions: only the order compares.")
        st.markdown(f":material/info: {words}")
    rho = number(explained.rank_agreement, 2)
    note(_("Agreement of the two orders: ρ = {rho}. 1 is the same order.", rho=rho))


def _cards(left: Side, right: Side) -> None:
    before, after = _values(left.card), _values(right.card)
    differ = [key for key in after if before.get(key, ("", ""))[1] != after[key][1]]
    if not differ:
        st.caption(_("Both cards say the same."))
        return
    st.table(
        {
            _("Field"): [f"**{md(after[key][0])}**" for key in differ],
            f"v{left.version.number}": [_said(before.get(key)) for key in differ],
            f"v{right.version.number}": [_said(after[key]) for key in differ],
        },
        border="horizontal",
        hide_index=True,
    )


def _said(field: tuple[str, str] | None) -> str:
    return paragraphs(field[1]) if field and field[1] else "–"


def _values(found: Card) -> Mapping[str, tuple[str, str]]:
    """Fields of a card by id, without those that the facts and the metrics above show already."""
    above = {"model.version", "model.digest", "model.created", "performance.metrics", "performance.latency",
             "performance.memory", "data.features"}  # fmt: skip
    return {
        f.field.id: (_(f.field.label), f.value)
        for section in found.sections
        for f in section.fields
        if f.field.id not in above
    }


def _data(dataset: Dataset) -> str:
    return f"{md(shorten(dataset.name))} {digest(dataset.digest)}"


def _column(column: Column | None) -> str:
    if column is None:
        return "–"
    kind = _(KIND_NAMES[column.kind])
    if column.minimum is not None and column.maximum is not None:
        return f"{kind} {number(column.minimum)} – {number(column.maximum)}"
    if column.categories:
        return f"{kind} ({md(shorten(', '.join(column.categories), 40))})"
    return kind


def _measured(found: Estimate) -> str:
    return f"{number(found.value, 3)} :gray[:small[{interval(found)}]]"


def _difference(name: str, before: Estimate, after: Estimate) -> str:
    change = after.value - before.value
    text = f"{'+' if change > 0 else ''}{number(change, 3)}"
    if before.low <= after.value <= before.high and after.low <= before.value <= after.high:
        return f":gray[{text} · {_('within the intervals')}]"
    better = _improved(name, before.value, after.value)
    return badges.badge(
        text,
        badges.Tone.GOOD if better else badges.Tone.WARN,
        "trending_up" if change > 0 else "trending_down",
    )


def _improved(name: str, before: float, after: float) -> bool:
    if name in NEAR_ZERO:
        return abs(after) < abs(before)
    return after < before if name in LOSSES else after > before


def _threshold(version: Version) -> str:
    return "–" if version.operating_threshold is None else number(version.operating_threshold, 3)


def _ms(evaluation: Evaluation | None, which: str) -> str:
    if evaluation is None or not evaluation.latency_p95_ms:
        return "–"
    value = evaluation.latency_p50_ms if which == "p50" else evaluation.latency_p95_ms
    return _("{n} ms per row", n=number(value, 3))


def _memory(evaluation: Evaluation | None) -> str:
    if evaluation is None or not evaluation.memory_mb:
        return "–"
    return _("{mib} MiB", mib=number(evaluation.memory_mb, 0))


def _repeats(evaluation: Evaluation | None) -> str:
    if evaluation is None:
        return "–"
    return _("yes, bit for bit") if evaluation.reproducible else _("no")


def _parts(side: Side) -> str:
    return digest(side.bundle) if side.bundle else "–"
