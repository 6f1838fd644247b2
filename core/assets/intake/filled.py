"""Which fields of a model card have a value, found without writing any: for thousands of cards at once."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.assets.datasets.dataset import Dataset
from core.assets.intake import facts
from core.assets.registry.card import FIELD_IDS
from core.assets.registry.usecase import UseCase
from core.assets.registry.version import Version

_MEASURED = frozenset(
    f"performance.{name}" for name in ("metrics", "threshold", "latency", "memory", "reproducible")
)


@dataclass(frozen=True, slots=True)
class Measured:
    """What an evaluation holds, without its curves: metrics, those with an interval, and whether it tells the kind."""

    metrics: int
    with_interval: int
    tells_type: bool


def share(present: frozenset[str], section: str = "") -> float:
    """Share of the fields that have a value, 0–1; of one section where it is named."""
    asked = [name for name in FIELD_IDS if name.startswith(section)]
    return sum(name in present for name in asked) / len(asked)


def present(
    version: Version,
    use_case: UseCase,
    dataset: Dataset | None,
    measured: Measured | None,
    typed: Mapping[str, str],
) -> frozenset[str]:
    """Return the fields that have a value; the same ones that the card itself fills, which a test holds."""
    found = {name for name, value in typed.items() if value}
    found |= {"model.name", "model.version", "model.created", "model.parts", "use.risk"}
    said = {
        "model.format": version.format,
        "model.digest": version.artifact_digest,
        "model.output": version.signature.features,
        "model.libraries": facts.libraries(version),
        "model.contact": use_case.owner_id,
        "use.purpose": use_case.purpose,
        "use.lawful_basis": use_case.lawful_basis,
        "use.affected": use_case.affected_people,
        "use.oversight": use_case.human_oversight,
        "use.applications": use_case.applications,
    }
    found |= {name for name, value in said.items() if value}
    if dataset is not None:
        found |= {"data.rows", "data.protected", "data.personal", "data.sensitive", "data.missing"}
        table = {
            "data.name": dataset.name,
            "data.features": version.signature.names,
            "data.label": version.label_column,
            "data.purposes": any(dataset.purposes.get(name) for name in version.table_columns),
        }
        found |= {name for name, value in table.items() if value}
    if measured is not None:
        found |= _MEASURED - (set() if measured.metrics else {"performance.metrics"})
        if measured.tells_type:
            found.add("model.type")
    return frozenset(found & FIELD_IDS)
