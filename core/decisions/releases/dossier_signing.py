"""Signatures of a dossier: DSSE envelopes over in-toto statements, ECDSA P-256.

The artifact's follows OpenSSF Model Signing 1.0.
https://github.com/secure-systems-lab/dsse, https://github.com/in-toto/attestation,
https://github.com/ossf/model-signing-spec: the official `model_signing verify key` accepts what `sign_artifact` returns.
"""

import base64
import json
from collections.abc import Mapping
from hashlib import sha256

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
DECISION_TYPE = "urn:aval:release-decision:v1"
MODEL_SIGNATURE_TYPE = "https://model_signing/signature/v1.0"
BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"


def public_pem(key: EllipticCurvePrivateKey) -> bytes:
    """Return the public key as PEM."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def canonical(value: object) -> bytes:
    """Return the one JSON text of a value: sorted keys, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def envelope(payload: bytes, key: EllipticCurvePrivateKey, key_id: str) -> dict[str, object]:
    """Sign `payload` (DSSE version 1: the signature covers type and lengths too)."""
    text = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
    signature = key.sign(text, ECDSA(hashes.SHA256()))
    return {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"keyid": key_id, "sig": base64.b64encode(signature).decode()}],
    }


def sign_statement(
    subjects: Mapping[str, str], predicate: Mapping[str, object], key: EllipticCurvePrivateKey
) -> bytes:
    """Return the signed decision; `subjects` maps part name to SHA-256 in hexadecimal, in the order of the parts."""
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in subjects.items()],
        "predicateType": DECISION_TYPE,
        "predicate": predicate,
    }
    return canonical(envelope(canonical(statement), key, sha256(public_pem(key)).hexdigest()))


def sign_artifact(file_name: str, digest: str, key: EllipticCurvePrivateKey) -> bytes:
    """Return the OpenSSF signature of a folder that holds one file of this SHA-256."""
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": "artifact", "digest": {"sha256": sha256(bytes.fromhex(digest)).hexdigest()}}],
        "predicateType": MODEL_SIGNATURE_TYPE,
        "predicate": {
            "serialization": {
                "method": "files",
                "hash_type": "sha256",
                "allow_symlinks": False,
                "ignore_paths": [],
            },
            "resources": [{"name": file_name, "algorithm": "sha256", "digest": digest}],
        },
    }
    bundle = {
        "mediaType": BUNDLE_TYPE,
        "verificationMaterial": {
            "publicKey": {"hint": sha256(public_pem(key)).hexdigest()},
            "tlogEntries": [],
        },
        "dsseEnvelope": envelope(canonical(statement), key, ""),
    }
    return canonical(bundle)
