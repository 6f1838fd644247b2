"""Judge a batch of predictions or labels row by row: what is taken, what is refused, and why."""

import difflib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import Invalid
from core.evidence.monitoring import counts
from core.evidence.monitoring.identity import Hashes
from core.i18n import N_, _

Flags = npt.NDArray[np.bool_]

PREDICTION_ID = "prediction_id"
TIMESTAMP = "timestamp"
PREDICTION = "prediction"
PROBABILITY = "probability"
LABEL = "label"
LABEL_TIME = "label_time"
SUBJECT = "subject"

# Names inside the log's files: a model may have a feature called `prediction`.
ID, HASH, MOMENT = "aval:id", "aval:hash", "aval:moment"
WHOM = "aval:subject"
SAID, SCORE, TRUTH, TOLD = "aval:prediction", "aval:probability", "aval:label", "aval:label_moment"

LEAST_DAY = datetime(1990, 1, 1)  # noqa: DTZ001 - compared with moments already in UTC
AHEAD = timedelta(days=1)
EXAMPLES = 5


class BatchKind(StrEnum):
    """What a batch brings."""

    PREDICTIONS = "predictions"
    LABELS = "labels"


@dataclass(frozen=True, slots=True)
class Expected:
    """What a version's rows must look like: features as (name, kind), the task, the output, and its classes."""

    task: str
    output: str
    features: tuple[tuple[str, str], ...]
    classes: tuple[str, ...]
    positive: str
    threshold: float


@dataclass(frozen=True, slots=True)
class RefusedRows:
    """Rows refused for one reason: how many, and the first of them, counted from 1."""

    template: str
    params: Mapping[str, str]
    count: int
    examples: tuple[int, ...]

    def text(self) -> str:
        """The reason, in the reader's language."""
        return _(self.template, **self.params)


@dataclass(frozen=True)
class Checked:
    """The rows that stand, as the log stores them; `rows` are their numbers in the file."""

    table: pa.Table
    rows: npt.NDArray[np.intp]
    refused: list[RefusedRows] = field(default_factory=list)
    ignored: tuple[str, ...] = ()


class _Judge:
    """Marks rows as refused, the first reason a row meets counts."""

    def __init__(self, rows: int) -> None:
        self.standing: Flags = np.ones(rows, dtype=bool)
        self.refused: list[RefusedRows] = []

    def refuse(self, bad: Flags, template: str, **params: str) -> None:
        fresh = np.flatnonzero(bad & self.standing)
        if len(fresh):
            examples = tuple((fresh[:EXAMPLES] + 1).tolist())
            self.refused.append(RefusedRows(template, params, len(fresh), examples))
            self.standing[fresh] = False


def check_predictions(
    table: pa.Table, expected: Expected, *, now: datetime, pseudonym: Callable[[str], str] | None = None
) -> Checked:
    """Judge predictions; raise `Invalid` where a column is missing from the whole file.

    A column `subject` says whom a prediction is about; only its `pseudonym` is kept. It is left out without one, and
    where the model has a feature of that name.
    """
    wanted = [PREDICTION_ID, TIMESTAMP, *(name for name, _kind in expected.features)]
    if expected.output == "probability" and expected.task == "binary":
        wanted.append(PROBABILITY)
    else:
        wanted.append(PREDICTION)
    _require(table, wanted)
    judge = _Judge(table.num_rows)
    taken: dict[str, pa.ChunkedArray] = {}
    ids = _ids(table.column(PREDICTION_ID), judge)
    taken[ID] = ids
    taken[MOMENT] = _moments(table.column(TIMESTAMP), judge, TIMESTAMP, now)
    for name, kind in expected.features:
        taken[name] = feature(table.column(name), kind, name, judge)
    if PROBABILITY in wanted:
        taken[SCORE] = _probability(table.column(PROBABILITY), judge)
    taken[SAID] = _said(table, expected, taken, judge)
    known = {*wanted, PREDICTION}
    if pseudonym is not None and SUBJECT in table.column_names and SUBJECT not in wanted:
        taken[WHOM] = _pseudonyms(table.column(SUBJECT), pseudonym)
        known.add(SUBJECT)
    _once(ids, judge)
    return _standing(taken, judge, table, known)


def check_labels(table: pa.Table, expected: Expected, *, now: datetime, once: bool = True) -> Checked:
    """Judge labels; a later batch may bring another label for the same prediction, without `once` a later row too."""
    _require(table, [PREDICTION_ID, LABEL])
    judge = _Judge(table.num_rows)
    ids = _ids(table.column(PREDICTION_ID), judge)
    label = table.column(LABEL)
    judge.refuse(_nulls(label), N_("The label is missing."))
    taken = {
        ID: ids,
        TRUTH: _numbers(label, judge, LABEL)
        if expected.task == "regression"
        else _classes(label, expected.classes, judge, LABEL),
    }
    if LABEL_TIME in table.column_names:
        taken[TOLD] = _moments(table.column(LABEL_TIME), judge, LABEL_TIME, now, optional=True)
    else:
        taken[TOLD] = pa.chunked_array([pa.nulls(table.num_rows, pa.timestamp("us", "UTC"))])
    if once:
        _once(ids, judge)
    return _standing(taken, judge, table, {PREDICTION_ID, LABEL, LABEL_TIME})


def hashes(ids: Iterable[str]) -> Hashes:
    """Return 64 bits of BLAKE2b of each id: what ids are compared by."""
    digests = b"".join(blake2b(one.encode(), digest_size=8).digest() for one in ids)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def _require(table: pa.Table, wanted: Sequence[str]) -> None:
    missing = [name for name in wanted if name not in table.column_names]
    if not missing:
        return
    near = difflib.get_close_matches(missing[0], table.column_names, n=1)
    raise Invalid(
        "batch.column_missing",
        N_("The batch has no column {columns}."),
        fix=N_("Did you mean {near}?") if near else N_("The columns expected are: {wanted}."),
        field=missing[0],
        columns=", ".join(missing),
        near=near[0] if near else "",
        wanted=", ".join(wanted),
    )


def _standing(
    taken: Mapping[str, pa.ChunkedArray], judge: _Judge, table: pa.Table, known: set[str]
) -> Checked:
    kept = pa.table(dict(taken))
    if not judge.standing.all():
        kept = kept.filter(pa.array(judge.standing))
    kept = kept.append_column(HASH, pa.array(hashes(kept.column(ID).to_pylist())))
    ignored = tuple(name for name in table.column_names if name not in known and name not in taken)
    return Checked(kept, np.flatnonzero(judge.standing) + 1, judge.refused, ignored)


def _ids(column: pa.ChunkedArray, judge: _Judge) -> pa.ChunkedArray:
    written = counts.texts(column)
    if pa.types.is_dictionary(written.type):
        written = written.cast(pa.string())
    blank = _nulls(written) | _flags(pc.equal(pc.utf8_trim_whitespace(written), ""))
    judge.refuse(blank, N_("The prediction id is empty."))
    long = _flags(pc.greater(pc.utf8_length(written), 200))
    judge.refuse(long, N_("The prediction id is longer than 200 characters."))
    return written


def _pseudonyms(column: pa.ChunkedArray, pseudonym: Callable[[str], str]) -> pa.ChunkedArray:
    written = counts.texts(column)
    coded = written if pa.types.is_dictionary(written.type) else written.dictionary_encode()
    coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
    names = [pseudonym(one) if one and one.strip() else None for one in coded.dictionary.to_pylist()]
    return pa.chunked_array([pa.array(names, pa.string()).take(coded.indices)])


def _once(ids: pa.ChunkedArray, judge: _Judge) -> None:
    repeated = pd.Series(ids.to_pandas()).where(judge.standing).duplicated().to_numpy() & judge.standing
    judge.refuse(repeated, N_("The prediction id stands in this batch already."))


def _moments(
    column: pa.ChunkedArray, judge: _Judge, name: str, now: datetime, *, optional: bool = False
) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        if pa.types.is_date(kind) or kind.tz is None:
            read = column.cast(pa.timestamp("us"), safe=False).cast(pa.timestamp("us", "UTC"))
        else:
            read = column.cast(pa.timestamp("us", "UTC"), safe=False)
    else:
        parsed = pd.to_datetime(
            counts.texts(column).to_pandas().astype(object), utc=True, errors="coerce", format="ISO8601"
        )
        read = pa.chunked_array([pa.Array.from_pandas(parsed, type=pa.timestamp("us", "UTC"))])
    unread = _nulls(read) & ~_nulls(column) if optional else _nulls(read)
    judge.refuse(unread, N_("{column} is not a moment such as 2026-11-23T14:32:00Z."), column=name)
    late = pa.scalar(now + AHEAD, pa.timestamp("us", "UTC"))
    judge.refuse(_flags(pc.greater(read, late)), N_("{column} lies in the future."), column=name)
    early = pa.scalar(LEAST_DAY, pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))
    judge.refuse(_flags(pc.less(read, early)), N_("{column} lies before 1990."), column=name)
    return read


def feature(column: pa.ChunkedArray, kind: str, name: str, judge: _Judge) -> pa.ChunkedArray:
    """Bring a feature to the type of its kind; a missing value stands, it is counted as missing."""
    if kind in ("number", "integer"):
        return _numbers(column, judge, name)
    if kind == "boolean":
        return _booleans(column, judge, name)
    if kind == "datetime":
        return _dates(column, judge, name)
    written = counts.texts(column)
    return written.cast(pa.string()) if pa.types.is_dictionary(written.type) else written


def _dates(column: pa.ChunkedArray, judge: _Judge, name: str) -> pa.ChunkedArray:
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return column.cast(pa.timestamp("us", getattr(column.type, "tz", None)), safe=False).cast(
            pa.timestamp("us", "UTC")
        )
    written = counts.texts(column)
    parsed = pd.to_datetime(written.to_pandas().astype(object), utc=True, errors="coerce", format="ISO8601")
    read = pa.chunked_array([pa.Array.from_pandas(parsed, type=pa.timestamp("us", "UTC"))])
    bad = _nulls(read) & ~_nulls(written)
    judge.refuse(bad, N_("{column} is not a moment such as 2026-11-23T14:32:00Z."), column=name)
    return read


def _numbers(column: pa.ChunkedArray, judge: _Judge, name: str) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_null(kind):
        return column.cast(pa.float64())
    if pa.types.is_boolean(kind):
        return column.cast(pa.int8()).cast(pa.float64())
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return column.cast(pa.float64(), safe=False)
    try:
        return column.cast(pa.string()).cast(pa.float64())
    except pa.ArrowInvalid:
        pass
    written = pd.Series(column.cast(pa.string()).to_pandas(), dtype=object)
    read = pd.to_numeric(written, errors="coerce").to_numpy(dtype=np.float64)
    blank = written.isna().to_numpy() | (written.astype(str).str.strip() == "").to_numpy()
    judge.refuse(np.isnan(read) & ~blank, N_("{column} is not a number."), column=name)
    return pa.chunked_array([pa.array(read, mask=np.isnan(read))])


_TRUE, _FALSE = ("true", "1", "yes", "t"), ("false", "0", "no", "f")


def _booleans(column: pa.ChunkedArray, judge: _Judge, name: str) -> pa.ChunkedArray:
    if pa.types.is_boolean(column.type):
        return column.cast(pa.string())
    lower = pc.utf8_lower(counts.texts(column).cast(pa.string()))
    yes, no = (pc.is_in(lower, value_set=pa.array(words)) for words in (_TRUE, _FALSE))
    judge.refuse(
        ~(_flags(yes) | _flags(no) | _nulls(lower)), N_("{column} is neither true nor false."), column=name
    )
    return pc.if_else(yes, "true", pc.if_else(no, "false", None))


def _probability(column: pa.ChunkedArray, judge: _Judge) -> pa.ChunkedArray:
    read = _numbers(column, judge, PROBABILITY)
    values = read.to_numpy()
    with np.errstate(invalid="ignore"):
        outside = ~((values >= 0) & (values <= 1))
    judge.refuse(outside, N_("{column} is not between 0 and 1."), column=PROBABILITY)
    return read


def _said(
    table: pa.Table, expected: Expected, taken: Mapping[str, pa.ChunkedArray], judge: _Judge
) -> pa.ChunkedArray:
    if PREDICTION not in table.column_names:
        negative = next((c for c in expected.classes if c != expected.positive), "")
        positive = pc.greater_equal(taken[SCORE], expected.threshold)
        return pc.if_else(positive, expected.positive, negative)
    column = table.column(PREDICTION)
    judge.refuse(_nulls(column), N_("The prediction is missing."))
    if expected.task == "regression":
        read = _numbers(column, judge, PREDICTION)
        judge.refuse(~np.isfinite(read.to_numpy()), N_("{column} is not a finite number."), column=PREDICTION)
        return read
    return _classes(column, expected.classes, judge, PREDICTION)


def _classes(column: pa.ChunkedArray, classes: Sequence[str], judge: _Judge, name: str) -> pa.ChunkedArray:
    written = counts.texts(column)
    coded = written if pa.types.is_dictionary(written.type) else written.dictionary_encode()
    coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
    named = [as_class(value, classes) for value in coded.dictionary.to_pylist()]
    read = pa.DictionaryArray.from_arrays(coded.indices, pa.array([one or "" for one in named])).cast(
        pa.string()
    )
    unknown = _flags(pc.equal(read, ""))
    judge.refuse(
        unknown,
        N_("{column} is none of the model's classes: {classes}."),
        column=name,
        classes=", ".join(classes),
    )
    return pa.chunked_array([read])


def as_class(value: str | None, classes: Sequence[str]) -> str | None:
    """Return the class that `value` writes: `1` is also `1.0`, and letter case of true and false is free."""
    if value is None:
        return None
    if value in classes:
        return value
    for one in classes:
        if one.lower() == value.lower() or _same_number(one, value):
            return one
    return None


def _same_number(left: str, right: str) -> bool:
    try:
        return math.isclose(float(left), float(right), rel_tol=0, abs_tol=0)
    except ValueError:
        return False


def _nulls(column: pa.ChunkedArray) -> Flags:
    return np.asarray(pc.is_null(column, nan_is_null=True), dtype=bool)


def _flags(column: pa.ChunkedArray) -> Flags:
    return np.asarray(pc.fill_null(column, fill_value=False), dtype=bool)
