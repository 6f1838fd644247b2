"""Reading of data sets."""

from collections.abc import Collection
from datetime import datetime

import pandas as pd
from sqlmodel import Session, col, or_, select

from core.assets.datasets import columns
from core.assets.datasets.dataset import Dataset
from core.assets.datasets.schema import Column
from core.assets.datasets.tables import DatasetRow
from core.assets.datasets.whose import as_text
from core.errors import NotFound
from core.i18n import N_
from core.platform.store import Files

__all__ = ["Dataset", "dataset", "datasets", "frame"]


def dataset(session: Session, dataset_id: str) -> Dataset:
    """Return a data set; raise `NotFound`."""
    row = session.get(DatasetRow, dataset_id)
    if row is None:
        raise NotFound("dataset.unknown", N_("There is no data set {id}."), id=dataset_id)
    return _dataset(row)


def datasets(session: Session, ids: Collection[str]) -> dict[str, Dataset]:
    """Return these data sets by id, in one statement; unknown ids are left out."""
    return {
        row.id: _dataset(row) for row in session.exec(select(DatasetRow).where(col(DatasetRow.id).in_(ids)))
    }


def _dataset(row: DatasetRow) -> Dataset:
    return Dataset(
        id=row.id,
        digest=row.digest,
        source_digest=row.source_digest,
        name=row.name,
        rows=row.rows,
        columns=tuple(Column.from_json(c) for c in row.columns),
        protected=tuple(row.protected),
        personal=tuple(row.personal),
        lawful_basis=row.lawful_basis,
        created_at=row.created_at,
        sensitive=tuple(row.sensitive),
        purposes=row.purposes,
        flags_confirmed_by=row.flags_confirmed_by,
        flags_confirmed_at=row.flags_confirmed_at,
    )


def by_digest(session: Session) -> dict[str, tuple[Dataset, ...]]:
    """Return every data set of the house by the file in which it lies: the same bytes may have arrived often."""
    found: dict[str, list[Dataset]] = {}
    for row in session.exec(select(DatasetRow).order_by(col(DatasetRow.id))):
        found.setdefault(row.digest, []).append(_dataset(row))
    return {digest: tuple(those) for digest, those in found.items()}


def uploader(session: Session, dataset_id: str) -> tuple[str, datetime] | None:
    """Return who uploaded a data set, and when; none where it is not known."""
    row = session.get(DatasetRow, dataset_id)
    return None if row is None else (row.created_by, row.created_at)


def holds(session: Session, digest: str) -> bool:
    """Say whether a data set was made of these bytes, or is kept as them."""
    query = select(DatasetRow.id).where(
        or_(col(DatasetRow.digest) == digest, col(DatasetRow.source_digest) == digest)
    )
    return session.exec(query.limit(1)).first() is not None


def frame(files: Files, digest: str) -> pd.DataFrame:
    """Return the table stored under `digest`, rows in the order in which they arrived."""
    return columns.read(files.path(digest))


def distinct(files: Files, digest: str, column: str, *, most: int = 50) -> tuple[str, ...]:
    """Return the distinct values of one column as text, sorted, at most `most`; empty cells are left out.

    A whole number is written without a point, as the isolated runner writes the classes of a model.
    """
    values = columns.read(files.path(digest), [column])[column].dropna().unique()
    return tuple(sorted({as_text(value) for value in values})[:most])
