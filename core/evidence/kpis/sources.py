"""Where metrics come from that monitoring does not measure: a later wing says how it reads them."""

from collections.abc import Callable, Mapping, Sequence

from sqlmodel import Session

from core.evidence.monitoring.performance import Measure, Metric
from core.evidence.monitoring.windows import Grain, Window

Measured = Mapping[str, Mapping[Window, Mapping[Metric, Measure]]]
"""By version id, window and metric."""
Source = Callable[[Session, Sequence[str], Grain], Measured]


def provide(metrics: Sequence[Metric], source: Source) -> None:
    """Say who reads these metrics; `app.wiring` calls this."""
    _PROVIDED.update(dict.fromkeys(metrics, source))


def source_of(metric: Metric) -> Source | None:
    """Return who reads a metric, or none: monitoring measures it, or this installation does not."""
    return _PROVIDED.get(metric)


_PROVIDED: dict[Metric, Source] = {}
