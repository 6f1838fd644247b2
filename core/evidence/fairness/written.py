"""A report as plain JSON values, and back; what is not a number is null there."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from core.evidence.fairness.parity import Figure, Gap, Group, Parity
from core.evidence.fairness.proxies import Proxies, Proxy
from core.evidence.fairness.report import Report
from core.evidence.fairness.tally import Metric
from core.evidence.fairness.threshold import Thresholds

Json = dict[str, Any]


def to_json(report: Report) -> Json:
    """Write a report; floats keep every digit."""
    return {
        "rows": report.rows,
        "smallest": report.smallest,
        "comparisons": report.comparisons,
        "remaining": report.remaining,
        "skipped": list(report.skipped),
        "single": [parity_json(p) for p in report.single],
        "crossed": [parity_json(p) for p in report.crossed],
        "thresholds": {
            name: {"event_favourable": t.event_favourable, "reaching": t.reaching.tolist()}
            for name, t in report.thresholds.items()
        },
        "proxies": [
            {
                "attribute": p.attribute,
                "together": _null(p.together),
                "rows": p.rows,
                "features": [{"feature": f.feature, "auc": _null(f.auc)} for f in p.features],
            }
            for p in report.proxies
        ],
    }


def from_json(stored: Mapping[str, Any]) -> Report:
    """Read what `to_json` wrote."""
    return Report(
        rows=int(stored["rows"]),
        single=tuple(parity_from(p) for p in stored["single"]),
        crossed=tuple(parity_from(p) for p in stored["crossed"]),
        thresholds={
            name: Thresholds(np.asarray(t["reaching"], dtype=np.int64), bool(t["event_favourable"]))
            for name, t in stored["thresholds"].items()
        },
        proxies=tuple(
            Proxies(
                p["attribute"],
                tuple(Proxy(f["feature"], _nan(f["auc"])) for f in p["features"]),
                _nan(p["together"]),
                int(p["rows"]),
            )
            for p in stored["proxies"]
        ),
        comparisons=int(stored["comparisons"]),
        remaining=int(stored["remaining"]),
        skipped=tuple(stored["skipped"]),
        smallest=int(stored["smallest"]),
    )


def parity_json(found: Parity) -> Json:
    """Write one attribute's groups and gaps."""
    return {
        "attributes": list(found.attributes),
        "groups": [
            {
                "name": list(g.name),
                "n": g.n,
                "figures": {m.value: _figure(f) for m, f in g.figures.items()},
            }
            for g in found.groups
        ],
        "gaps": [
            {
                "metric": g.metric.value,
                "lowest": list(g.lowest),
                "highest": list(g.highest),
                "ratio": None if g.ratio is None else _figure(g.ratio),
                "difference": _figure(g.difference),
                "p": _null(g.p),
                "remains": g.remains,
            }
            for g in found.gaps
        ],
    }


def parity_from(stored: Mapping[str, Any]) -> Parity:
    """Read what `parity_json` wrote."""
    return Parity(
        tuple(stored["attributes"]),
        tuple(
            Group(tuple(g["name"]), int(g["n"]), {Metric(m): _read(f) for m, f in g["figures"].items()})
            for g in stored["groups"]
        ),
        tuple(
            Gap(
                Metric(g["metric"]),
                tuple(g["lowest"]),
                tuple(g["highest"]),
                None if g["ratio"] is None else _read(g["ratio"]),
                _read(g["difference"]),
                _nan(g["p"]),
                bool(g["remains"]),
            )
            for g in stored["gaps"]
        ),
    )


def _figure(found: Figure) -> Json:
    return {"value": _null(found.value), "low": _null(found.low), "high": _null(found.high), "n": found.n}


def _read(stored: Mapping[str, Any]) -> Figure:
    return Figure(_nan(stored["value"]), _nan(stored["low"]), _nan(stored["high"]), int(stored["n"]))


def _null(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _nan(value: float | None) -> float:
    return float("nan") if value is None else float(value)
