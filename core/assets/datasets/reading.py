"""Reading a table that somebody sent: CSV or Parquet, recognised by content, with errors that name the fix."""

import codecs
import csv
import difflib
import io
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from core.errors import Invalid, TooLarge
from core.i18n import N_

PARQUET = b"PAR1"
DELIMITERS = ",;\t|"
SAMPLE = 1 << 18
MOST_COLUMNS = 5_000
MOST_CELLS = 400_000_000
MOST_UNPACKED = 4 << 30
"""Limits that keep a small hostile file from filling the memory of the process that reads it."""


def read_table(source: Path | BinaryIO, *, name: str) -> pd.DataFrame:
    """Return the table in the file, named or open; `name` is what the person called it, for messages only.

    Raise `Invalid` for what cannot be a table of evaluation data (see `check`), `TooLarge` over a limit.
    """
    if isinstance(source, Path):
        with source.open("rb") as file:
            return read_table(file, name=name)
    head = source.read(8)
    source.seek(0)
    table = _read_parquet(source, name) if head.startswith(PARQUET) else _read_csv(source, name, head)
    check(table, name=name)
    return table


def check(table: pd.DataFrame, *, name: str) -> None:
    """Raise `Invalid` unless the table has distinct named columns, two rows, and a value in each column."""
    repeated = [str(c) for c, n in Counter(str(c) for c in table.columns).items() if n > 1]
    if repeated:
        raise Invalid(
            "table.duplicate_columns",
            N_("{name} has more than one column {columns}."),
            fix=N_("Give each column a name of its own."),
            field="table",
            name=name,
            columns=", ".join(repeated),
        )
    if any(not str(c).strip() for c in table.columns):
        raise Invalid(
            "table.unnamed_column",
            N_("{name} has a column without a name."),
            fix=N_("Give each column a name; leave the row index out when you save the table."),
            field="table",
            name=name,
        )
    if len(table) == 0:
        raise Invalid(
            "table.empty",
            N_("{name} has no rows."),
            fix=N_("Send a table with a header and one row per case."),
            field="table",
            name=name,
        )
    if len(table) == 1:
        raise Invalid(
            "table.one_row",
            N_("{name} has one row; nothing can be measured on it."),
            fix=N_("Send at least 30 rows, better a few thousand."),
            field="table",
            name=name,
        )
    empty = [str(c) for c in table.columns if table[c].isna().all()]
    if empty:
        raise Invalid(
            "table.empty_column",
            N_("{name} has no value at all in {columns}."),
            fix=N_("Leave the column out, or send the table in which it is filled."),
            field="table",
            name=name,
            columns=", ".join(empty),
        )


def require_column(column: str, columns: Iterable[str], *, name: str) -> None:
    """Raise `Invalid` naming the nearest column where `column` is not one of `columns`."""
    known = list(columns)
    if column in known:
        return
    near = nearest(column, known)
    raise Invalid(
        "table.label_missing",
        N_("{name} has no column {column}."),
        fix=N_("Did you mean {near}?") if near else N_("Its columns are: {columns}."),
        field="label_column",
        name=name,
        column=column,
        near=near,
        columns=", ".join(known[:30]),
    )


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name most like `name`, letter case aside; empty where none is near."""
    lower = {k.lower(): k for k in known}
    found = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.6)
    return lower[found[0]] if found else ""


def to_parquet(table: pd.DataFrame) -> bytes:
    """Return the table as Parquet bytes, without the row index."""
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False, compression="zstd")
    return buffer.getvalue()


def _read_parquet(source: BinaryIO, name: str) -> pd.DataFrame:
    try:
        with parquet.ParquetFile(source) as file:
            facts = file.metadata
            unpacked = sum(facts.row_group(i).total_byte_size for i in range(facts.num_row_groups))
            _limit(name, facts.num_rows, facts.num_columns, unpacked)
            repeated = [c for c, n in Counter(file.schema_arrow.names).items() if n > 1]
            if repeated:
                raise Invalid(
                    "table.duplicate_columns",
                    N_("{name} has more than one column {columns}."),
                    fix=N_("Give each column a name of its own."),
                    field="table",
                    name=name,
                    columns=", ".join(repeated),
                )
            nested = [f.name for f in file.schema_arrow if pa.types.is_nested(f.type)]
            if nested:
                raise Invalid(
                    "table.nested",
                    N_("{name} has lists or structures in {columns}."),
                    fix=N_("Give each value a column of its own."),
                    field="table",
                    name=name,
                    columns=", ".join(nested),
                )
            # The file's own pandas metadata may ask for an index or types; only the columns are taken.
            bare: pd.DataFrame = file.read(use_threads=False).to_pandas(ignore_metadata=True)
            return bare
    except MemoryError:  # Arrow's own is both: too large is not broken
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Invalid(
            "table.unreadable_parquet",
            N_("{name} is not a whole Parquet file."),
            fix=N_("It may have been cut off on its way; save it again and send it again."),
            field="table",
            name=name,
        ) from error


def _read_csv(source: BinaryIO, name: str, head: bytes) -> pd.DataFrame:
    _require_utf8(source, name, head)
    size = source.seek(0, io.SEEK_END)
    source.seek(0)
    # A sample may end within a character: that end is left out.
    sample = source.read(SAMPLE).decode("utf-8-sig", "ignore")
    source.seek(0)
    if not sample.strip():
        raise Invalid(
            "table.empty",
            N_("{name} has no rows."),
            fix=N_("Send a table with a header and one row per case."),
            field="table",
            name=name,
        )
    first = sample.splitlines()[0]
    delimiter = max(DELIMITERS, key=first.count)
    header = next(csv.reader([first], delimiter=delimiter))
    _limit(name, 0, len(header), size)
    repeated = [c for c, n in Counter(header).items() if n > 1]
    if repeated:
        raise Invalid(
            "table.duplicate_columns",
            N_("{name} has more than one column {columns}."),
            fix=N_("Give each column a name of its own."),
            field="table",
            name=name,
            columns=", ".join(repeated),
        )
    try:
        return pd.read_csv(
            source,
            sep=delimiter,
            encoding="utf-8-sig",
            index_col=False,
            low_memory=False,
            keep_default_na=False,
            na_values=["", "NA", "NaN", "nan", "null", "NULL", "N/A", "#N/A"],
            on_bad_lines="error",
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise Invalid(
            "table.unreadable_csv",
            N_("{name} cannot be read as a table: {reason}"),
            fix=N_("Save it as CSV with one header row and the same number of cells in each row."),
            field="table",
            name=name,
            reason=str(error).splitlines()[0][:200],
        ) from error


def _require_utf8(source: BinaryIO, name: str, head: bytes) -> None:
    encoding = ""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "UTF-16"
    else:
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while chunk := source.read(1 << 20):
                decoder.decode(chunk)
                if b"\0" in chunk:
                    raise Invalid(
                        "table.not_a_table",
                        N_("{name} is neither CSV nor Parquet."),
                        fix=N_("Send a table saved as CSV (UTF-8) or Parquet."),
                        field="table",
                        name=name,
                    )
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            encoding = _guess(source)
    if encoding:
        raise Invalid(
            "table.encoding",
            N_("{name} is not in UTF-8; it looks like {encoding}."),
            fix=N_("Save it again as CSV UTF-8."),
            field="table",
            name=name,
            encoding=encoding,
        )


def _guess(source: BinaryIO) -> str:
    source.seek(0)
    sample = source.read(1 << 20)
    try:
        sample.decode("cp1252")
    except UnicodeDecodeError:
        return "ISO-8859-1"
    return "Windows-1252 (Latin-1)"


def _limit(name: str, rows: int, columns: int, unpacked: int) -> None:
    if columns > MOST_COLUMNS or rows * columns > MOST_CELLS or unpacked > MOST_UNPACKED:
        raise TooLarge(
            "table.too_large",
            N_("{name} is larger than a table may be: {rows} rows, {columns} columns."),
            fix=N_("Send a random sample of the rows, or fewer columns."),
            field="table",
            name=name,
            rows=rows,
            columns=columns,
        )
