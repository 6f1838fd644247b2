"""KPIs in force, held against the rows that a version was evaluated on: would it keep them, before it decides anything?

Only KPIs that do not depend on how many rows there are can be asked so: a sum over a month is not a sum over a table.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from core.assets.intake.evaluation import Evaluation
from core.assets.registry.version import Version
from core.errors import AvalError
from core.evidence.kpis import evaluating
from core.evidence.kpis.definition import Definition, Direction, Status, check_formula
from core.evidence.kpis.formula_plan import Plan, plan
from core.evidence.kpis.intervals import Estimate, Method
from core.evidence.kpis.logged import ACTUAL, LABEL, PREDICTED, PREDICTION, PROBABILITY, log_columns
from core.evidence.monitoring.batches import Expected
from core.evidence.monitoring.performance import VOLUME


@dataclass(frozen=True, slots=True)
class Tested:
    """One KPI over the evaluation rows, and how it would stand."""

    definition: Definition
    found: Estimate
    status: Status

    @property
    def kept(self) -> bool:
        """Whether its last line holds: the critical one where there is one, else the warning, else the target."""
        held = self.definition
        line = next(one for one in (held.critical, held.warning, held.target) if one is not None)
        value = self.found.value
        if value is None:
            return False
        return value >= line if held.direction is Direction.HIGHER else value <= line


def backtest(
    definitions: Sequence[Definition],
    version: Version,
    evaluation: Evaluation,
    expected: Expected,
    rows: Callable[[], pa.Table],
) -> tuple[Tested, ...]:
    """Work out each KPI that can be; `rows` reads the evaluation rows as `as_log` gives them, if a formula asks."""
    formulas = any(one.formula for one in definitions)
    held = rows() if formulas else pa.table({})
    found = []
    for definition in definitions:
        estimate = (
            _formula(definition, version, expected, held)
            if definition.formula
            else _metric(definition, evaluation)
        )
        if estimate is not None and estimate.value is not None and estimate.n >= definition.minimum_n:
            found.append(Tested(definition, estimate, definition.judge(estimate.value, estimate.n)))
    return tuple(found)


def as_log(version: Version, expected: Expected, table: pd.DataFrame, predictions: pd.DataFrame) -> pa.Table:
    """Return evaluation rows as the log of a version would hold them, as far as they can be; no moments."""
    labelled = (
        table[table[version.label_column].notna()].reset_index(drop=True) if version.label_column else table
    )
    if len(labelled) != len(predictions):
        return pa.table({})
    ordered = predictions.sort_values("row")
    columns: dict[str, object] = {
        name: labelled[column]
        for name, column in zip(version.signature.names, version.table_columns, strict=True)
        if column in labelled
    }
    if expected.task == "binary":
        positive = expected.positive
        negative = next((one for one in expected.classes if one != positive), "")
        words: Mapping[int, str] = {1: positive, 0: negative}
        said, truth = (ordered[name].astype(int) for name in ("prediction", "label"))
        columns |= {
            PREDICTION: said.map(words), LABEL: truth.map(words), PREDICTED: said == 1, ACTUAL: truth == 1
        }  # fmt: skip
        if "probability" in ordered:
            columns[PROBABILITY] = ordered["probability"]
    else:
        columns |= {PREDICTION: ordered["prediction"], LABEL: ordered["label"]}
    return pa.table(
        {name: pa.array(pd.Series(held).to_numpy(), from_pandas=True) for name, held in columns.items()}
    )


def _metric(definition: Definition, evaluation: Evaluation) -> Estimate | None:
    metric = definition.metric
    if metric is None or metric in VOLUME:
        return None
    held = evaluation.metrics.get(metric.value)
    if held is None or math.isnan(held.value):
        return None
    low, high = (None if math.isnan(end) else end for end in (held.low, held.high))
    return Estimate(held.value, low, high, held.n, Method.BOOTSTRAP)


def _formula(definition: Definition, version: Version, expected: Expected, rows: pa.Table) -> Estimate | None:
    try:
        worked = plan(check_formula(definition, log_columns(expected.task, version)))
        if not set(worked.formula.columns) <= set(rows.column_names) or not _counts_no_rows(worked, rows):
            return None
        return evaluating.evaluate(rows, worked)
    except (AvalError, KeyError, pa.ArrowException):
        return None  # what a formula cannot take here it tells where it is defined and observed


def _counts_no_rows(worked: Plan, rows: pa.Table) -> bool:
    """Say whether twice the rows give the same value: a rate or a mean does, a sum or a count does not."""
    once = evaluating.evaluate(rows, worked).value
    twice = evaluating.evaluate(pa.concat_tables([rows, rows]), worked).value
    return once is not None and twice is not None and math.isclose(once, twice, rel_tol=1e-9, abs_tol=1e-12)
