"""A version's place in an MLflow registry, as it is said over REST."""

from typing import Annotated, Self

from pydantic import BaseModel, Field, StringConstraints

from core.assets.registry.upstream import LONGEST_NAME, LONGEST_VALUE, MOST_VALUES, Upstream

PLAIN = r"^[^\x00-\x1f\x7f]*$"
Name = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME, pattern=PLAIN)]
Value = Annotated[str, StringConstraints(max_length=LONGEST_VALUE, pattern=PLAIN)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class UpstreamIn(BaseModel):
    """A version of a registered model, with what its run logged; `server` is an address without credentials."""

    server: str = Field(
        pattern=r"^https?://[^\s\x00-\x1f@]+$", max_length=500, examples=["https://mlflow.example.org"]
    )
    model: Name
    version: Name
    run_id: Value = ""
    aliases: list[Name] = Field(default=[], max_length=MOST_VALUES)
    metrics: dict[Name, Number] = Field(default={}, max_length=MOST_VALUES)
    params: dict[Name, Value] = Field(default={}, max_length=MOST_VALUES)

    def read(self) -> Upstream:
        """Return it as the registry keeps it."""
        return Upstream(
            self.server,
            self.model,
            self.version,
            self.run_id,
            tuple(self.aliases),
            self.metrics,
            self.params,
        )


class UpstreamOut(BaseModel):
    """A version of a registered model, with what its run had logged when it was imported."""

    server: str
    model: str
    version: str
    run_id: str
    aliases: list[str]
    metrics: dict[str, float]
    params: dict[str, str]

    @classmethod
    def of(cls, found: Upstream) -> Self:
        """Say what the registry keeps."""
        return cls(
            server=found.server,
            model=found.model,
            version=found.version,
            run_id=found.run_id,
            aliases=list(found.aliases),
            metrics=dict(found.metrics),
            params=dict(found.params),
        )
