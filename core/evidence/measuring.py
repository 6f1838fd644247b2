"""What is measured of a version once its rows are predicted: after its evaluation, and again when rows are erased."""

from core.evidence.explain import commands as explain
from core.evidence.fairness import commands as fairness
from core.evidence.robustness import commands as robustness
from core.evidence.slices import commands as slices
from core.evidence.worth import commands as worth
from core.platform.store import UnitOfWork


def enqueue_all(uow: UnitOfWork, version_id: str, *, loads: bool) -> None:
    """Ask for every measurement as a part of another command; what runs the model is left out where none `loads`."""
    if loads:
        explain.enqueue_for(uow, version_id)
        robustness.enqueue_for(uow, version_id)
    fairness.enqueue_for(uow, version_id)
    slices.enqueue_for(uow, version_id)
    worth.explore_for(uow, version_id)
