"""A stored table is read as pandas would read it, types, missing values and index included."""

import pandas as pd
import pytest

from core.assets.datasets import columns


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "whole": [1, 2, 3],
            "with gaps": pd.array([1, None, 3], dtype="Int64"),
            "real": [0.5, None, -1.0],
            "text": ["a", None, "ç"],
            "yes": [True, False, True],
            "kind": pd.Categorical(["x", "y", "x"], categories=["y", "x"], ordered=True),
            "when": pd.to_datetime(["2026-01-01", None, "2026-03-01"], utc=True),
        },
        index=pd.Index([5, 7, 9], name="row"),
    )


def test_it_is_what_pandas_reads(table, tmp_path):
    path = tmp_path / "t.parquet"
    table.to_parquet(path)
    pd.testing.assert_frame_equal(columns.read(path), pd.read_parquet(path))


def test_named_columns_alone(table, tmp_path):
    path = tmp_path / "t.parquet"
    table.reset_index(drop=True).to_parquet(path, index=False)
    wanted = ["text", "real"]
    pd.testing.assert_frame_equal(
        columns.read(path, wanted), pd.read_parquet(path, columns=wanted), check_like=True
    )
    assert list(columns.read(path, wanted)) == list(pd.read_parquet(path, columns=wanted))
