"""A draft: the files of one upload, examined as they arrive, before anything is frozen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Self, cast

from core.assets.datasets.schema import Column

FileKind = Literal["artifact", "table"]
JOB = "intake.evaluate"
"""The job that checks what came of a draft."""


@dataclass(frozen=True, slots=True)
class ArtifactFile:
    """A model file: recognised by its content; sizes are bytes."""

    digest: str
    size: int
    name: str
    format: str

    def to_json(self) -> dict[str, object]:
        """Return the facts as plain JSON values."""
        return {"digest": self.digest, "size": self.size, "name": self.name, "format": self.format}

    @classmethod
    def from_json(cls, value: Mapping[str, object]) -> Self:
        """Read what `to_json` wrote."""
        return cls(
            str(value["digest"]), int(cast("int", value["size"])), str(value["name"]), str(value["format"])
        )


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table: `digest` names its Parquet form, `source_digest` the bytes that arrived."""

    digest: str
    source_digest: str
    size: int
    name: str
    rows: int
    columns: tuple[Column, ...]
    personal: tuple[str, ...]
    protected: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """Return the facts as plain JSON values."""
        return {
            "digest": self.digest,
            "source_digest": self.source_digest,
            "size": self.size,
            "name": self.name,
            "rows": self.rows,
            "columns": [c.to_json() for c in self.columns],
            "personal": list(self.personal),
            "protected": list(self.protected),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, object]) -> Self:
        """Read what `to_json` wrote."""
        columns = cast("Sequence[Mapping[str, object]]", value["columns"])
        return cls(
            digest=str(value["digest"]),
            source_digest=str(value["source_digest"]),
            size=int(cast("int", value["size"])),
            name=str(value["name"]),
            rows=int(cast("int", value["rows"])),
            columns=tuple(Column.from_json(c) for c in columns),
            personal=tuple(cast("Sequence[str]", value["personal"])),
            protected=tuple(cast("Sequence[str]", value["protected"])),
        )


@dataclass(frozen=True, slots=True)
class Draft:
    """An upload in progress; `version_id` is set once it has been submitted."""

    id: str
    author_id: str
    created_at: datetime
    artifact: ArtifactFile | None
    table: TableFile | None
    version_id: str
