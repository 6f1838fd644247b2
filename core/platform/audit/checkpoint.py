"""Checkpoints: the size and root of the log as a C2SP signed note (tlog-checkpoint), Ed25519.

Format: https://c2sp.org/tlog-checkpoint and https://c2sp.org/signed-note. A checkpoint held elsewhere is the evidence:
whoever rewrites the log after it cannot make the old root come true again.
"""

import base64
import binascii
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from core.errors import Invalid
from core.i18n import N_

_ED25519 = b"\x01"
_DASH = "\N{EM DASH}"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a signed note says: whose log, how many entries, which root."""

    origin: str
    size: int
    root: bytes


def sign(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    """Return the signed note."""
    text = f"{checkpoint.origin}\n{checkpoint.size}\n{base64.b64encode(checkpoint.root).decode()}\n"
    signature = _key_id(checkpoint.origin, public_bytes(key.public_key())) + key.sign(text.encode())
    return f"{text}\n{_DASH} {checkpoint.origin} {base64.b64encode(signature).decode()}\n"


def verify(note: str, origin: str, public_key: bytes) -> Checkpoint:
    """Return what the note says; raise `Invalid` when it is not signed by this key in this origin's name."""
    text, separator, signatures = note.partition("\n\n")
    if not separator:
        raise _not_signed(origin)
    text += "\n"
    key_id = _key_id(origin, public_key)
    for line in signatures.splitlines():
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.rpartition(" ")
        if dash != _DASH or name != origin:
            continue
        try:
            raw = base64.b64decode(encoded, validate=True)
            if raw[:4] != key_id:
                continue
            Ed25519PublicKey.from_public_bytes(public_key).verify(raw[4:], text.encode())
            said, size, root = text.splitlines()[:3]
            checkpoint = Checkpoint(said, int(size), base64.b64decode(root, validate=True))
        except (InvalidSignature, ValueError, binascii.Error):
            continue
        if said == origin and str(checkpoint.size) == size and len(checkpoint.root) == sha256().digest_size:
            return checkpoint
    raise _not_signed(origin)


def public_bytes(key: Ed25519PublicKey) -> bytes:
    """Return the 32 bytes of a public key."""
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def verifier_key(origin: str, public_key: bytes) -> str:
    """Return the key in the form that note verifiers read: origin+id+base64."""
    key_id = _key_id(origin, public_key)
    return f"{origin}+{key_id.hex()}+{base64.b64encode(_ED25519 + public_key).decode()}"


def _key_id(origin: str, public_key: bytes) -> bytes:
    return sha256(origin.encode() + b"\n" + _ED25519 + public_key).digest()[:4]


def _not_signed(origin: str) -> Invalid:
    return Invalid(
        "audit.checkpoint_unsigned",
        N_("The checkpoint carries no valid signature of {origin}."),
        fix=N_("Check that this is the note and the public key of this installation."),
        origin=origin,
    )
