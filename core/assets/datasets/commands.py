"""Writing of data sets."""

from collections.abc import Sequence

from core.assets.datasets.dataset import Dataset
from core.assets.datasets.schema import Column
from core.assets.datasets.tables import DatasetRow
from core.ids import new_id
from core.platform.access.permissions import Permission, require
from core.platform.store import UnitOfWork


def add_dataset(
    uow: UnitOfWork,
    *,
    digest: str,
    source_digest: str,
    name: str,
    rows: int,
    columns: Sequence[Column],
    protected: Sequence[str] = (),
    personal: Sequence[str] = (),
    lawful_basis: str = "",
) -> Dataset:
    """Keep a table that has been read and stored; part of the command that calls it, whose event names it."""
    require(uow.actor, Permission.UPLOAD_MODEL)
    row = DatasetRow(
        id=new_id("ds"),
        digest=digest,
        source_digest=source_digest,
        name=name,
        rows=rows,
        columns=[c.to_json() for c in columns],
        protected=list(protected),
        personal=list(personal),
        lawful_basis=lawful_basis,
        created_by=uow.actor.id,
        created_at=uow.now,
    )
    uow.session.add(row)
    return Dataset(
        id=row.id,
        digest=digest,
        source_digest=source_digest,
        name=name,
        rows=rows,
        columns=tuple(columns),
        protected=tuple(protected),
        personal=tuple(personal),
        lawful_basis=lawful_basis,
        created_at=uow.now,
    )
