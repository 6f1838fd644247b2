"""Check a release dossier of Aval without Aval: this one file, Python 3.9 or later and `cryptography`.

    python verify.py DOSSIER.zip [--artifact MODEL_FILE] [--log-key ORIGIN+ID+BASE64] [--json]

It answers offline: are these the exact bytes? who approved? under which policy? is it in the log?
Every byte is accounted for: the ZIP's own bytes are rebuilt from its parts and compared, every part stands under one
signed statement, the statement's votes are the log's events, and the events lead to a signed checkpoint.
Exit status: 0 everything holds, 1 something does not, 2 unusable input.
"""

import argparse
import base64
import binascii
import json
import struct
import sys
import zlib
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

STATEMENT, ARTIFACT_SIGNATURE, BOM = "statement.json", "artifact.sig", "bom.cdx.json"
POLICY, THRESHOLDS, PROOFS, CHECKPOINT = (
    "policy.toml",
    "thresholds.json",
    "log/proofs.json",
    "log/checkpoint.note",
)
DOSSIER_KEY, ENDORSEMENT, LOG_KEY = "keys/dossier.pem", "keys/dossier.endorsement", "keys/log.vkey"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE, DECISION_TYPE = "https://in-toto.io/Statement/v1", "urn:aval:release-decision:v1"
MODEL_SIGNATURE_TYPE = "https://model_signing/signature/v1.0"
BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
LARGEST_DOCUMENT = 64 << 20
Said = dict[str, Any]
"""Parsed JSON: what it says is checked where it is used."""
CHUNK = 1 << 20


class Wrong(Exception):
    """The dossier does not hold; the text says what."""


def wrong(condition: bool, text: str) -> None:
    """Raise `Wrong` where the condition holds."""
    if condition:
        raise Wrong(text)


class Archive:
    """The parts of the ZIP: digests and sizes of all, the bytes of all but the artifact's."""

    def __init__(self, path: Path) -> None:
        self.digests: dict[str, str] = {}
        self.sizes: dict[str, int] = {}
        self.data: dict[str, bytes] = {}
        with path.open("rb") as file:
            central = []
            offset = 0
            while True:
                head = file.read(4)
                if head != b"PK\3\4":
                    break
                central.append(self._entry(file, head, offset))
                offset = file.tell()
            directory = b"".join(central)
            end = struct.pack(
                "<4s4H2LH", b"PK\5\6", 0, 0, len(central), len(central), len(directory), offset, 0
            )
            rest = head + file.read(len(directory) + len(end) + 1)
            wrong(rest != directory + end, "the ZIP's directory is not the one its parts make")

    def _entry(self, file: BinaryIO, head: bytes, offset: int) -> bytes:
        raw = head + file.read(26)
        wrong(len(raw) != 30, "the ZIP is cut")
        crc, size, _size, length, _extra = struct.unpack("<3L2H", raw[14:])
        name = file.read(length)
        wanted = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0x0800, 0, 0, 0x0021, crc, size, size, length, 0)
        wrong(raw != wanted or len(name) != length, "a ZIP header is not as this dossier writes it")
        try:
            title = name.decode()
        except UnicodeDecodeError:
            raise Wrong("a part's name is not text") from None
        wrong(title in self.digests, f"{title} is there twice")
        digest, found, left = sha256(), 0, size
        keep = not title.startswith("artifact/")
        wrong(keep and size > LARGEST_DOCUMENT, f"{title} is too large")
        kept = []
        while left:
            chunk = file.read(min(CHUNK, left))
            wrong(not chunk, "the ZIP is cut")
            digest.update(chunk)
            found = zlib.crc32(chunk, found)
            left -= len(chunk)
            if keep:
                kept.append(chunk)
        wrong(found != crc, f"{title} has another checksum")
        self.digests[title], self.sizes[title] = digest.hexdigest(), size
        if keep:
            self.data[title] = b"".join(kept)
        return (
            struct.pack(
                "<4s6H3L5H2L", b"PK\1\2", 0x031E, 20, 0x0800, 0, 0, 0x0021, crc, size, size, length,
                0, 0, 0, 0, 0o100644 << 16, offset,
            )
            + name
        )  # fmt: skip


def canonical(value: object) -> bytes:
    """The one JSON text of a value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def exact_base64(text: str) -> bytes:
    """Decode; refuse a text that is not the one encoding of its bytes."""
    raw = base64.b64decode(text, validate=True)
    wrong(base64.b64encode(raw).decode() != text, "a base64 text is not the one encoding of its bytes")
    return raw


def opened(envelope: Said, pem: bytes) -> Said:
    """Return what a DSSE envelope signs; raise `Wrong` where the key did not sign it."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415

    wrong(
        envelope["payloadType"] != PAYLOAD_TYPE or len(envelope["signatures"]) != 1,
        "another kind of envelope",
    )
    payload = exact_base64(envelope["payload"])
    text = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
    key = load_pem_public_key(pem)
    if not isinstance(key, EllipticCurvePublicKey):
        raise Wrong("the dossier's key is of another kind")
    try:
        key.verify(exact_base64(envelope["signatures"][0]["sig"]), text, ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise Wrong("a signature is not of the dossier's key") from None
    found: Said = json.loads(payload)
    return found


def read_statement(archive: Archive) -> Said:
    """Return the signed statement; every other part must be one of its subjects, in its order."""
    raw, pem = archive.data[STATEMENT], archive.data[DOSSIER_KEY]
    envelope = json.loads(raw)
    wrong(canonical(envelope) != raw, "the statement is not written in its one form")
    wrong(set(envelope) != {"payload", "payloadType", "signatures"}, "the statement's envelope says more")
    statement = opened(envelope, pem)
    signature = envelope["signatures"][0]
    wrong(
        set(signature) != {"keyid", "sig"} or signature["keyid"] != sha256(pem).hexdigest(),
        "the statement names another key",
    )
    wrong(
        statement["_type"] != STATEMENT_TYPE or statement["predicateType"] != DECISION_TYPE,
        "another statement",
    )
    artifact = statement["predicate"]["artifact"]
    subjects = {s["name"]: s["digest"]["sha256"] for s in statement["subject"]}
    wrong(len(subjects) != len(statement["subject"]), "the statement names a part twice")
    expected = [n for n in subjects if artifact["included"] or n != artifact["name"]]
    wrong(
        [STATEMENT, *expected] != list(archive.digests),
        "the parts are not those of the statement, in its order",
    )
    for name in expected:
        wrong(archive.digests[name] != subjects[name], f"{name} is not the part that was signed")
    wrong(
        subjects[artifact["name"]] != artifact["digest"],
        "the statement contradicts itself about the artifact",
    )
    return statement


def check_artifact(archive: Archive, artifact: Said, beside: "Path | None") -> str:
    """Return whether the exact bytes were seen: `inside`, `beside` or `absent`; check the OpenSSF signature."""
    bundle = json.loads(archive.data[ARTIFACT_SIGNATURE])
    signed = opened(bundle["dsseEnvelope"], archive.data[DOSSIER_KEY])
    resource = {
        "name": artifact["name"].split("/", 1)[1],
        "algorithm": "sha256",
        "digest": artifact["digest"],
    }
    wrong(
        bundle["mediaType"] != BUNDLE_TYPE
        or signed["predicateType"] != MODEL_SIGNATURE_TYPE
        or signed["predicate"]["resources"] != [resource],
        "the artifact's signature is of another file",
    )
    if artifact["included"]:
        wrong(archive.sizes[artifact["name"]] != artifact["size"], "the artifact has another size")
        return "inside"
    if beside is None:
        return "absent"
    digest = sha256()
    with beside.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    wrong(digest.hexdigest() != artifact["digest"], "the file beside the dossier is not the approved one")
    return "beside"


def read_note(note: str, key: str) -> "tuple[int, bytes]":
    """Return size and root of a C2SP signed note."""
    origin, identity, encoded = key.split("+", 2)
    public = exact_base64(encoded)
    wrong(
        public[:1] != b"\x01" or sha256(origin.encode() + b"\n" + public).digest()[:4].hex() != identity,
        "the log's key does not carry its own identity",
    )
    text, _, last = note.partition("\n\n")
    text += "\n"
    said, size, root = text.splitlines()
    dash, name, signature = last.rstrip("\n").split(" ")
    raw = exact_base64(signature)
    wrong(
        dash != "\N{EM DASH}" or {said, name} != {origin} or raw[:4].hex() != identity,
        "another log's checkpoint",
    )
    signed_by_log(key, raw[4:], text.encode(), "the checkpoint is not signed by the log's key")
    return int(size), exact_base64(root)


def signed_by_log(key: str, signature: bytes, text: bytes, problem: str) -> None:
    """Raise `Wrong` unless the log's Ed25519 key signed the text."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(key.split("+", 2)[2])[1:]).verify(signature, text)
    except InvalidSignature:
        raise Wrong(problem) from None


def root_of(leaf: bytes, index: int, size: int, path: "list[bytes]") -> bytes:
    """The root that an audit path leads to (RFC 9162, section 2.1.3.2)."""
    node, last, found = index, size - 1, leaf
    wrong(not 0 <= index < size, "an event lies outside the checkpoint")
    for sibling in path:
        wrong(last == 0, "a path is too long")
        if node & 1 or node == last:
            found = sha256(b"\x01" + sibling + found).digest()
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            found = sha256(b"\x01" + found + sibling).digest()
        node >>= 1
        last >>= 1
    wrong(last != 0, "a path is too short")
    return found


def check_log(archive: Archive, said: Said, log_key: "str | None") -> "list[Said]":
    """Return the release's events; each must be in the log under the checkpoint, of the log whose key was given."""
    key = archive.data[LOG_KEY].decode().rstrip("\n")
    wrong(log_key is not None and key != log_key, "the log's key is not the one that was given")
    wrong(key != said["log"]["key"], "the statement names another log")
    endorsement = exact_base64(archive.data[ENDORSEMENT].decode().rstrip("\n"))
    text = b"aval dossier key\n" + archive.data[DOSSIER_KEY]
    signed_by_log(key, endorsement, text, "the log does not vouch for the dossier's key")
    size, root = read_note(archive.data[CHECKPOINT].decode(), key)
    wrong(
        (size, root.hex()) != (said["log"]["size"], said["log"]["root"]),
        "the statement names another checkpoint",
    )
    events = []
    for proof in json.loads(archive.data[PROOFS]):
        leaf = sha256(b"\x00" + proof["body"].encode()).digest()
        path = [bytes.fromhex(node) for node in proof["path"]]
        wrong(root_of(leaf, proof["index"], size, path) != root, f"event {proof['index']} is not in the log")
        body = json.loads(proof["body"])
        wrong(body["seq"] != proof["index"], f"event {proof['index']} says that it stands elsewhere")
        wrong(body["subject"] != {"kind": "release", "id": said["release"]}, "an event is of another release")
        events.append(body)
    return events


def check_votes(said: Said, events: "list[Said]") -> None:
    """The statement's signatures must be the log's, one for one, bound to the same snapshot and policy."""
    signed = [
        e for e in events if e["action"] == "release.signed" and e["data"].get("round") == said["round"]
    ]
    logged = [
        (
            e["actor"]["id"],
            e["data"]["area"],
            e["data"]["meaning"],
            e["data"]["snapshot"],
            e["data"].get("on_behalf_of", ""),
            e["data"].get("confirmed_by", ""),
        )
        for e in signed
    ]
    stated = [
        (s["person"], s["area"], s["meaning"], s["snapshot"], s["on_behalf_of"], s["confirmed_by"])
        for s in said["signatures"]
    ]
    wrong(sorted(logged) != sorted(stated), "the signatures are not those in the log")
    for event in signed:
        wrong(event["data"]["policy"] != said["policy"]["digest"], "a signature is under another policy")
    broken = any(e["action"] == "release.emergency" for e in events)
    wrong(broken != said["emergency"], "the log says otherwise whether this was an emergency")
    approvals = [s for s in said["signatures"] if s["meaning"] == "approve"]
    wrong(
        any(s["snapshot"] != said["snapshot"]["digest"] for s in approvals),
        "an approval is bound to other facts",
    )


def check(path: Path, *, artifact: "Path | None" = None, log_key: "str | None" = None) -> Said:
    """Return the answers; raise `Wrong` where anything does not hold."""
    try:
        archive = Archive(path)
        statement = read_statement(archive)
        said = statement["predicate"]
        seen = check_artifact(archive, said["artifact"], artifact)
        wrong(
            archive.digests[POLICY] != said["policy"]["digest"],
            "the policy's text is not the one decided under",
        )
        facts = said["snapshot"]["facts"]
        wrong(
            sha256(canonical(facts)).hexdigest() != said["snapshot"]["digest"],
            "the facts are not those signed",
        )
        wrong(facts["artifact_digest"] != said["artifact"]["digest"], "another file was decided on")
        wrong(facts["policy_digest"] != said["policy"]["digest"], "another policy was decided under")
        wrong(
            archive.digests[THRESHOLDS] != facts["thresholds_digest"],
            "the thresholds are not the sealed ones",
        )
        events = check_log(archive, said, log_key)
        check_votes(said, events)
    except Wrong:
        raise
    except (
        KeyError,
        IndexError,
        TypeError,
        AttributeError,
        ValueError,
        binascii.Error,
        struct.error,
    ) as problem:
        raise Wrong(f"the dossier is not whole: {type(problem).__name__} {problem}") from problem
    return {
        "ok": True,
        "artifact": {**said["artifact"], "seen": seen},
        "release": said["release"],
        "use_case": said["use_case"],
        "model": said["model"],
        "environment": said["environment"],
        "state": said["state"],
        "decided_at": said["decided_at"],
        "emergency": said["emergency"],
        "signatures": said["signatures"],
        "policy": said["policy"],
        "gates": said["gates"],
        "events": len(events),
        "log": said["log"],
        "log_key_given": log_key is not None,
    }


def told(answer: Said) -> str:
    """Return the answers as lines for a person."""
    file = answer["artifact"]
    where = {
        "inside": f"yes: {file['name']}, {file['size']} bytes",
        "beside": "yes: the file beside it",
        "absent": "the model file is not in this dossier; name it with --artifact",
    }[file["seen"]]
    lines = [
        f"{answer['use_case']} v{answer['model']['number']} for {answer['environment']}: {answer['state']}",
        f"Decided              {answer['decided_at']}",
        f"Exact bytes?         {where}",
        f"                     sha256 {file['digest']}",
        f"                     read in isolation: {answer['model']['isolation']}; verdict: {answer['model']['verdict']}",
        "Who approved?        " + ("" if answer["signatures"] else "nobody"),
    ]
    if answer["emergency"]:
        lines.append("  EMERGENCY: it went live before the signatures that its policy asks")
    lines += [
        f"  {s['signed_at']}  {s['person']}  {s['area']}: {s['meaning']}"
        + (f" (on behalf of {s['on_behalf_of']})" if s["on_behalf_of"] else "")
        for s in answer["signatures"]
    ]
    policy, log = answer["policy"], answer["log"]
    failed = [g["kind"] for g in answer["gates"] if g["blocks"]]
    lines += [
        f"Under which policy?  {policy['name']} {policy['version']}, sha256 {policy['digest']}",
        f"                     {len(answer['gates'])} gates judged"
        + (f"; blocking: {', '.join(failed)}" if failed else ""),
        f"In the log?          yes: {answer['events']} events under the checkpoint of {log['size']}, root {log['root']}",
        f"                     log key {log['key']}",
    ]
    if not answer["log_key_given"]:
        lines.append(
            "                     Compare this key with the one you were given, or pass it with --log-key."
        )
    return "\n".join(lines)


def run(
    path: Path, *, artifact: "Path | None" = None, log_key: "str | None" = None, as_json: bool = False
) -> int:
    """Check, print, return the exit status."""
    try:
        answer = check(path, artifact=artifact, log_key=log_key)
    except Wrong as problem:
        text = json.dumps({"ok": False, "problem": str(problem)}) if as_json else f"DOES NOT HOLD: {problem}"
        sys.stdout.write(text + "\n")
        return 1
    except OSError as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    sys.stdout.write((json.dumps(answer) if as_json else told(answer)) + "\n")
    return 0


def main() -> int:
    """Read the arguments and check."""
    parser = argparse.ArgumentParser(description="Check a release dossier offline.")
    parser.add_argument("dossier", type=Path)
    parser.add_argument("--artifact", type=Path, help="the model file, where the dossier leaves it out")
    parser.add_argument("--log-key", help="the log's verifier key as you were given it: ORIGIN+ID+BASE64")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    return run(
        arguments.dossier, artifact=arguments.artifact, log_key=arguments.log_key, as_json=arguments.json
    )


if __name__ == "__main__":
    sys.exit(main())
