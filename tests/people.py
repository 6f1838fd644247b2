"""People written straight into the store, under an id that the test chooses."""

from collections.abc import Iterable

from core.platform.access.personal import make_email_index, seal_text
from core.platform.access.tables import PersonRoleRow, PersonRow
from core.platform.store import UnitOfWork


def add_row(uow: UnitOfWork, person_id: str, name: str, roles: Iterable[str] = ()) -> None:
    """Add a person as `access.commands.add_person` stores one, without its event."""
    email = f"{name.lower()}@example.org"
    uow.session.add(
        PersonRow(
            id=person_id,
            name_sealed=seal_text(uow, person_id, name),
            email_sealed=seal_text(uow, person_id, email),
            email_index=make_email_index(uow, email),
            created_at=uow.now,
        )
    )
    uow.session.flush()
    uow.session.add_all(PersonRoleRow(person_id=person_id, role=r, granted_at=uow.now) for r in roles)
