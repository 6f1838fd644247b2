"""Affected people, known by pseudonym: an HMAC of the organisation's own reference under a key of the house.

The key lies with the keys of people, in no export and in no backup of the store. Each subject also has a key of its own,
under which its words are sealed: deleting it erases them everywhere.
"""

import hmac
from hashlib import sha256

from sqlmodel import Session, col, delete

from core.platform.access.permissions import Permission, require
from core.platform.access.personal import key_of, keys
from core.platform.access.tables import PersonKeyRow
from core.platform.store import UnitOfWork

SUBJECTS = "subjects"
"""The row whose key makes pseudonyms of subjects; it is nobody's."""


def subject_of(uow: UnitOfWork, reference: str) -> str:
    """Return the pseudonym of a subject, making the house's key at first use."""
    return _pseudonym(key_of(uow, SUBJECTS), reference)


def find_subject(session: Session, reference: str) -> str | None:
    """Return the pseudonym of a subject; none while the house has no key, and so knows nobody."""
    key = keys(session, [SUBJECTS]).get(SUBJECTS)
    return None if key is None else _pseudonym(key, reference)


def forget_subject(uow: UnitOfWork, subject_id: str) -> None:
    """Delete a subject's own key: everything sealed under it is gone, here and in backups."""
    require(uow.actor, Permission.ERASE_SUBJECT)
    uow.session.execute(delete(PersonKeyRow).where(col(PersonKeyRow.person_id) == subject_id))
    uow.record("subject.erased", "subject", subject_id)


def _pseudonym(key: bytes, reference: str) -> str:
    return f"sub_{hmac.new(key, reference.strip().encode(), sha256).hexdigest()[:32]}"
