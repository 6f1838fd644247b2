"""Open a page as somebody, over a store of the test: what every page test needs."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from core.assets.registry import RiskTier, Task, UseCase
from core.assets.registry import commands as registry
from core.platform.access import commands as access
from core.platform.access import queries as access_queries
from core.platform.store import SYSTEM, Actor, Store
from tests.people import add_row

MAIN = Path(__file__).parents[2] / "app" / "main.py"


def member(store: Store, role: str, name: str = "") -> Actor:
    """Add a person with one role and return them as an actor."""
    with store.unit_of_work(SYSTEM) as uow:
        count = len(uow.events) + abs(hash((role, name))) % 10**9
        person_id = access.add_person(
            uow, name=name or role.replace("_", " ").title(), email=f"p{count}@example.org", roles=[role]
        )
    return Actor(person_id, "person", frozenset({role}), "page")


def use_case(
    store: Store, *, slug: str = "credit", title: str = "Consumer credit", tier: RiskTier = RiskTier.HIGH,
    task: Task = Task.BINARY, actor: Actor = SYSTEM,
) -> UseCase:  # fmt: skip
    """Define a use case through its command."""
    with store.unit_of_work(actor) as uow:
        return registry.create_use_case(
            uow,
            slug=slug,
            title=title,
            purpose="Decide on loans.",
            task=task,
            risk_tier=tier,
            lawful_basis="credit_protection",
        )


def page_as(store: Store, who: str | Actor, name: str, *, language: str = "en", **address: str) -> AppTest:
    """Open a page as a role or a person, with the address's parameters; return it after its first run.

    An actor whom the store does not know gets a row under their id.
    """
    actor = member(store, who) if isinstance(who, str) else who
    with store.unit_of_work(SYSTEM) as uow:
        if access_queries.find(uow.session, actor.id) is None:
            add_row(uow, actor.id, f"Ana-{actor.id}", sorted(actor.roles))
            uow.record("person.added", "person", actor.id)
    page = AppTest.from_file(str(MAIN), default_timeout=30)
    page.user = {"person": actor.id, "session": "ses_test"}
    page.session_state["language"] = language
    page.switch_page(f"../pages/{name}.py")
    for key, value in address.items():
        page.query_params[key] = value
    return page.run()
