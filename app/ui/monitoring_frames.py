"""The data of monitoring's charts as tables, for whoever takes them along."""

from collections.abc import Sequence

import pandas as pd

from core.evidence.monitoring.records import Drift, Estimated, Point


def drift_frame(drift: Drift) -> pd.DataFrame:
    """One row per window and column, with every statistic as it is computed."""
    return pd.DataFrame(
        [
            {
                "window_start": window.start.isoformat(),
                "window_end": window.end.isoformat(),
                "against": drift.against.value,
                "column": column.name,
                "part": column.part.value,
                "rows": int(column.rows[at]),
                "reference_rows": int(column.held[at]),
                "psi": float(column.psi[at]),
                "psi_by_chance": float(column.psi_noise[at]),
                "jensen_shannon": float(column.js[at]),
                "ks": float(column.ks[at]),
                "ks_error": float(column.ks_error[at]),
                "p_value": float(column.p_value[at]),
                "missing": float(column.missing[at]),
                "missing_before": float(column.missing_before[at]),
                "new_categories": float(column.new_share[at]),
                "out_of_range": float(column.out_of_range[at]),
            }
            for at, window in enumerate(drift.windows)
            for column in drift.columns
        ]
    )


def performance_frame(points: Sequence[Point], expected: Sequence[Estimated] = ()) -> pd.DataFrame:
    """One row per window: what was realized, and what had been expected before labels came."""
    realized = {point.window: point for point in points}
    beforehand = {one.window: one for one in expected}
    rows = []
    for window in sorted(realized.keys() | beforehand.keys(), key=lambda one: one.start):
        row: dict[str, object] = {
            "window_start": window.start.isoformat(),
            "window_end": window.end.isoformat(),
        }
        if (point := realized.get(window)) is not None:
            row |= {
                "value": point.measure.value,
                "low": point.measure.low,
                "high": point.measure.high,
                "labelled_rows": point.measure.n,
                "rows": point.rows,
                "label_coverage": point.coverage,
            }
        if (one := beforehand.get(window)) is not None:
            row |= {
                "expected": one.expected.value,
                "expected_low": one.expected.low,
                "expected_high": one.expected.high,
                "expected_by": one.method,
            }
        rows.append(row)
    return pd.DataFrame(rows)
