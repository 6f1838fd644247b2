"""A version of a model: frozen at submission, known by the digest of its bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, Self, cast

import pandas as pd

from core.assets.datasets.schema import Column
from core.assets.registry import upstream
from core.assets.registry.upstream import Upstream
from core.i18n import N_, _

Output = Literal["probability", "class", "value"]


class VersionState(StrEnum):
    """Where a version stands: `received` waits for a person to review unknown names in the file."""

    RECEIVED = "received"
    CHECKING = "checking"
    READY = "ready"
    REFUSED = "refused"


STATE_NAMES: Mapping[VersionState, str] = {
    VersionState.RECEIVED: N_("Waiting for review"),
    VersionState.CHECKING: N_("Being checked"),
    VersionState.READY: N_("Ready"),
    VersionState.REFUSED: N_("Refused"),
}


@dataclass(frozen=True, slots=True)
class Signature:
    """What goes in and comes out: `classes` as text, in the model's own order; empty for a quantity."""

    features: tuple[Column, ...]
    output: Output
    classes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The features' names, in the order in which the model takes them."""
        return tuple(c.name for c in self.features)

    def to_json(self) -> dict[str, object]:
        """Return the signature as plain JSON values."""
        return {
            "features": [c.to_json() for c in self.features],
            "output": self.output,
            "classes": list(self.classes),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, object]) -> Self:
        """Read what `to_json` wrote; an empty mapping is a signature not known yet."""
        features = cast("Sequence[Mapping[str, object]]", value.get("features", ()))
        return cls(
            features=tuple(Column.from_json(c) for c in features),
            output=cast("Output", value.get("output", "value")),
            classes=tuple(str(c) for c in cast("Sequence[object]", value.get("classes", ()))),
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a version was refused: a stable code and texts that are translated where they are shown."""

    code: str
    template: str
    fix: str = ""
    params: Mapping[str, object] = field(default_factory=dict)

    def text(self) -> str:
        """The reason, in the reader's language."""
        return _(self.template, **self.params)

    def fix_text(self) -> str:
        """What to do about it; empty where nothing can be done."""
        return _(self.fix, **self.params) if self.fix else ""


@dataclass(frozen=True, slots=True)
class Version:
    """One version: `number` counts within its use case; sizes are bytes.

    `mapping` names the table's column for each feature that is called otherwise there; `score_column` holds the scores
    of a model that is governed by its predictions alone; `origin` is what the file says of where it comes from,
    and what was said of its place in another registry. `dataset_digest` is the table it was submitted with,
    `table_digest` the same without who was erased since.
    """

    id: str
    use_case_id: str
    use_case_slug: str
    model_id: str
    model_name: str
    number: int
    state: VersionState
    author_id: str
    created_at: datetime
    artifact_digest: str
    artifact_name: str
    artifact_size: int
    format: str
    verdict: str
    names: tuple[str, ...]
    isolation: str
    refusal: Refusal | None
    dataset_id: str
    dataset_digest: str
    table_digest: str
    label_column: str
    positive_label: str
    operating_threshold: float | None
    signature: Signature
    note: str
    mapping: Mapping[str, str] = field(default_factory=dict)
    score_column: str = ""
    origin: Mapping[str, object] = field(default_factory=dict)

    @property
    def table_columns(self) -> tuple[str, ...]:
        """The table's columns that the model takes, in the order of its features."""
        return tuple(self.mapping.get(name, name) for name in self.signature.names)

    @property
    def requirements(self) -> tuple[str, ...]:
        """The packages that the file itself names, as an MLflow folder lists them."""
        found = self.origin.get("requirements", ())
        return (
            tuple(str(line) for line in found)
            if isinstance(found, Sequence) and not isinstance(found, str)
            else ()
        )

    @property
    def upstream(self) -> Upstream | None:
        """Its place in the MLflow registry that it was imported from."""
        found = self.origin.get(upstream.KEY)
        return Upstream.from_json(found) if isinstance(found, Mapping) else None

    def features_of(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the model's rows of the evaluation table, under the names that the model knows."""
        found = table[list(self.table_columns)]
        return found.set_axis(list(self.signature.names), axis="columns") if self.mapping else found
