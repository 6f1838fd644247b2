"""The monitoring report of a version: the same facts as one HTML page and as an accessible PDF."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.templates import render
from core.assets.intake import queries as intake
from core.assets.registry import queries as registry
from core.errors import Invalid
from core.evidence.alerts import queries as alerts
from core.evidence.monitoring import queries
from core.evidence.monitoring.column_names import named
from core.evidence.monitoring.performance import BY_TASK, METRIC_NAMES
from core.evidence.monitoring.records import Drift, Point
from core.evidence.monitoring.season import AGAINST_NAMES
from core.evidence.monitoring.windows import Grain, Window
from core.i18n import N_, _, day, language, moment, month, number, percent
from core.platform.store import Store
from core.typesetting import pdf

TEMPLATE = Path(__file__).parents[1] / "data" / "monitoring" / "report.typ"
WINDOWS = 12
COLUMNS = 40
FORMATS = ("html", "pdf")

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]


@dataclass(frozen=True, slots=True)
class Report:
    """A file as it is sent."""

    name: str
    media_type: str
    body: bytes


def report(store: Store, version_id: str, form: str, grain: Grain) -> Report:
    """Make the report. Raise `Invalid` for an unknown form, `NotFound`, `Unavailable` without the typesetter."""
    if form not in FORMATS:
        raise Invalid("report.form", N_("A report is html or pdf."), field="format")
    facts = document(store, version_id, grain)
    name = f"monitoring-{facts['slug']}-v{facts['number']}.{form}"
    if form == "html":
        return Report(name, "text/html; charset=utf-8", render("monitoring.html", report=facts).encode())
    made = pdf(
        TEMPLATE, "report", facts, instead=N_("Install the package typst, or take the report as HTML.")
    )
    return Report(name, "application/pdf", made)


def document(store: Store, version_id: str, grain: Grain) -> dict[str, Json]:
    """Collect what a report says, written in the reader's language."""
    with store.reading() as view:
        version = registry.version(view, version_id)
        case = registry.use_case_by_id(view, version.use_case_id)
        rules = alerts.rules_of(view, case.id)
        against = rules.against.resolved(whole_year=queries.covers_year(view, version_id))
        drift = queries.drift(view, version_id, grain, against=against, most=WINDOWS)
        coverage = queries.coverage(view, version_id)
        metric = BY_TASK[case.task.value][0]
        points = queries.performance(view, version_id, metric, grain, most=WINDOWS)
        evaluation = intake.evaluation(view, version_id)
        raised = alerts.alerts(view, version_id=version_id, limit=60)
    known = evaluation.metrics.get(metric.value) if evaluation else None
    facts = [[_("Rules"), rules.title], [_("Compared with"), _(AGAINST_NAMES[against])]]
    if coverage is not None:
        facts += [
            [_("Predictions"), number(coverage.rows, 0)],
            [_("Labels in"), percent(coverage.labelled / max(coverage.rows, 1))],
            [_("From, to"), f"{day(coverage.first)} – {day(coverage.last)}"],
        ]
    if known is not None and not math.isnan(known.value):
        facts.append([_("{metric} when evaluated", metric=_(METRIC_NAMES[metric])), number(known.value, 3)])
    return {
        "title": _("Monitoring of {title}", title=case.title),
        "subtitle": f"{version.model_name} v{version.number} · {moment(store.clock())}",
        "slug": case.slug,
        "number": version.number,
        "lang": language()[:2],
        "digest": version.artifact_digest,
        "facts": facts,
        "alerts": [
            {
                "state": _("open") if one.open else _("over"),
                "open": one.open,
                "since": day(one.first),
                "text": one.text(),
            }
            for one in raised
        ],
        "limit": rules.drift_limit if math.isfinite(rules.drift_limit) else 0.2,
        "windows": [_window(w, grain) for w in drift.windows] if drift else [],
        "map": _map(drift) if drift else [],
        "metric": _(METRIC_NAMES[metric]),
        "performance": [_point(one, grain) for one in points],
        "words": {
            "facts": _("Facts"),
            "alerts": _("Alerts"),
            "none": _("None."),
            "drift": _("PSI by column and window"),
            "column": _("Column"),
            "window": _("Window"),
            "value": _("Value"),
            "interval": _("95% interval"),
            "labels": _("Labels in"),
            "since": _("since"),
            "over": _("shaded: above {limit} and beyond chance", limit=number(rules.drift_limit, 2)),
        },
    }


def _window(window: Window, grain: Grain) -> str:
    return month(window.start) if grain == Grain.MONTH else day(window.start)


def _map(drift: Drift) -> list[Json]:
    def worst(values: Sequence[float]) -> float:
        return max((v for v in values if not math.isnan(v)), default=0.0)

    ranked = sorted((c for c in drift.columns if c.compared), key=lambda c: -worst(c.psi.tolist()))
    return [
        {
            "name": named(column.name),
            "cells": [
                {
                    "text": "" if math.isnan(value) else number(value, 2),
                    "value": 0.0 if math.isnan(value) else float(value),
                    "beyond": bool(value > column.psi_noise[at]),
                }
                for at, value in enumerate(column.psi.tolist())
            ],
        }
        for column in ranked[:COLUMNS]
    ]


def _point(one: Point, grain: Grain) -> Json:
    low, high = one.measure.low, one.measure.high
    return {
        "window": _window(one.window, grain),
        "value": number(one.measure.value, 3),
        "interval": "–" if math.isnan(low) else f"{number(low, 3)} – {number(high, 3)}",
        "labels": percent(one.coverage, 0),
    }
