"""Cut a version's reference from its evaluation table: what every window is compared with."""

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.assets.datasets import queries as datasets
from core.assets.intake import queries as intake
from core.assets.registry.version import Version
from core.evidence.monitoring import commands, counts, partition
from core.evidence.monitoring.batches import MOMENT, SAID, SCORE, TRUTH, as_class
from core.evidence.monitoring.hours import DayProfile, profile_day
from core.evidence.monitoring.layout import Layout, Part, Wanted, layout_of
from core.platform.store import SYSTEM, Store


def make_reference(store: Store, version: Version) -> Layout:
    """Cut the version's evaluation table and predictions, and keep that as what windows are compared with."""
    table, wanted, dataset_digest, predictions = _evaluated(store, version)
    layout = layout_of(table, wanted)
    with store.unit_of_work(SYSTEM) as uow:
        commands.store_reference(
            uow,
            version.id,
            layout,
            layout.profile(table),
            dataset_digest=dataset_digest,
            predictions_digest=predictions,
            days=_by_day(layout, table) if MOMENT in table.column_names else {},
        )
    return layout


def evaluated(store: Store, version: Version, *, most: int) -> pa.Table:
    """Return up to `most` evenly spaced rows of the evaluation: features, prediction, score and, if known, the label."""
    table, _wanted, _dataset, _predictions = _evaluated(store, version)
    if table.num_rows <= most:
        return table
    return table.take(pa.array(np.linspace(0, table.num_rows - 1, most).astype(np.int64)))


def _evaluated(store: Store, version: Version) -> tuple[pa.Table, list[Wanted], str, str]:
    with store.reading() as view:
        dataset = datasets.dataset(view, version.dataset_id)
        evaluation = intake.evaluation(view, version.id)
    columns = list(version.table_columns)
    path = store.files.path(dataset.digest)
    moments = _moments_column(pq.read_schema(path))
    table = pq.read_table(path, columns=[*columns, *moments]).replace_schema_metadata(None)
    when = table.select(moments)
    table = table.select(columns).rename_columns(list(version.signature.names))
    if moments:
        table = table.append_column(MOMENT, when.column(0).cast(pa.timestamp("us"), safe=False))
    wanted = [Wanted(c.name, c.kind.value) for c in version.signature.features]
    predictions = ""
    if evaluation is not None:
        predictions = evaluation.predictions_digest
        said = pq.read_table(store.files.path(predictions)).replace_schema_metadata(None)
        if said.num_rows != table.num_rows:  # rows without a label were not predicted
            labels = pq.read_table(path, columns=[version.label_column]).column(0)
            table = table.filter(pc.is_valid(labels))
        numeric = version.signature.output == "value"
        outcome = said.column("prediction")
        outcome = outcome.cast(pa.float64(), safe=False) if numeric else _as_classes(outcome, version)
        table = table.append_column(SAID, outcome)
        wanted.append(Wanted(SAID, "number" if numeric else "category", Part.OUTPUT))
        if "probability" in said.column_names:
            table = table.append_column(SCORE, said.column("probability").cast(pa.float64()))
            wanted.append(Wanted(SCORE, "number", Part.OUTPUT))
        if "label" in said.column_names:
            truth = said.column("label")
            truth = truth.cast(pa.float64(), safe=False) if numeric else _as_classes(truth, version)
            table = table.append_column(TRUTH, truth)
    return table, wanted, dataset.digest, predictions


def _moments_column(schema: pa.Schema) -> list[str]:
    """Return the table's one column of moments; none where there is no such column, or more than one."""
    found = [one.name for one in schema if pa.types.is_timestamp(one.type)]
    return found if len(found) == 1 else []


def _by_day(layout: Layout, table: pa.Table) -> dict[date, DayProfile]:
    """Count a table day by day; rows without a moment are in none."""
    table = table.filter(pc.is_valid(table.column(MOMENT))).sort_by(MOMENT)
    days, hours = partition.days_of(table.column(MOMENT)), partition.hours_of(table.column(MOMENT))
    held, starts = np.unique(days, return_index=True)
    ends = [*starts[1:].tolist(), len(days)]
    return {
        day.astype(date): profile_day(layout, table.slice(start, end - start), hours[start:end])
        for day, start, end in zip(held, starts.tolist(), ends, strict=True)
    }


def _as_classes(column: pa.ChunkedArray, version: Version) -> pa.Array:
    written = counts.texts(column).to_pylist()
    named = {value: as_class(value, version.signature.classes) or value for value in set(written)}
    return pa.array([named[value] for value in written], pa.string())
