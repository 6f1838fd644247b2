"""Tables that people send: what is read, and what is refused with the way out."""

import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from core.assets.datasets import personal, reading, schema
from core.assets.datasets.schema import Column, Kind
from core.errors import Invalid, TooLarge


@pytest.fixture
def read(tmp_path):
    def run(data: bytes) -> pd.DataFrame:
        path = tmp_path / "sent"
        path.write_bytes(data)
        return reading.read_table(path, name="table.csv")

    return run


TABLE = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", None], "c": [0.5, None, 2.5], "ação": ["é", "ç", "ã"]})


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_csv_in_every_dialect(read, delimiter, encoding):
    found = read(TABLE.to_csv(index=False, sep=delimiter).encode(encoding))
    pd.testing.assert_frame_equal(found, TABLE, check_dtype=False)


def test_parquet_by_content_with_categories(read, tmp_path):
    table = TABLE.assign(a=[7, 1, 4], d=pd.Categorical(["u", "v", "u"]))
    buffer = io.BytesIO()
    table.set_index("a").to_parquet(buffer)
    found = read(buffer.getvalue())
    assert set(found.columns) == {"a", "b", "c", "ação", "d"}
    assert found["d"].dtype == "category"


def bytes_of(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    parquet.write_table(table, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "code", "says"),
    [
        (b"", "table.empty", "no rows"),
        (b"   \n", "table.empty", "no rows"),
        (b"a,b\n", "table.empty", "no rows"),
        (b"a,b\n1,2\n", "table.one_row", "30 rows"),
        (b"a,a,b\n1,2,3\n4,5,6\n", "table.duplicate_columns", "more than one column a"),
        (b"a,b\n1,\n2,\n", "table.empty_column", "b"),
        (b"a, \n1,2\n2,3\n", "table.unnamed_column", "name"),
        ("a,b\nação,1\nx,2\n".encode("cp1252"), "table.encoding", "UTF-8"),
        ("a,b\nx,1\ny,2\n".encode("utf-16"), "table.encoding", "UTF-16"),
        (b"a,b\n1,2\n1,2,3,4\n", "table.unreadable_csv", "same number of cells"),
        (b'a,b\n"1,2\n3,4\n', "table.unreadable_csv", "cannot be read"),
        (b"\x00\x01\x02\x03" * 50, "table.not_a_table", "neither"),
        (b"PAR1" + b"x" * 100, "table.unreadable_parquet", "whole"),
        (bytes_of(pa.table({"a": [1, 2], "b": [3, 4]}))[:-20], "table.unreadable_parquet", "whole"),
        (bytes_of(pa.table([[1, 2], [3, 4]], names=["a", "a"])), "table.duplicate_columns", "a"),
        (bytes_of(pa.table({"a": [[1], [2]]})), "table.nested", "lists"),
        (
            bytes_of(pa.table({"a": pa.array([None, None], pa.int64()), "b": [1, 2]})),
            "table.empty_column",
            "a",
        ),
    ],
)
def test_bad_tables_name_the_fix(read, data, code, says):
    with pytest.raises(Invalid) as raised:
        read(data)
    assert raised.value.code == code
    assert says in str(raised.value)


def test_a_parquet_file_that_unfolds_is_not_unfolded(read):
    wide = pa.table({f"c{i}": pa.array([0, 0]) for i in range(5_001)})
    with pytest.raises(TooLarge):
        read(bytes_of(wide))


def test_a_missing_column_names_the_nearest():
    with pytest.raises(Invalid, match="Did you mean default_flag"):
        reading.require_column("Default_Flg", ["age", "default_flag"], name="t")
    with pytest.raises(Invalid, match="Its columns are: age, sex"):
        reading.require_column("zzz", ["age", "sex"], name="t")


@given(
    st.dictionaries(
        st.text("abcdefgh", min_size=1, max_size=5),
        st.sampled_from(["number", "text", "whole"]),
        min_size=1,
        max_size=5,
    ),
    st.integers(2, 30),
    st.sampled_from(",;\t|"),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_written_is_read(read, kinds, rows, delimiter):
    made = {
        "number": np.linspace(0, 1, rows),
        "text": [f"v{i % 3}" for i in range(rows)],
        "whole": np.arange(rows),
    }
    table = pd.DataFrame({name: made[kind] for name, kind in kinds.items()})
    found = read(table.to_csv(index=False, sep=delimiter).encode())
    pd.testing.assert_frame_equal(found, table, check_dtype=False)
    again = pd.read_parquet(io.BytesIO(reading.to_parquet(found)))
    pd.testing.assert_frame_equal(again, found)


def test_the_schema_tells_kinds_apart():
    table = pd.DataFrame(
        {
            "whole": [1, 2, 3],
            "number": [0.5, None, 1.5],
            "flag": [True, False, True],
            "when": pd.to_datetime(["2026-01-01", "2026-01-02", None]),
            "kind": ["a", "b", "a"],
        }
    )
    table = pd.concat([table] * 50, ignore_index=True)
    table["words"] = [f"text {i}" for i in range(len(table))]
    found = {c.name: c for c in schema.infer(table)}
    assert {n: c.kind for n, c in found.items()} == {
        "whole": Kind.INTEGER,
        "number": Kind.NUMBER,
        "flag": Kind.BOOLEAN,
        "when": Kind.DATETIME,
        "kind": Kind.CATEGORY,
        "words": Kind.TEXT,
    }
    assert (found["number"].minimum, found["number"].maximum, found["number"].missing) == (0.5, 1.5, 50)
    assert found["number"].nullable
    assert found["kind"].categories == ("a", "b")
    assert [Column.from_json(c.to_json()) for c in found.values()] == list(found.values())


def test_flags_are_proposed_by_name():
    names = [
        "customer_id",
        "customer_segment",
        "Nome Completo",
        "CPF",
        "idade",
        "AgeBand",
        "páge",
        "income",
        "sexo",
        "usage",
    ]
    assert personal.personal(names) == ("customer_id", "Nome Completo", "CPF")
    assert personal.protected(names) == ("idade", "AgeBand", "sexo")
