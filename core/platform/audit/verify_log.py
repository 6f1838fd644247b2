"""Verify an exported audit log of Aval without Aval: this one file, Python ≥ 3.9 and `cryptography`.

    python verify_log.py EXPORT.jsonl --key ORIGIN+ID+BASE64 CHECKPOINT...

EXPORT holds one line per event: {"body": "…canonical JSON…"}, in order (a plain body per line is taken too).
Each CHECKPOINT is a C2SP signed note that was kept elsewhere. The verdict names the first entry at fault as closely as
the checkpoints allow: after the last checkpoint that fits, up to the first that does not.
Exit status: 0 every checkpoint fits, 1 one does not, 2 unusable input.

Hashes as in RFC 9162, section 2.1: leaf SHA-256(00 ‖ body), node SHA-256(01 ‖ left ‖ right).
"""

import argparse
import base64
import binascii
import json
import sys
from collections.abc import Iterable, Iterator
from hashlib import sha256

BODY_PREFIX = '{"body":'


class Unusable(Exception):
    """The input cannot be judged at all."""


def leaves(path: str) -> Iterator[tuple[bytes, bool]]:
    """Yield each entry's leaf hash, and whether its own index says that it stands where it stands."""
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - one file, plain library
        for index, line in enumerate(file):
            text = line.rstrip("\n")
            body = json.loads(text)["body"] if text.startswith(BODY_PREFIX) else text
            yield sha256(b"\x00" + body.encode()).digest(), f'"seq":{index},' in body


def read_note(note: str, key: str) -> tuple[int, bytes]:
    """Return size and root of a note signed by `key`; raise `Unusable` otherwise."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - the message names what is missing
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    origin, identity, encoded = key.split("+", 2)
    public = base64.b64decode(encoded)
    if public[:1] != b"\x01" or sha256(origin.encode() + b"\n" + public).digest()[:4].hex() != identity:
        raise Unusable("the key does not carry its own identity")
    text, _, signatures = note.partition("\n\n")
    text += "\n"
    for line in signatures.splitlines():
        dash, _, rest = line.partition(" ")
        name, _, signature = rest.rpartition(" ")
        try:
            raw = base64.b64decode(signature, validate=True)
            if dash != "\N{EM DASH}" or name != origin or raw[:4].hex() != identity:
                continue
            Ed25519PublicKey.from_public_bytes(public[1:]).verify(raw[4:], text.encode())
        except (InvalidSignature, binascii.Error):
            continue
        said, size, root = text.splitlines()[:3]
        if said == origin:
            return int(size), base64.b64decode(root)
    raise Unusable("a checkpoint carries no valid signature of this key")


def held_elsewhere(paths: Iterable[str], key: str) -> dict[int, bytes]:
    """Return the root that each kept checkpoint names, by size."""
    held: dict[int, bytes] = {}
    for path in paths:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            size, root = read_note(file.read(), key)
        if held.setdefault(size, root) != root:
            raise Unusable(f"two checkpoints of size {size} disagree: the log was forked")
    return held


def judge(entries: Iterable[tuple[bytes, bool]], checkpoints: dict[int, bytes]) -> dict[str, object]:
    """Return the verdict: entries read, entries sealed, and the range in which the first bad one lies."""
    edge: list[bytes] = []
    size = sealed = 0
    first_bad: int | None = None
    wanted = sorted(checkpoints)
    for leaf, in_place in entries:
        if not in_place and first_bad is None:
            first_bad = size
        node, rest = leaf, size
        while rest & 1:
            node = sha256(b"\x01" + edge.pop() + node).digest()
            rest >>= 1
        edge.append(node)
        size += 1
        if size in checkpoints:
            if _root(edge) != checkpoints[size]:
                return _verdict(
                    size, sealed, first_bad if first_bad is not None else sealed, size - 1, "altered"
                )
            sealed = size
    if first_bad is not None:
        return _verdict(size, sealed, first_bad, first_bad, "out of place")
    if wanted and wanted[-1] > size:
        return _verdict(size, sealed, size, size, "cut")
    return _verdict(size, sealed, None, None, "")


def _root(edge: list[bytes]) -> bytes:
    root = edge[-1]
    for left in reversed(edge[:-1]):
        root = sha256(b"\x01" + left + root).digest()
    return root


def _verdict(
    size: int, sealed: int, first: "int | None", last: "int | None", fault: str
) -> dict[str, object]:
    return {
        "ok": first is None,
        "events": size,
        "sealed": sealed,
        "not_yet_sealed": max(size - sealed, 0),
        "fault": fault,
        "first_bad_from": first,
        "first_bad_to": last,
    }


def main() -> int:
    """Read the arguments, print the verdict as one line of JSON."""
    parser = argparse.ArgumentParser(
        description="Verify an exported audit log against checkpoints kept elsewhere."
    )
    parser.add_argument("export")
    parser.add_argument("--key", required=True, help="the log's verifier key: ORIGIN+ID+BASE64")
    parser.add_argument("checkpoints", nargs="*")
    arguments = parser.parse_intermixed_args()
    try:
        verdict = judge(leaves(arguments.export), held_elsewhere(arguments.checkpoints, arguments.key))
    except (Unusable, OSError, ValueError, KeyError) as error:
        sys.stdout.write(json.dumps({"ok": False, "unusable": str(error)}) + "\n")
        return 2
    sys.stdout.write(json.dumps(verdict) + "\n")
    return 0 if verdict["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
