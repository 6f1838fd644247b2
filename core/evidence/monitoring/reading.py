"""Read a batch file as it came: NDJSON, CSV or Parquet; lines that cannot be read are refused by number."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet as pq

from core.errors import Invalid, TooLarge
from core.evidence.monitoring.batches import EXAMPLES, RefusedRows
from core.i18n import N_

Format = Literal["ndjson", "csv", "parquet"]
FORMATS: Mapping[str, Format] = {
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "text/csv": "csv",
    "application/vnd.apache.parquet": "parquet",
    "application/x-parquet": "parquet",
}
MOST_ROWS = 2_000_000
_NULLS = ["", "NA", "NaN", "nan", "null", "NULL", "None", "N/A"]
_LINE = Invalid("batch.line", N_("The line is not one JSON object."))


def format_of(content_type: str, named: str, path: Path) -> Format:
    """Decide by what the sender named, then by content type, then by the first bytes. Raise `Invalid`."""
    if named:
        for known in ("ndjson", "csv", "parquet"):
            if named.lower() == known:
                return known
        raise Invalid(
            "batch.format",
            N_("The format {format} is not taken."),
            fix=N_("Send one of: ndjson, csv, parquet."),
            field="format",
            format=named,
        )
    kind = content_type.partition(";")[0].strip().lower()
    if kind in FORMATS:
        return FORMATS[kind]
    with path.open("rb") as file:
        head = file.read(64)
    if head.startswith(b"PAR1"):
        return "parquet"
    return "ndjson" if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{") else "csv"


def read_batch(path: Path, kind: Format, texts: Sequence[str]) -> tuple[pa.Table, list[RefusedRows]]:
    """Read a file; columns named in `texts` stay text. Raise `Invalid` where it cannot be read at all."""
    reader = {"parquet": _parquet, "csv": _csv, "ndjson": _ndjson}[kind]
    table, refused = reader(path, texts)
    repeated = sorted({name for name in table.column_names if table.column_names.count(name) > 1})
    if repeated:
        raise Invalid(
            "batch.duplicate_columns",
            N_("The batch has more than one column {columns}."),
            fix=N_("Give each column a name of its own."),
            columns=", ".join(repeated),
        )
    if not table.num_rows and not refused:
        raise Invalid("batch.empty", N_("The batch has no rows."), fix=N_("Send at least one row."))
    _limit(table.num_rows)
    return table, refused


def _limit(rows: int) -> None:
    if rows > MOST_ROWS:
        raise TooLarge(
            "batch.too_many_rows",
            N_("The batch has {rows} rows; {most} are taken at once."),
            fix=N_("Send it in several batches; a repeated row is taken once."),
            rows=rows,
            most=MOST_ROWS,
        )


def _parquet(path: Path, texts: Sequence[str]) -> tuple[pa.Table, list[RefusedRows]]:  # noqa: ARG001 - typed already
    try:
        with pq.ParquetFile(path) as file:
            _limit(file.metadata.num_rows)
            nested = [f.name for f in file.schema_arrow if pa.types.is_nested(f.type)]
            table = file.read([name for name in file.schema_arrow.names if name not in nested])
            return table.replace_schema_metadata(None), []
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Invalid(
            "batch.unreadable_parquet",
            N_("The batch is not a whole Parquet file."),
            fix=N_("It may have been cut off on its way; save it again and send it again."),
        ) from error


def _csv(path: Path, texts: Sequence[str]) -> tuple[pa.Table, list[RefusedRows]]:
    bad: list[int] = []

    def skip(row: pa.csv.InvalidRow) -> str:
        bad.append((row.number or 1) - 1)
        return "skip"

    types = dict.fromkeys(texts, pa.string())
    with path.open("rb") as file:
        first = file.readline(1 << 20)
    delimiter = max(",;\t|", key=lambda mark: first.count(mark.encode()))
    try:
        try:
            table = _parse_csv(path, delimiter, types, skip)
        except pa.ArrowInvalid:
            bad.clear()
            names = [name.strip().strip('"') for name in first.decode("utf-8-sig").strip().split(delimiter)]
            table = _parse_csv(path, delimiter, dict.fromkeys(names, pa.string()), skip)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        reason = str(error)
        if "UTF8" in reason or "utf-8" in reason:
            raise Invalid(
                "batch.encoding", N_("The batch is not in UTF-8."), fix=N_("Save it again as CSV UTF-8.")
            ) from error
        raise Invalid(
            "batch.unreadable_csv",
            N_("The batch cannot be read as a table: {reason}"),
            fix=N_("Save it as CSV with one header row and the same number of cells in each row."),
            reason=reason.splitlines()[0][:200],
        ) from error
    if not bad:
        return table, []
    examples = tuple(bad[:EXAMPLES])
    return table, [
        RefusedRows(N_("The row has another number of cells than the header."), {}, len(bad), examples)
    ]


def _parse_csv(path: Path, delimiter: str, types: Mapping[str, pa.DataType], skip: object) -> pa.Table:
    return pa.csv.read_csv(
        path,
        # One thread: only then does a bad row know its number.
        read_options=pa.csv.ReadOptions(use_threads=False),
        parse_options=pa.csv.ParseOptions(
            delimiter=delimiter, newlines_in_values=True, invalid_row_handler=skip
        ),
        convert_options=pa.csv.ConvertOptions(
            column_types=types, null_values=_NULLS, strings_can_be_null=True, true_values=[], false_values=[]
        ),
    )


def _ndjson(path: Path, texts: Sequence[str]) -> tuple[pa.Table, list[RefusedRows]]:
    try:
        return pa.json.read_json(path), []
    except pa.ArrowException:
        return _ndjson_by_line(path, texts)


def _ndjson_by_line(path: Path, texts: Sequence[str]) -> tuple[pa.Table, list[RefusedRows]]:
    """Read line by line where the fast reader gives up: mixed types in a column, or a broken line."""
    rows: list[dict[str, object]] = []
    bad: list[int] = []
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                value = json.loads(line)
            except ValueError:
                value = None
            if isinstance(value, dict):
                rows.append(value)
            else:
                bad.append(number)
    if not rows:
        raise Invalid(
            "batch.unreadable_ndjson",
            N_("No line of the batch is a JSON object."),
            fix=N_("Write one JSON object per line, in UTF-8."),
        )
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: _column([row.get(name) for row in rows], as_text=name in texts) for name in names}
    refused = [RefusedRows(_LINE.template, {}, len(bad), tuple(bad[:EXAMPLES]))] if bad else []
    return pa.table(columns), refused


def _column(values: Sequence[object], *, as_text: bool) -> pa.Array:
    if not as_text:
        try:
            return pa.array(values)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            pass
    return pa.array([None if v is None else v if isinstance(v, str) else json.dumps(v) for v in values])
