"""The key that signs checkpoints: a file only its owner may read, outside store, exports and backups."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from core.errors import Invalid
from core.i18n import N_
from core.settings import Settings


def signing_key(settings: Settings) -> Ed25519PrivateKey:
    """Return the installation's key; make one at first use. Raise `Invalid` when others may read the file."""
    path = signing_path(settings)
    if not path.exists():
        make(path)
    key = _read(path)
    if not isinstance(key, Ed25519PrivateKey):
        raise Invalid(
            "audit.key_kind",
            N_("The signing key {path} is not an Ed25519 key."),
            fix=N_("Name a PEM file with an Ed25519 private key in AVAL_SIGNING_KEY."),
            path=str(path),
        )
    return key


def dossier_key(settings: Settings) -> EllipticCurvePrivateKey:
    """Return the ECDSA P-256 key that signs release dossiers; it lies beside the log's, and is made at first use."""
    path = signing_path(settings).with_name("dossier.pem")
    if not path.exists():
        _write(path, generate_private_key(SECP256R1()))
    key = _read(path)
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise Invalid(
            "audit.dossier_key_kind",
            N_("The dossier key {path} is not an ECDSA P-256 key."),
            fix=N_("Move it away; a new one is made."),
            path=str(path),
        )
    return key


def signing_path(settings: Settings) -> Path:
    """Return where the key lies: named by the settings, else in the installation's folder."""
    return Path(settings.signing_key) if settings.signing_key else settings.folder_path / "keys" / "log.pem"


def make(path: Path) -> None:
    """Write a fresh key that only its owner may read; raise `FileExistsError` where there is one."""
    _write(path, Ed25519PrivateKey.generate())


def _read(path: Path) -> object:
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise Invalid(
            "audit.key_open",
            N_("Others may read the signing key {path}."),
            fix=N_("Run: chmod 600 {path}"),
            path=str(path),
        )
    return load_pem_private_key(path.read_bytes(), password=None)


def _write(path: Path, key: Ed25519PrivateKey | EllipticCurvePrivateKey) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
