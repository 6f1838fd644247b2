"""The ticket of somebody who has just typed their password."""

from core.decisions.releases.snapshot import subject
from core.platform.access import ways_in
from core.platform.access.confirmation import Confirmed
from core.platform.access.sessions import Purpose
from core.platform.store import Actor, Store


def ticket_for(store: Store, actor: Actor, about: str, snapshot: str) -> str:
    with store.unit_of_work(actor) as uow:
        return ways_in.issue_ticket(
            uow, Purpose.SIGNING, subject(about, snapshot), how=Confirmed.PASSWORD.value
        )
