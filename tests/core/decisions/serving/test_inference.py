"""The Open Inference Protocol: every form it allows comes to the same rows; what it forbids is told by name."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.assets.datasets.schema import Column, Kind
from core.assets.intake.predictions import Predictions
from core.assets.registry.version import Signature, Version, VersionState
from core.decisions.serving.inference import MOST_ROWS, decided, outputs, table
from core.errors import Invalid

FEATURES = (
    Column("income", Kind.NUMBER), Column("months", Kind.INTEGER), Column("purpose", Kind.CATEGORY),
    Column("returning", Kind.BOOLEAN), Column("since", Kind.DATETIME),
)  # fmt: skip


def version(features=FEATURES, threshold=None, classes=("no", "yes")):
    return Version(
        id="v", use_case_id="u", use_case_slug="credit", model_id="m", model_name="m", number=1, state=VersionState.READY,
        author_id="p", created_at=datetime(2026, 1, 1, tzinfo=UTC), artifact_digest="a", artifact_name="a", artifact_size=1,
        format="joblib", verdict="known", names=(), isolation="full", refusal=None, dataset_id="d", dataset_digest="d",
        table_digest="d", label_column="y", positive_label="yes", operating_threshold=threshold,
        signature=Signature(tuple(features), "probability", classes), note="",
    )  # fmt: skip


def tensors(n=2):
    return [
        {"name": "since", "shape": [n], "datatype": "BYTES", "data": ["2026-01-02T03:04:05Z"] * n},
        {"name": "income", "shape": [n], "datatype": "FP64", "data": [1.5, None][:n]},
        {"name": "months", "shape": [n, 1], "datatype": "INT32", "data": [[3], [4]][:n]},
        {"name": "purpose", "shape": [n], "datatype": "BYTES", "data": ["car", None][:n]},
        {"name": "returning", "shape": [n], "datatype": "BOOL", "data": [True, False][:n]},
    ]


def test_tensors_in_any_order_become_rows_in_the_models_order_and_types():
    found = table(tensors(), version())
    assert list(found.columns) == [c.name for c in FEATURES]
    assert found["months"].tolist() == [3, 4]
    assert found["months"].dtype == np.int64
    assert found["returning"].dtype == bool
    assert np.isnan(found["income"][1])
    assert found["purpose"].tolist() == ["car", None]
    assert found["since"][0] == pd.Timestamp("2026-01-02 03:04:05")


def test_one_matrix_serves_a_model_of_numbers_only():
    numbers = [Column("a", Kind.NUMBER), Column("b", Kind.NUMBER)]
    matrix = {"name": "input-0", "shape": [2, 2], "datatype": "FP32", "data": [[1, 2], [3, 4]]}
    assert table([matrix], version(numbers)).to_numpy().tolist() == [[1, 2], [3, 4]]
    with pytest.raises(Invalid) as raised:
        table([{**matrix, "shape": [1, 4], "data": [1, 2, 3, 4]}], version(numbers))
    assert raised.value.code == "infer.matrix"


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        (lambda t: t[1:], "infer.inputs", "inputs"),
        (lambda t: [*t, {**t[0], "name": "extra"}], "infer.inputs", "inputs"),
        (lambda t: [*t, t[0]], "infer.inputs", "inputs"),
        (lambda t: [{**t[0], "shape": [3], "data": ["2026-01-02"] * 3}, *t[1:]], "infer.lengths", "since"),
        (lambda t: [t[0], {**t[1], "shape": [5]}, *t[2:]], "infer.shape", "income"),
        (lambda t: [t[0], {**t[1], "datatype": "BYTES"}, *t[2:]], "infer.datatype", "income"),
        (lambda t: [t[0], {**t[1], "data": ["x", "y"]}, *t[2:]], "infer.datatype", "income"),
        (lambda t: [t[0], {**t[1], "datatype": "COMPLEX"}, *t[2:]], "infer.datatype", "income"),
        (lambda t: [*t[:3], {**t[3], "data": [1, 2]}, t[4]], "infer.datatype", "purpose"),
        (lambda t: [{**t[0], "data": ["yesterday"] * 2}, *t[1:]], "infer.datatype", "since"),
    ],
)
def test_what_is_wrong_is_named(change, code, field):
    with pytest.raises(Invalid) as raised:
        table(change(tensors()), version())
    assert raised.value.code == code
    assert raised.value.field == field
    assert raised.value.fix_text()


def test_too_many_rows_and_none_are_refused():
    one = [Column("a", Kind.NUMBER)]
    for n in (0, MOST_ROWS + 1):
        with pytest.raises(Invalid) as raised:
            table([{"name": "a", "shape": [n], "datatype": "FP64", "data": [1.0] * n}], version(one))
        assert raised.value.code in {"infer.rows", "infer.shape"}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.floats(0.01, 0.99))
def test_a_frozen_threshold_decides_and_without_one_the_model_does(chances, threshold):
    chance = np.array(chances)
    both = np.column_stack([1 - chance, chance])
    found = Predictions((chance > 0.5).astype(np.int32), both, ("no", "yes"), 0.0, 0.0, np.empty(0))
    by = decided(found, version(threshold=threshold))
    assert [p == "yes" for p in by.prediction] == [c >= threshold for c in chance]
    own = decided(found, version())
    assert [p == "yes" for p in own.prediction] == [c > 0.5 for c in chance]
    told = outputs(by)
    assert told[1]["shape"] == [len(chance), 2]
    assert np.allclose(np.reshape(told[1]["data"], (-1, 2)), both)
