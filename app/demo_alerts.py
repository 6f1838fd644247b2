"""What the demo organisation does about its alerts."""

from app.demo_scene import Scene
from core.decisions.findings.severity import Severity
from core.decisions.incidents import commands as incidents
from core.decisions.incidents import queries as incident_queries
from core.evidence.alerts import commands as alerts
from core.evidence.alerts import queries as alerting
from data.demo.organisation import CREDIT


def acknowledged(scene: Scene, days: float, file: str) -> None:
    """Operations take care of the oldest open alert."""
    version = scene.version(CREDIT, file)
    if version is None:
        raise LookupError(file)
    with scene.store.reading() as view:
        raised = alerting.alerts(view, version_id=version.id)
    if raised and not any(alert.acknowledged_at for alert in raised):
        oldest = min((a for a in raised if a.open), key=lambda a: a.raised_at, default=raised[0])
        with scene.acting("camila.nogueira", days) as uow:
            alerts.acknowledge(uow, oldest.id)


def incident(scene: Scene, days: float, file: str) -> None:
    """An incident is opened from the alert that was acknowledged."""
    version = scene.version(CREDIT, file)
    if version is None:
        raise LookupError(file)
    with scene.store.reading() as view:
        raised = [one for one in alerting.alerts(view, version_id=version.id) if one.acknowledged_at]
        known = incident_queries.incidents(view, version_id=version.id)
    if not raised or known:
        return
    alert = min(raised, key=lambda one: one.raised_at)
    with scene.acting("camila.nogueira", days) as uow:
        made = incidents.open_incident(
            uow,
            version_id=version.id,
            title="Rates of new contracts left what the model was evaluated on",
            text="The base rate rose month by month. Scores are still ranked well; the cut-off must be looked at.",
            severity=Severity.MEDIUM,
            owner_id=scene.ids["tomasz.wilk"],
            began_at=scene.midnight(days + 14),
            alert_ids=[alert.id],
        )
    with scene.acting("tomasz.wilk", days - 0.3) as uow:
        incidents.note(
            uow,
            made.id,
            "Confirmed with treasury: the rates changed. A retrained version was asked for.",
        )
