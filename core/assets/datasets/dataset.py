"""A data set: one immutable table with its schema and what is known of the people in it."""

from dataclasses import dataclass
from datetime import datetime

from core.assets.datasets.schema import Column


@dataclass(frozen=True, slots=True)
class Dataset:
    """A stored table: `digest` names the Parquet file, `source_digest` the bytes that arrived."""

    id: str
    digest: str
    source_digest: str
    name: str
    rows: int
    columns: tuple[Column, ...]
    protected: tuple[str, ...]
    personal: tuple[str, ...]
    lawful_basis: str
    created_at: datetime

    def column(self, name: str) -> Column | None:
        """Return the column of that name, if there is one."""
        return next((c for c in self.columns if c.name == name), None)
