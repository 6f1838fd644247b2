"""KPIs put in force as two people do it."""

from core.evidence.kpis import commands
from core.evidence.kpis.definition import Definition
from core.evidence.kpis.queries import Kpi
from core.platform.store import SYSTEM, Actor, Store


def in_force(store: Store, author: Actor, use_case_id: str, definition: Definition) -> Kpi:
    """Propose a KPI as `author` and put it in force."""
    with store.unit_of_work(author) as uow:
        proposed = commands.define_kpi(uow, use_case_id, definition)
    with store.unit_of_work(SYSTEM) as uow:
        return commands.approve_kpi(uow, proposed.revision_id)


def changed(store: Store, author: Actor, kpi_id: str, definition: Definition) -> Kpi:
    """Propose a change as `author` and put it in force."""
    with store.unit_of_work(author) as uow:
        proposed = commands.revise_kpi(uow, kpi_id, definition)
    with store.unit_of_work(SYSTEM) as uow:
        return commands.approve_kpi(uow, proposed.revision_id)
