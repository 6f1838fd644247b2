"""What happened to a use case, for the charts of any page: releases into production, and incidents."""

from app.ui.moments import Moment, moments
from app.wiring import reading
from core.assets.registry import queries as registry
from core.decisions.incidents import queries as incidents
from core.decisions.releases import queries as releases
from core.decisions.releases.states import PRODUCTION


def happened(use_case_id: str) -> list[Moment]:
    """Return it, the oldest first."""
    with reading() as view:
        return moments(
            releases.deployments(view, use_case_id, PRODUCTION),
            incidents.incidents(view, use_case_id=use_case_id),
            registry.versions(view, use_case_id),
        )
