"""How alike a version's evaluation data is to what the live version meets: the drift that a release starts with."""

import math
from dataclasses import dataclass

import pyarrow.parquet as pq
from sqlmodel import Session

from core.assets.datasets import queries as datasets
from core.assets.registry.version import Version
from core.evidence.monitoring import distances
from core.evidence.monitoring import drift as statistics
from core.evidence.monitoring import queries as monitoring
from core.evidence.monitoring.layout import Layout, Part
from core.evidence.monitoring.records import Drift
from core.evidence.monitoring.windows import Grain
from core.platform.store import Files

MONTHS = 1


@dataclass(frozen=True, slots=True)
class Live:
    """What the live version met in its last month, and the candidate's evaluation table; rows are of the month."""

    drift: Drift
    digest: str
    columns: dict[str, str]

    @property
    def rows(self) -> int:
        return int(self.drift.columns[0].rows[-1])


@dataclass(frozen=True, slots=True)
class Likeness:
    """How many of the compared features moved, and the one that did most."""

    moved: int
    columns: int
    worst: str
    psi: float

    @property
    def share(self) -> float:
        return self.moved / self.columns


def live(session: Session, candidate: Version, running: str) -> Live | None:
    """Read what is compared; none where the live version has no predictions or shares no feature."""
    found = monitoring.drift(session, running, Grain.MONTH, most=MONTHS)
    if found is None:
        return None
    names = dict(zip(candidate.signature.names, candidate.table_columns, strict=True))
    shared = {
        column.name: names[column.name]
        for column in found.reference.layout.columns
        if column.part == Part.FEATURE and column.name in names
    }
    if not shared:
        return None
    return Live(found, datasets.dataset(session, candidate.dataset_id).digest, shared)


def likeness(found: Live, files: Files, limit: float) -> Likeness | None:
    """Count the candidate's evaluation table into the live version's cells and compare the last month with it.

    A feature moved where its PSI is over `limit`; none where no feature can be compared.
    """
    table = pq.read_table(files.path(found.digest), columns=list(found.columns.values()))
    table = table.replace_schema_metadata(None).rename_columns(list(found.columns))
    spans = {column.name: (column, span) for column, span in found.drift.reference.layout.spans()}
    worst: tuple[float, str] = (-1.0, "")
    compared = moved = 0
    for name in found.columns:
        column, span = spans[name]
        before = Layout((column,)).profile(table).cells
        bins = statistics.stability_bins(column.edges, before)
        psi = float(distances.psi(bins, statistics.stability_bins(column.edges, found.drift.cells[-1, span])))
        if len(bins) > 2 and not math.isnan(psi):
            compared += 1
            moved += psi > limit
            worst = max(worst, (psi, name))
    return Likeness(moved, compared, worst[1], worst[0]) if compared else None
