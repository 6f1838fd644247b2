"""Where a version stood in an MLflow registry, and what its run logged there: told by others, measured by nobody here."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Self, cast

KEY = "mlflow"
"""Where it lies among what is known of a version's origin."""

MOST_VALUES = 200
LONGEST_NAME = 250
LONGEST_VALUE = 500


@dataclass(frozen=True, slots=True)
class Upstream:
    """A version of a registered model: `server` is the tracking server's address, without credentials.

    `aliases`, `metrics` and `params` are as they stood when it was imported.
    """

    server: str
    model: str
    version: str
    run_id: str = ""
    aliases: tuple[str, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The version as MLflow's own pages name it."""
        return f"{self.model} v{self.version}"

    @property
    def place(self) -> tuple[str, str, str]:
        """What tells it from every other version of every registry."""
        return self.server, self.model, self.version

    def to_json(self) -> dict[str, object]:
        """Return it as plain JSON values."""
        return {**asdict(self), "aliases": list(self.aliases)}

    @classmethod
    def from_json(cls, value: Mapping[str, object]) -> Self:
        """Read what `to_json` wrote."""
        return cls(
            server=str(value["server"]),
            model=str(value["model"]),
            version=str(value["version"]),
            run_id=str(value.get("run_id") or ""),
            aliases=tuple(cast("Sequence[str]", value.get("aliases") or ())),
            metrics=cast("Mapping[str, float]", value.get("metrics") or {}),
            params=cast("Mapping[str, str]", value.get("params") or {}),
        )
