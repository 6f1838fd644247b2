"""Evaluation data over REST: what it holds, whom it is about, what each column is for."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from app.api.identity import actor
from app.wiring import reading, unit_of_work
from core.assets.datasets import commands, queries
from core.assets.datasets.dataset import Dataset
from core.assets.registry import queries as registry
from core.platform.access.permissions import Permission, require
from core.platform.store import Actor

router = APIRouter(tags=["data"])
PATH = "/use-cases/{slug}/versions/{number}/dataset"


class ColumnNote(BaseModel):
    """A column with what is said of it; `purpose` is empty where nobody wrote one."""

    name: str
    kind: str
    missing: int
    personal: bool
    sensitive: bool
    protected: bool
    purpose: str


class DatasetOut(BaseModel):
    """A table: SHA-256 of what is stored and of what was sent; flags are proposals until `flags_confirmed_at`."""

    id: str
    name: str
    digest: str
    source_digest: str
    rows: int
    lawful_basis: str
    columns: list[ColumnNote]
    described: float = Field(description="Share of the model's features that have a purpose, 0–1")
    flags_confirmed_by: str
    flags_confirmed_at: datetime | None


class FlagsIn(BaseModel):
    """Columns about people; what is sensitive is personal too."""

    personal: list[str]
    sensitive: list[str] = []


@router.get(PATH, summary="The table a version was evaluated on")
def get_dataset(slug: str, number: int, caller: Annotated[Actor, Depends(actor)]) -> DatasetOut:
    """Answer the table's schema, flags and purposes; never its rows."""
    require(caller, Permission.VIEW)
    with reading() as view:
        version = registry.version_by_number(view, slug, number)
        return _out(queries.dataset(view, version.dataset_id), version.table_columns)


@router.put(PATH + "/flags", summary="Confirm what is personal")
def put_flags(slug: str, number: int, body: FlagsIn, caller: Annotated[Actor, Depends(actor)]) -> DatasetOut:
    """Confirm or correct the flags that inspection proposed."""
    with unit_of_work(caller) as uow:
        version = registry.version_by_number(uow.session, slug, number)
        commands.confirm_flags(uow, version.dataset_id, personal=body.personal, sensitive=body.sensitive)
        return _out(queries.dataset(uow.session, version.dataset_id), version.table_columns)


@router.patch(PATH + "/purposes", summary="Write what columns are for")
def patch_purposes(
    slug: str, number: int, body: dict[str, str], caller: Annotated[Actor, Depends(actor)]
) -> DatasetOut:
    """Write purposes by column; an empty text takes one away."""
    with unit_of_work(caller) as uow:
        version = registry.version_by_number(uow.session, slug, number)
        commands.write_purposes(uow, version.dataset_id, body)
        return _out(queries.dataset(uow.session, version.dataset_id), version.table_columns)


def _out(found: Dataset, features: tuple[str, ...]) -> DatasetOut:
    return DatasetOut(
        id=found.id,
        name=found.name,
        digest=found.digest,
        source_digest=found.source_digest,
        rows=found.rows,
        lawful_basis=found.lawful_basis,
        columns=[
            ColumnNote(
                name=c.name,
                kind=c.kind.value,
                missing=c.missing,
                personal=c.name in found.personal,
                sensitive=c.name in found.sensitive,
                protected=c.name in found.protected,
                purpose=found.purposes.get(c.name, ""),
            )
            for c in found.columns
        ],
        described=found.described(features),
        flags_confirmed_by=found.flags_confirmed_by,
        flags_confirmed_at=found.flags_confirmed_at,
    )
