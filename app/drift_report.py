"""The report of `aval drift`: built once, written as JSON or as one page."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import Invalid
from core.evidence.monitoring import judgement
from core.evidence.monitoring.comparison import Statistic
from core.evidence.monitoring.conditions import Broken
from core.evidence.monitoring.embedded_engine import compare_sources
from core.evidence.monitoring.judgement import VERDICT_NAMES, Judged, Verdict
from core.evidence.monitoring.repeats import repeated_rows
from core.evidence.monitoring.sources import Source, open_source
from core.i18n import N_, _, number, percent

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True)
class Report:
    """Two files compared; pairs name the reference first. `facts` are the quantities of the whole table."""

    names: tuple[str, str]
    rows: tuple[int, int]
    judged: tuple[Judged, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    repeated: tuple[int, int]
    facts: Mapping[str, float]
    joint: Mapping[str, Json]
    joint_words: tuple[str, ...]
    limits: judgement.Limits


def build(
    reference: Path,
    current: Path,
    *,
    limits: str,
    only: Sequence[str] = (),
    ignored: Sequence[str] = (),
    target: str | None = None,
    joint: bool = False,
    threads: int | None = None,
) -> Report:
    """Compare two files; `limits` is the text of comparison.toml. Raise `Invalid` for what cannot be compared."""
    a, b = open_source(reference), open_source(current)
    names = _chosen(a, b, only, ignored)
    policy = judgement.parse(limits)
    judged = judgement.judge(compare_sources(a, b, columns=names, threads=threads), policy)
    left, right = set(a.schema.names), set(b.schema.names)
    order = [
        one.column.name for one in sorted(judged, key=lambda one: (-one.column.spread, one.column.missing[1]))
    ]
    repeated = (repeated_rows(a, order), repeated_rows(b, order))
    added = tuple(name for name in b.schema.names if name not in left and name not in ignored)
    removed = tuple(name for name in a.schema.names if name not in right and name not in ignored)
    drifted = sum(one.verdict == Verdict.DRIFTED for one in judged)
    facts: dict[str, float] = {
        "drifted": drifted,
        "drifted_share": drifted / len(judged),
        "added_columns": 0 if only else len(added),
        "removed_columns": 0 if only else len(removed),
        "repeated_rows": repeated[1] / b.rows,
        "rows": b.rows,
    }
    found: Mapping[str, Json] = {}
    words: tuple[str, ...] = ()
    if joint or target:
        from app.drift_joint import measure  # noqa: PLC0415 - scikit-learn only when asked

        measured = measure(a, b, names, target=target, joint=joint)
        facts |= measured.facts
        found, words = measured.details, measured.words
    return Report(
        (a.name, b.name), (a.rows, b.rows), judged, added, removed, repeated, facts, found, words, policy
    )


def _chosen(a: Source, b: Source, only: Sequence[str], ignored: Sequence[str]) -> list[str]:
    held = set(b.schema.names)
    shared = [name for name in a.schema.names if name in held]
    unknown = [name for name in (*only, *ignored) if name not in a.schema.names and name not in held]
    chosen = [name for name in shared if (not only or name in only) and name not in ignored]
    if unknown or not chosen:
        raise Invalid(
            "drift.columns",
            N_("No such column: {columns}.") if unknown else N_("The two files share no column to compare."),
            fix=N_("They share: {known}.")
            if shared
            else N_("Columns are matched by name; rename them alike."),
            columns=", ".join(unknown),
            known=", ".join(shared[:40]),
        )
    return chosen


def as_json(report: Report, broken: Sequence[Broken]) -> str:
    """Write every number unrounded; what is not a number is null."""
    body: dict[str, Json] = {
        "format": "aval-drift/1",
        "reference": {"file": report.names[0], "rows": report.rows[0], "repeated_rows": report.repeated[0]},
        "current": {"file": report.names[1], "rows": report.rows[1], "repeated_rows": report.repeated[1]},
        "limits": {
            "version": report.limits.version,
            "certainty": report.limits.certainty,
            **{key.value: value for key, value in report.limits.limits.items()},
        },
        "table": {key: _finite(value) for key, value in report.facts.items()},
        "added_columns": list(report.added),
        "removed_columns": list(report.removed),
        "columns": [_column(one) for one in report.judged],
        "joint": dict(report.joint),
        "broken_rules": [
            {"rule": one.condition.text, "column": one.column or None, "value": _finite(one.value)}
            for one in broken
        ],
    }
    return json.dumps(body, ensure_ascii=False, allow_nan=False, indent=1)


def _column(one: Judged) -> Json:
    column = one.column
    bins = column.bins
    return {
        "column": column.name,
        "verdict": one.verdict.value,
        "why": one.words(),
        "reasons": [reason.value for reason in one.reasons],
        "kinds": list(column.kinds),
        "types": list(column.types),
        "rows": list(column.rows),
        "missing_rows": list(column.missing),
        "q_value": _finite(one.q_value),
        "psi_noise": _finite(column.psi_noise),
        "statistics": {
            key.value: {"value": _finite(value), "variant": column.variants.get(key, "")}
            for key, value in column.statistics.items()
        },
        "type_changed": column.type_changed,
        "constant": column.constant,
        "free_text": column.free_text,
        "new_categories": {"count": column.new_count, "most_frequent": dict(column.new)},
        "vanished_categories": {"count": column.vanished_count, "most_frequent": list(column.vanished)},
        "range": [
            [_finite(low), _finite(high)] if span else None
            for span in column.span
            for low, high in [span or (0, 0)]
        ],
        "bins": {
            "cuts": [_finite(cut) for cut in bins.cuts],
            "names": list(bins.names),
            "reference": list(bins.reference),
            "current": list(bins.current),
        }
        if bins
        else None,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def as_html(report: Report, broken: Sequence[Broken]) -> str:
    """Write one page that names no other host; text is escaped by the template."""
    from app.templates import render  # noqa: PLC0415 - jinja2 only for the page

    steady = sum(one.verdict == Verdict.STEADY for one in report.judged)
    return render(
        "drift.html",
        report=report,
        rows=[number(n) for n in report.rows],
        repeated=[percent(gone / n) for gone, n in zip(report.repeated, report.rows, strict=True)],
        columns=[_shown(one) for one in report.judged],
        drifted=number(int(report.facts["drifted"])),
        steady=number(steady),
        broken=[(one.condition.text, one.column, f"{one.value:.6g}") for one in broken],
    )


def _shown(one: Judged) -> Mapping[str, object]:
    column = one.column
    before, after = (gone / n for gone, n in zip(column.missing, column.rows, strict=True))
    return {
        "name": column.name,
        "verdict": one.verdict.value,
        "verdict_name": _(VERDICT_NAMES[one.verdict]),
        "words": one.words(),
        "types": column.types,
        "psi": _three(column.statistics.get(Statistic.PSI)),
        "gap": _three(column.statistics.get(Statistic.KS, column.statistics.get(Statistic.LINF))),
        "missing": f"{percent(before)} → {percent(after)}" if before or after else "–",
        "statistics": [
            (key.value, f"{value:.6g}", column.variants.get(key, ""))
            for key, value in column.statistics.items()
        ],
        "bars": _bars(one),
    }


def _three(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else number(value, 3)


def _bars(one: Judged) -> Sequence[tuple[str, float, float]]:
    """Return each bin's name with both shares as percentages of the highest."""
    bins = one.column.bins
    if bins is None:
        return ()
    if bins.names:
        rest = [_("Other categories")] if len(bins.reference) > len(bins.names) + 1 else []
        names = [*bins.names, *rest, _("Missing")]
    else:
        cuts = [f"{cut:.4g}" for cut in bins.cuts]
        names = [
            *(f"≤ {cuts[0]}" if not at else f"{cuts[at - 1]} – {cut}" for at, cut in enumerate(cuts)),
            f"> {cuts[-1]}" if cuts else _("Present"),
            _("Missing"),
        ]
    sides = [[n / max(sum(side), 1) for n in side] for side in (bins.reference, bins.current)]
    top = max(*sides[0], *sides[1], 1e-12)
    return [(name, 100 * p / top, 100 * q / top) for name, p, q in zip(names, *sides, strict=True)]
