"""Read what a back-test of the KPIs in force needs, and carry it out once the view is closed."""

from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
from sqlmodel import Session

from core.assets.datasets import queries as datasets
from core.assets.intake.evaluation import Evaluation
from core.assets.registry.version import Version
from core.evidence.kpis import queries
from core.evidence.kpis.backtest import Tested, as_log, backtest
from core.evidence.kpis.definition import Definition
from core.evidence.monitoring import work as monitoring
from core.evidence.monitoring.batches import Expected
from core.platform.store import Files


@dataclass(frozen=True, slots=True)
class Asked:
    """KPIs in force and the evaluated version that they are held against."""

    definitions: tuple[Definition, ...]
    version: Version
    evaluation: Evaluation
    expected: Expected


def asked(session: Session, version: Version, evaluation: Evaluation) -> Asked | None:
    """Return it; none where no KPI is in force."""
    held = tuple(one.definition for one in queries.kpis(session, version.use_case_id))
    return Asked(held, version, evaluation, monitoring.expected_rows(session, version)) if held else None


def answered(found: Asked, files: Files) -> tuple[Tested, ...]:
    """Work out the KPIs that can be; call it with no open view."""

    def rows() -> pa.Table:
        table = datasets.frame(files, found.version.table_digest)
        predictions = pd.read_parquet(files.path(found.evaluation.predictions_digest))
        return as_log(found.version, found.expected, table, predictions)

    return backtest(found.definitions, found.version, found.evaluation, found.expected, rows)
