"""Affected people, known by the pseudonym under which the prediction log knows them too.

Each subject also has a key of its own, under which its words are sealed: deleting it erases them everywhere.
"""

from sqlmodel import Session, col, delete

from core.platform.access.permissions import Permission, require
from core.platform.access.personal import make_subject_key, subject_key, subject_pseudonym
from core.platform.access.tables import PersonKeyRow
from core.platform.store import UnitOfWork


def subject_of(uow: UnitOfWork, reference: str) -> str:
    """Return the pseudonym of a subject, making the house's key at first use."""
    return _named(make_subject_key(uow), reference)


def find_subject(session: Session, reference: str) -> str | None:
    """Return the pseudonym of a subject; none while the house has no key, and so knows nobody."""
    key = subject_key(session)
    return None if key is None else _named(key, reference)


def forget_subject(uow: UnitOfWork, subject_id: str) -> None:
    """Delete a subject's own key: everything sealed under it is gone, here and in backups."""
    require(uow.actor, Permission.ERASE_SUBJECT)
    uow.session.execute(delete(PersonKeyRow).where(col(PersonKeyRow.person_id) == subject_id))
    uow.record("subject.erased", "subject", subject_id)


def pseudonym_of(subject_id: str) -> str:
    """Return the pseudonym by which the prediction log knows a subject."""
    return subject_id.removeprefix("sub_")


def _named(key: bytes, reference: str) -> str:
    return f"sub_{subject_pseudonym(key, reference)}"
