"""The reference holds each row's features beside its own prediction."""

import numpy as np
import pandas as pd
import pyarrow.compute as pc
from sqlmodel import select

from core.assets.datasets import reading
from core.assets.datasets.tables import DatasetRow
from core.assets.intake.tables import EvaluationRow
from core.assets.registry import queries as registry
from core.assets.registry.tables import VersionRow
from core.evidence.monitoring.batches import SCORE
from core.evidence.monitoring.referencing import evaluated
from core.platform.store import SYSTEM


def test_rows_without_a_label_leave_the_others_beside_their_own_predictions(store, watch_here):
    watched = watch_here()
    table = watched.reference.astype({"default": "Int64"})
    table.loc[::3, "default"] = pd.NA
    labelled = table["default"].notna().to_numpy()
    digest = store.files.put_bytes(reading.to_parquet(table)).digest
    said = pd.DataFrame(
        {
            "row": np.flatnonzero(labelled),
            "label": table["default"][labelled].astype(str),
            "prediction": "0",
            "probability": table["probability"][labelled],
        }
    )
    predictions = store.files.put_bytes(reading.to_parquet(said)).digest
    with store.unit_of_work(SYSTEM) as uow:
        dataset = uow.session.exec(select(DatasetRow)).one()
        dataset.digest = digest
        version = uow.session.get(VersionRow, watched.version_id)
        version.dataset_digest = digest
        evaluation = uow.session.exec(select(EvaluationRow)).one()
        evaluation.predictions_digest = predictions
        uow.session.add_all([dataset, version, evaluation])
    with store.reading() as view:
        version = registry.version(view, watched.version_id)
    rows = evaluated(store, version, most=10_000)
    assert rows.num_rows == labelled.sum()
    assert rows.column("debt").to_pylist() == table["debt"][labelled].tolist()
    assert pc.all(pc.equal(rows.column(SCORE), table["probability"][labelled].to_numpy())).as_py()
