"""Use cases, models, versions and model cards."""

from core.assets.registry.usecase import RiskTier, Task, UseCase
from core.assets.registry.version import Refusal, Signature, Version, VersionState

__all__ = ["Refusal", "RiskTier", "Signature", "Task", "UseCase", "Version", "VersionState"]
