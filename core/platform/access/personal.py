"""Personal data under a key per person: who loses the key is forgotten, in every table, export and backup at once.

Ciphertext is AES-256-GCM; what must be found again by its value (an e-mail address) is an HMAC under a key of the house.
Both kinds of key lie in `person_key`, which no backup of the store carries. Free text of other nouns goes through
`seal_text` and `open_text`.
"""

import base64
import hmac
import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlmodel import Session, col, select

from core.errors import Invalid
from core.i18n import N_, _
from core.platform.access.permissions import Permission, require
from core.platform.access.tables import PersonKeyRow, PersonRow
from core.platform.store import UnitOfWork

LOOK_UP = "look_up"
"""The row whose key finds people by e-mail address; it is nobody's."""
_MARK = "sealed:"
_KEY_BYTES, _NONCE_BYTES = 32, 12


def seal_text(uow: UnitOfWork, person_id: str, text: str) -> str:
    """Return `text` as ciphertext that only the person's key opens; the first call for a person makes the key.

    An empty text stays empty. Two calls never return the same.
    """
    if not text:
        return ""
    key = key_of(uow, person_id)
    nonce = os.urandom(_NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, text.encode(), person_id.encode())
    return f"{_MARK}{person_id}:{base64.urlsafe_b64encode(nonce + sealed).decode()}"


def open_text(session: Session, sealed: str) -> str:
    """Return what `seal_text` sealed; where its author was erased, a sentence that says so."""
    return open_texts(session, [sealed])[0]


def open_texts(session: Session, sealed: Sequence[str]) -> list[str]:
    """Open many texts with one look at the keys; see `open_text`."""
    return [str(text) for text in sealed_texts(session, sealed)]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed text that is opened when it is written: of thousands in a list few are shown."""

    text: str
    _known: Mapping[str, bytes] = field(repr=False)

    def __str__(self) -> str:
        opened = open_with(self._known, self.text)
        return erased_text() if opened is None else opened


def sealed_texts(session: Session, sealed: Sequence[str]) -> list[Sealed]:
    """Return texts to be opened one by one later, with one look at the keys now."""
    known = keys(session, {owner(text) for text in sealed})
    return [Sealed(text, known) for text in sealed]


def erased_text() -> str:
    """What is read in place of a text whose author was erased."""
    return _("Erased with its author.")


def owner(sealed: str) -> str:
    """Return whose key opens a text; empty where it is not sealed."""
    return sealed.removeprefix(_MARK).partition(":")[0] if sealed.startswith(_MARK) else ""


def open_with(known: Mapping[str, bytes], sealed: str) -> str | None:
    """Open a text with keys that `keys` returned; none where the key is gone or does not fit."""
    person_id = owner(sealed)
    if not person_id:
        return sealed
    if person_id not in known:
        return None
    raw = base64.urlsafe_b64decode(sealed.rpartition(":")[2])
    try:
        opened = AESGCM(known[person_id]).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], person_id.encode())
    except InvalidTag:
        return None
    return opened.decode()


def digest_text(uow: UnitOfWork, person_id: str, text: str) -> str:
    """Return an HMAC-SHA256 of `text` under the person's key, hexadecimal: a bare hash of a sentence can be guessed."""
    return hmac.new(key_of(uow, person_id), text.encode(), sha256).hexdigest()


def same_text(session: Session, person_id: str, text: str, digest: str) -> bool | None:
    """Say whether `digest` is of this text; none where the person was erased, so that nobody can say any more."""
    key = keys(session, [person_id]).get(person_id)
    if key is None:
        return None
    return hmac.compare_digest(hmac.new(key, text.encode(), sha256).hexdigest(), digest)


def keys(session: Session, ids: Collection[str]) -> dict[str, bytes]:
    """Return the keys of those of `ids` who have one."""
    asked = col(PersonKeyRow.person_id).in_(set(ids))
    return dict(session.exec(select(PersonKeyRow.person_id, PersonKeyRow.key).where(asked)).all())


def key_of(uow: UnitOfWork, person_id: str) -> bytes:
    """Return the person's key, made at first use. An erased person gets none: raise `Invalid`."""
    row = uow.session.get(PersonKeyRow, person_id)
    if row is not None:
        return row.key
    person = uow.session.get(PersonRow, person_id)
    if person is not None and person.erased_at is not None:
        raise Invalid("person.erased", N_("This person was erased; nothing more is kept of them."))
    row = PersonKeyRow(person_id=person_id, key=os.urandom(_KEY_BYTES))
    uow.session.add(row)
    uow.session.flush()
    return row.key


def email_index(session: Session, email: str) -> str | None:
    """Return the HMAC by which an address is found; none while the house has no key, and so nobody to find."""
    key = keys(session, [LOOK_UP]).get(LOOK_UP)
    return None if key is None else _index(key, email)


def make_email_index(uow: UnitOfWork, email: str) -> str:
    """Return the HMAC by which an address will be found, making the house's key at first use."""
    return _index(key_of(uow, LOOK_UP), email)


def subject_key(session: Session) -> bytes | None:
    """Return the key of the pseudonyms of people whom predictions are about; none while the house has no key."""
    key = keys(session, [LOOK_UP]).get(LOOK_UP)
    return None if key is None else _subjects(key)


def make_subject_key(uow: UnitOfWork) -> bytes:
    """Return that key, making the house's key at first use."""
    return _subjects(key_of(uow, LOOK_UP))


def subject_pseudonym(key: bytes, reference: str) -> str:
    """Return the pseudonym of a person whom predictions are about: 128 bits of an HMAC, hexadecimal.

    `reference` is what the organisation itself calls them, such as a customer's number; blanks around it do not count.
    """
    return hmac.new(key, reference.strip().encode(), sha256).hexdigest()[:32]


def _subjects(key: bytes) -> bytes:
    return hmac.new(key, b"subjects of predictions", sha256).digest()


def search_keys(session: Session, ids: Collection[str]) -> dict[str, bytes]:
    """Return the keys under which words of those of `ids` who have one are searched; `LOOK_UP` has the house's."""
    return {
        person_id: hmac.digest(key, b"words of search", "sha256")
        for person_id, key in keys(session, ids).items()
    }


def write_keys(session: Session, target: Path) -> int:
    """Save every key into a file that only its owner may read; return how many.

    Such files need a short life of their own: whoever is erased lives on in them.
    """
    rows = session.exec(select(PersonKeyRow).order_by(PersonKeyRow.person_id)).all()
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({row.person_id: base64.b64encode(row.key).decode() for row in rows}, file, indent=1)
    return len(rows)


def read_keys(uow: UnitOfWork, source: Path) -> int:
    """Bring saved keys back into a restored store, but not those of people erased in it; return how many."""
    require(uow.actor, Permission.MANAGE_PEOPLE)
    try:
        saved = {
            str(name): base64.b64decode(key) for name, key in json.loads(source.read_text("utf-8")).items()
        }
    except (ValueError, AttributeError, TypeError) as problem:
        raise Invalid(
            "keys.unreadable",
            N_("{file} holds no saved keys."),
            fix=N_("Name the file that `aval backup-keys` wrote."),
            file=source.name,
        ) from problem
    gone = set(uow.session.exec(select(PersonRow.id).where(col(PersonRow.erased_at).is_not(None))))
    count = 0
    for person_id, key in sorted(saved.items()):
        if person_id in gone or len(key) != _KEY_BYTES:
            continue
        row = uow.session.get(PersonKeyRow, person_id)
        if row is None:
            uow.session.add(PersonKeyRow(person_id=person_id, key=key))
            count += 1
    uow.record("person_keys.restored", "house", "house", {"keys": count, "of": len(saved)})
    return count


def _index(key: bytes, email: str) -> str:
    return hmac.new(key, email.strip().lower().encode(), sha256).hexdigest()
