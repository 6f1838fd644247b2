"""The two files of a comparison, read one column at a time: Parquet as it lies, CSV decoded once."""

import threading
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import Invalid, NotFound
from core.i18n import N_

_DELIMITERS = ",;\t|"
_NULLS = ("", "NA", "NaN", "nan", "null", "NULL", "None", "N/A")


class Kind(StrEnum):
    """What the values of a column are, whatever their width."""

    NUMBER = "number"
    MOMENT = "moment"
    BOOLEAN = "boolean"
    CATEGORY = "category"
    EMPTY = "empty"
    OTHER = "other"


KIND_NAMES = {
    Kind.NUMBER: N_("number"),
    Kind.MOMENT: N_("moment"),
    Kind.BOOLEAN: N_("yes or no"),
    Kind.CATEGORY: N_("category"),
    Kind.EMPTY: N_("empty"),
    Kind.OTHER: N_("bytes, list or structure"),
}


def kind_of(kind: pa.DataType) -> Kind:
    """Say what the values of an Arrow type are."""
    if pa.types.is_dictionary(kind):
        return kind_of(kind.value_type)
    if pa.types.is_null(kind):
        return Kind.EMPTY
    if pa.types.is_boolean(kind):
        return Kind.BOOLEAN
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return Kind.NUMBER
    if pa.types.is_temporal(kind):
        return Kind.MOMENT
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    return Kind.CATEGORY if text else Kind.OTHER


class Source:
    """A table whose columns are read one by one, by many threads at once."""

    def __init__(self, name: str, schema: pa.Schema, rows: int) -> None:
        self.name = name
        self.schema = schema
        self.rows = rows

    def type_of(self, column: str) -> pa.DataType:
        """Return a column's Arrow type."""
        return self.schema.field(column).type

    def chunks(self, column: str) -> Iterator[pa.Array]:
        """Yield a column's pieces in row order; text may come as dictionary arrays."""
        raise NotImplementedError

    def read(self, columns: Sequence[str]) -> pa.Table:
        """Return some columns whole."""
        return pa.table(
            {one: pa.chunked_array(list(self.chunks(one)), self.chunk_type(one)) for one in columns}
        )

    def chunk_type(self, column: str) -> pa.DataType:
        """Return the Arrow type in which a column's pieces come."""
        return self.type_of(column)


class ParquetSource(Source):
    """A Parquet file; each thread keeps a reader of its own."""

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._metadata = pq.read_metadata(path)
        super().__init__(name, self._metadata.schema.to_arrow_schema(), self._metadata.num_rows)
        # Text is decoded to dictionary codes: a category then costs one pass over integers.
        self._coded = [
            one.name
            for one in self.schema
            if pa.types.is_string(one.type) or pa.types.is_large_string(one.type)
        ]
        self._readers = threading.local()

    def chunks(self, column: str) -> Iterator[pa.Array]:
        """Yield a column's pieces in row order, one row group in memory at a time."""
        reader: pq.ParquetFile | None = getattr(self._readers, "file", None)
        if reader is None:
            reader = pq.ParquetFile(
                self._path,
                metadata=self._metadata,
                memory_map=False,
                pre_buffer=False,
                read_dictionary=self._coded,
            )
            self._readers.file = reader
        for group in range(self._metadata.num_row_groups):
            yield from reader.read_row_group(group, [column], use_threads=False).column(0).chunks

    def chunk_type(self, column: str) -> pa.DataType:
        """Return the Arrow type in which a column's pieces come."""
        kind = self.type_of(column)
        return pa.dictionary(pa.int32(), kind) if column in self._coded else kind


class TableSource(Source):
    """A table in memory, as CSV leaves it."""

    def __init__(self, table: pa.Table, name: str) -> None:
        super().__init__(name, table.schema, table.num_rows)
        self._table = table

    def chunks(self, column: str) -> Iterator[pa.Array]:
        """Yield a column's pieces in row order."""
        yield from self._table.column(column).chunks


def open_source(path: Path) -> Source:
    """Open a Parquet or CSV file, told apart by content; raise `NotFound` or `Invalid` with what to do."""
    name = path.name
    if not path.is_file():
        raise NotFound(
            "drift.no_file",
            N_("There is no file {path}."),
            fix=N_("Give the path of a Parquet or CSV file."),
            path=str(path),
        )
    try:
        with path.open("rb") as file:
            head = file.read(1 << 16)
        source = (
            ParquetSource(path, name) if head.startswith(b"PAR1") else TableSource(_csv(path, head), name)
        )
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise Invalid(
            "drift.unreadable",
            N_("{name} cannot be read as a table: {reason}."),
            fix=N_("Send Parquet, or CSV in UTF-8 with a header row."),
            name=name,
            reason=str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__,
        ) from error
    _check(source)
    return source


def _check(source: Source) -> None:
    names = source.schema.names
    repeated = sorted({one for one in names if names.count(one) > 1}) if len(set(names)) < len(names) else []
    if repeated:
        raise Invalid(
            "drift.duplicate_columns",
            N_("{name} has more than one column {columns}."),
            fix=N_("Give each column a name of its own."),
            name=source.name,
            columns=", ".join(repeated),
        )
    if not names or not source.rows:
        raise Invalid(
            "drift.empty",
            N_("{name} has no rows."),
            fix=N_("Compare files that have a header and at least one row each."),
            name=source.name,
        )


def _csv(path: Path, head: bytes) -> pa.Table:
    from pyarrow import csv  # noqa: PLC0415 - Parquet needs no reader of CSV

    line = head.split(b"\n", 1)[0].decode("utf-8-sig")
    delimiter = max(_DELIMITERS, key=line.count)
    return csv.read_csv(
        path,
        parse_options=csv.ParseOptions(delimiter=delimiter, newlines_in_values=b'"' in head),
        convert_options=csv.ConvertOptions(null_values=list(_NULLS), strings_can_be_null=True),
    )
