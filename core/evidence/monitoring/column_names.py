"""How a column or a metric is called to people."""

from collections.abc import Mapping

from core.evidence.monitoring.layout import Part
from core.evidence.monitoring.performance import METRIC_NAMES, Metric
from core.i18n import N_, _

OUTPUT_NAMES: Mapping[str, str] = {
    "aval:prediction": N_("Prediction"),
    "aval:probability": N_("Predicted probability"),
}


def named(column: str, part: Part | None = None) -> str:
    """Return how a column or metric is called to people."""
    if column in OUTPUT_NAMES:
        return _(OUTPUT_NAMES[column])
    if part is None and column in set(Metric):
        return _(METRIC_NAMES[Metric(column)])
    return column
