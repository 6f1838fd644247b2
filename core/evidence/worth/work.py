"""Read evaluation rows and the log for what decisions are worth: explore thresholds, follow promises month by month."""

import hashlib
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.assets.datasets import queries as datasets
from core.assets.intake import queries as intake
from core.assets.registry import queries as registry
from core.assets.registry.version import Version
from core.errors import Conflict
from core.evidence.kpis import evaluating, observing
from core.evidence.kpis.formula import Column, Formula, Node, Op, unit_named
from core.evidence.kpis.formula_plan import plan
from core.evidence.kpis.logged import ACTUAL, LABELLED, PREDICTED, PROBABILITY, LogReader, log_columns
from core.evidence.monitoring import queries as monitoring
from core.evidence.monitoring import work as monitoring_work
from core.evidence.monitoring.batches import BatchKind
from core.evidence.monitoring.significance import Z
from core.evidence.worth import commands, queries, threshold
from core.evidence.worth.matrix import Cell, CostMatrix, read_cells
from core.evidence.worth.promise import Month, Promise, gap, money, part_of_month, promised
from core.evidence.worth.threshold import Explored, Rows
from core.i18n import N_
from core.platform.jobs.handling import JobContext
from core.platform.store import SYSTEM, Actor, Store

RECENT_MONTHS = 3


@dataclass(frozen=True, eq=False)
class Evaluated:
    """Evaluation rows priced by a matrix, cut in a part to choose on and one to judge on; the usual volume."""

    matrix: CostMatrix
    validation: Rows
    untouched: Rows
    explored: Explored
    monthly_rows: int


def evaluated(store: Store, version_id: str) -> Evaluated:
    """Price a version's evaluation rows by the signed matrix; raise `Conflict` where something is missing."""
    with store.reading() as view:
        version = registry.version(view, version_id)
        matrix = queries.signed_matrix(view, version.use_case_id)
        found = intake.evaluation(view, version_id)
        dataset = datasets.dataset(view, version.dataset_id) if version.dataset_id else None
        days = monitoring.rows_by_day(view, version_id)
        if not days:
            versions = [one.id for one in registry.versions(view, version.use_case_id)]
            days = max((monitoring.rows_by_day(view, one) for one in versions), key=len, default={})
    if matrix is None:
        raise Conflict(
            "threshold.no_matrix",
            N_("The business has not signed a cost matrix yet."),
            fix=N_("Propose one and have it signed."),
        )
    if found is None or dataset is None:
        raise Conflict("threshold.no_evaluation", N_("This version has not been evaluated yet."))
    said = pq.read_table(store.files.path(found.predictions_digest))
    if "probability" not in said.column_names:
        raise Conflict("threshold.no_scores", N_("This version gives no probabilities: it has no threshold."))
    rows = priced(store, version, matrix, said, dataset.digest)
    chosen = threshold.split(len(rows.probability), dataset.digest)
    validation, untouched = rows.part(chosen), rows.part(~chosen)
    return Evaluated(matrix, validation, untouched, threshold.explore(validation), _monthly(days))


def explore(context: JobContext, runner: object = None) -> None:  # noqa: ARG001 - handlers share one shape
    """Price a version's thresholds and keep the curve; a version that has none is left as it is."""
    version_id = str(context.payload["version_id"])
    found = evaluated(context.store, version_id)
    with context.store.unit_of_work(SYSTEM) as uow:
        kept = queries.Exploration(found.matrix, found.explored, found.monthly_rows)
        commands.store_exploration(uow, version_id, kept)


def freeze_asked(context: JobContext, runner: object = None) -> None:  # noqa: ARG001 - handlers share one shape
    """Freeze the threshold that a person asked for, in their name."""
    asked = context.payload
    freeze(
        context.store,
        context.actor,
        str(asked["version_id"]),
        float(str(asked["threshold"])),
        int(str(asked["monthly_rows"])),
    )


def freeze(
    store: Store, actor: Actor, version_id: str, chosen: float, monthly_rows: int
) -> queries.OperatingPoint:
    """Judge a chosen threshold on the untouched rows and freeze it, in this order and once."""
    found = evaluated(store, version_id)
    _, worth = found.untouched.decided(chosen)
    with store.unit_of_work(actor) as uow:
        return commands.freeze_threshold(
            uow,
            version_id,
            matrix_id=found.matrix.id,
            validation=threshold.at(found.validation, chosen),
            judged=threshold.at(found.untouched, chosen),
            bands=threshold.bands(found.untouched, chosen),
            deviation=float(worth.std(ddof=1)),
            monthly_rows=monthly_rows,
        )


def priced(store: Store, version: Version, matrix: CostMatrix, said: pa.Table, digest: str) -> Rows:
    """Price predictions (`row`, `label`, `probability`) on the table `digest`, whose columns are the version's."""
    cells = _cells(version, matrix)
    features = {n.value for one in cells.values() for n in one.walk() if n.op == Op.COLUMN}
    at = dict(zip(version.signature.names, version.table_columns, strict=True))
    wanted = {name: at[str(name)] for name in features if name in at}
    table = pq.read_table(store.files.path(digest), columns=list(wanted.values()))
    table = table.rename_columns(list(wanted)) if wanted else table
    if "row" in said.column_names and wanted:
        table = table.take(said.column("row"))
    labels = said.column("label").to_pandas().astype(str).to_numpy()
    probability = np.asarray(said.column("probability").to_numpy(), dtype=np.float64)
    return _worth(table, cells, probability, is_yes(labels, version.positive_label))


def worth_of_rows(
    table: pa.Table, version: Version, matrix: CostMatrix, probability: np.ndarray, yes: np.ndarray
) -> Rows:
    """Price rows whose columns carry the version's own names; `yes` says what each turned out to be."""
    return _worth(table, _cells(version, matrix), probability, yes)


def is_yes(labels: np.ndarray, positive: str) -> np.ndarray:
    """Say which labels, as texts, stand for yes."""
    return np.isin(labels.astype(str), ["1", "1.0", "True", "true", positive])


def _cells(version: Version, matrix: CostMatrix) -> dict[Cell, Node]:
    return read_cells(matrix.cells, log_columns("binary", version), matrix.currency, matrix.money_columns)


def _worth(table: pa.Table, cells: dict[Cell, Node], probability: np.ndarray, yes: np.ndarray) -> Rows:
    table = table.append_column(PROBABILITY, pa.array(probability))
    value = {cell: _per_row(table, node) for cell, node in cells.items()}
    return Rows(
        probability,
        yes,
        np.where(yes, value[Cell.TRUE_POSITIVE], value[Cell.FALSE_POSITIVE]),
        np.where(yes, value[Cell.FALSE_NEGATIVE], value[Cell.TRUE_NEGATIVE]),
    )


def _per_row(table: pa.Table, node: Node) -> np.ndarray:
    """Work a cell out for every row; a row without what it needs is worth nothing."""
    if node.op == Op.LITERAL and isinstance(node.value, float):
        return np.full(table.num_rows, node.value)
    import ibis  # noqa: PLC0415

    from core.evidence.kpis import formula_ibis  # noqa: PLC0415

    names = tuple(dict.fromkeys(str(n.value) for n in node.walk() if n.op == Op.COLUMN))
    worked = plan(Formula("", Node(Op.SUM, (node,), kind=node.kind), names, needs_outcome=False))
    held = evaluating.prepared(table, worked)
    values = formula_ibis.row_values(ibis.memtable(held), worked).column("a0").to_numpy()
    return np.nan_to_num(np.asarray(values, dtype=np.float64), nan=0.0)


def _monthly(days: dict[date, int]) -> int:
    months: dict[date, int] = {}
    for day, rows in days.items():
        months[day.replace(day=1)] = months.get(day.replace(day=1), 0) + rows
    full = sorted(months)[:-1][-RECENT_MONTHS:] or sorted(months)
    return round(sum(months[one] for one in full) / len(full)) if full else 0


def follow(context: JobContext, runner: object = None) -> None:  # noqa: ARG001 - handlers share one shape
    """Bring the months of a version's promises up to what its log holds."""
    version_id = str(context.payload["version_id"])
    store = context.store
    with store.reading() as view:
        version = registry.version(view, version_id)
        held = [one for one in queries.promises(view, version.use_case_id) if one.version_id == version_id]
        predictions = monitoring.parts(view, version_id, BatchKind.PREDICTIONS)
        labels = monitoring.parts(view, version_id, BatchKind.LABELS)
        expected = monitoring_work.expected_rows(view, version)
    if not held or not predictions:
        return
    log = observing.Log.of(predictions, labels)
    reader = LogReader(store.files, expected, "UTC")
    for place, one in enumerate(held):
        context.progress(place / len(held), N_("Following promises"))
        with store.reading() as view:
            matrix = queries.matrix(view, one.matrix_id)
            marks = queries.month_marks(view, one.request_id)
        found = _months(one, matrix, version, log, reader, marks)
        if found:
            with store.unit_of_work(SYSTEM) as uow:
                commands.store_months(uow, one.request_id, found)


def _months(
    promise: Promise,
    matrix: CostMatrix,
    version: Version,
    log: observing.Log,
    reader: LogReader,
    marks: dict[date, str],
) -> list[tuple[Month, str]]:
    known = [
        Column(
            c.name,
            c.kind,
            unit_named(matrix.currency) if c.name in matrix.money_columns else c.unit,
            c.outcome,
        )
        for c in log_columns("binary", version)
    ]
    cells = read_cells(matrix.cells, known, matrix.currency, matrix.money_columns)
    columns = [n.value for one in cells.values() for n in one.walk() if n.op == Op.COLUMN]
    wanted = list(dict.fromkeys([*map(str, columns), PROBABILITY, PREDICTED, ACTUAL]))
    by_month: dict[date, list[date]] = {}
    first = promise.made_at.date()
    for day in sorted(log.predictions):
        if day >= first:
            by_month.setdefault(day.replace(day=1), []).append(day)
    found = []
    for start, days in by_month.items():
        ids = [p.id for d in days for p in (*log.predictions[d], *log.labels.get(d, ()))]
        mark = hashlib.sha256("".join(ids).encode()).hexdigest()[:24]
        if marks.get(start) == mark:
            continue
        predictions = [p for d in days for p in log.predictions[d]]
        labels = [p for d in days for p in log.labels.get(d, ())]
        table = reader.table(predictions, labels, wanted)
        found.append((_realised(promise, start, table, cells), mark))
    return found


def _realised(promise: Promise, start: date, table: pa.Table, cells: dict[Cell, Node]) -> Month:
    told = table.filter(table.column(LABELLED))
    yes = np.asarray(told.column(PREDICTED).to_numpy(zero_copy_only=False), dtype=bool)
    was = np.asarray(told.column(ACTUAL).to_numpy(zero_copy_only=False), dtype=bool)
    value = {cell: _per_row(told, node) for cell, node in cells.items()}
    worth = np.where(
        yes,
        np.where(was, value[Cell.TRUE_POSITIVE], value[Cell.FALSE_POSITIVE]),
        np.where(was, value[Cell.FALSE_NEGATIVE], value[Cell.TRUE_NEGATIVE]),
    )
    n = len(worth)
    place = threshold.band_of(
        np.nan_to_num(np.asarray(told.column(PROBABILITY).to_numpy(), dtype=np.float64))
    )
    sums = np.bincount(place, worth, threshold.BANDS) if n else np.zeros(threshold.BANDS)
    shares = (
        np.bincount(place, minlength=threshold.BANDS) / n if n else np.array([b.share for b in promise.bands])
    )
    whole = float(sums.sum())
    part = part_of_month(start, promise.made_at)
    error = Z * float(worth.std(ddof=1)) * n**0.5 if n > 1 else None
    return Month(
        start=start,
        promised=promised(promise, part),
        rows=table.num_rows,
        labelled=n,
        value=money(whole),
        low=None if error is None else money(whole - error),
        high=None if error is None else money(whole + error),
        gap=gap(promise, table.num_rows, n, shares.tolist(), sums.tolist(), part),
    )
