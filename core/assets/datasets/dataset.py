"""A data set: one immutable table with its schema and what is known of the people in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.assets.datasets.schema import Column


@dataclass(frozen=True, slots=True)
class Dataset:
    """A stored table: `digest` names the Parquet file, `source_digest` the bytes that arrived.

    `personal` and `sensitive` are proposals until a person has confirmed or corrected them; `purposes` says for what a
    column is used (LGPD art. 6, I–III).
    """

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
    sensitive: tuple[str, ...] = ()
    purposes: Mapping[str, str] = field(default_factory=dict)
    flags_confirmed_by: str = ""
    flags_confirmed_at: datetime | None = None

    def column(self, name: str) -> Column | None:
        """Return the column of that name, if there is one."""
        return next((c for c in self.columns if c.name == name), None)

    def purposes_missing(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return those of `names` that nobody has written a purpose for, in their order."""
        return tuple(name for name in names if not self.purposes.get(name))

    def described(self, names: Iterable[str]) -> float:
        """Share of `names` with a purpose, 0–1; 1 where there is nothing to describe."""
        asked = tuple(names)
        return 1.0 if not asked else 1 - len(self.purposes_missing(asked)) / len(asked)
