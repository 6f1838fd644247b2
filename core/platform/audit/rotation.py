"""Change the key that signs the log; what the old keys signed stays known.

The old key signs the new one, so that whoever holds the old one follows; the new key signs the old one, so that nobody
who writes into the store can pass another key off as a former one.
"""

import base64
import binascii
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sqlmodel import Session

from core.platform.audit import commands, queries
from core.platform.audit.checkpoint import public_bytes, verifier_key
from core.platform.audit.keys import make, signing_key, signing_path
from core.platform.audit.verify_log import Held, Unusable, read_signed
from core.platform.audit.work import seal
from core.platform.store import Actor, Store
from core.settings import Settings

_PURPOSE = b"aval log key change\n"


def rotate(store: Store, actor: Actor) -> str:
    """Seal with the old key, record the change, put the new key in its place; return the new verifier key."""
    settings = store.settings
    seal(store)
    old = signing_key(settings)
    path = signing_path(settings)
    following = path.with_name(f"{path.name}.next")
    following.unlink(missing_ok=True)
    make(following)
    new = load_pem_private_key(following.read_bytes(), password=None)
    if not isinstance(new, Ed25519PrivateKey):
        raise TypeError(path.name)
    names = [verifier_key(settings.log_origin, public_bytes(key.public_key())) for key in (old, new)]
    with store.unit_of_work(actor) as uow:
        commands.record_rotation(
            uow,
            old=names[0],
            new=names[1],
            endorsed=base64.b64encode(old.sign(_PURPOSE + names[1].encode())).decode(),
            acknowledged=base64.b64encode(new.sign(_PURPOSE + names[0].encode())).decode(),
        )
        uow.after_commit(lambda: _swap(following, path))
    seal(store)
    return names[1]


def known_keys(session: Session, settings: Settings) -> tuple[str, ...]:
    """Return the verifier keys of this log, the present one first, then those it acknowledges as its predecessors."""
    key = verifier_key(settings.log_origin, public_bytes(signing_key(settings).public_key()))
    found = [key]
    changes = queries.events(session, action=commands.KEY_ROTATED, limit=1_000)
    for change in changes:
        old, new = str(change.data["old"]), str(change.data["new"])
        if new == found[-1] and _signed(new, old, str(change.data["acknowledged_by_new"])):
            found.append(old)
    return tuple(found)


def held_here(session: Session, settings: Settings) -> Held:
    """Return the kept checkpoints that a known key has signed: forging one takes a key, not only the database."""
    keys = known_keys(session, settings)
    held = Held()
    for kept in queries.checkpoints(session, limit=1_000_000):
        try:
            held.add(*read_signed(kept.note, keys))
        except Unusable:
            continue
    return held


def _signed(key: str, subject: str, signature: str) -> bool:
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.split("+", 2)[2])[1:])
    try:
        public.verify(base64.b64decode(signature), _PURPOSE + subject.encode())
    except (InvalidSignature, binascii.Error):
        return False
    return True


def _swap(following: Path, path: Path) -> None:
    following.replace(path)
