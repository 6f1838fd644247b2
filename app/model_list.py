"""Read the list of use cases: who answers for each, at what risk, where its model stands."""

from sqlmodel import Session

from app.ui.model_row import Summary
from core.assets.registry import queries as registry
from core.assets.registry.version import Version
from core.decisions.releases import queries as released
from core.decisions.releases.states import PRODUCTION
from core.evidence.alerts import queries as alerts
from core.evidence.monitoring import queries as monitoring
from core.platform.access import queries as access


def summaries(view: Session) -> list[Summary]:
    """Return one summary per use case, by title; alerts are those of the live version, else of the newest one."""
    cases = registry.use_cases(view)
    newest: dict[str, Version] = {}
    for version in registry.versions(view):
        newest.setdefault(version.use_case_id, version)
    owners = access.names(view, {case.owner_id for case in cases})
    running = released.deployments(view, environment=PRODUCTION, only_live=True)
    live = {one.use_case_id: one.version_id for one in running}
    waiting = {release.version.use_case_id for release in released.open_releases(view)}
    watched, raised = monitoring.health(view), alerts.open_counts(view)
    found = []
    for case in cases:
        latest = newest.get(case.id)
        stages = [word for word, where in (("live", live), ("in_review", waiting)) if case.id in where]
        health = watched.get(live.get(case.id, latest.id if latest else ""))
        found.append(
            Summary(
                slug=case.slug,
                title=case.title,
                owner=owners.get(case.owner_id, ""),
                tier=case.risk_tier.value,
                stages=tuple(stages or ([latest.state.value] if latest else [])),
                latest=latest.number if latest else None,
                model=latest.model_name if latest else "",
                open_alerts=None if health is None else raised.get(health.version_id, 0),
            )
        )
    return found
