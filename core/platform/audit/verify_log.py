"""Verify an exported audit log of Aval without Aval: this one file, Python ≥ 3.9 and `cryptography`.

    python verify_log.py EXPORT.jsonl --key ORIGIN+ID+BASE64 CHECKPOINT...

EXPORT holds one line per event: {"body": "…canonical JSON…"}, in order (a plain body per line is taken too).
Each CHECKPOINT is a C2SP signed note that was kept elsewhere; several keys may be given when the key was changed.
The verdict names the first entry at fault: exactly, where `leaves-SIZE.bin` lies beside the note (the hashes of the
entries since the note before), else as closely as the notes allow: after the last that fits, up to the first that
does not.
Exit status: 0 every checkpoint fits, 1 one does not, 2 unusable input.

Hashes as in RFC 9162, section 2.1: leaf SHA-256(00 ‖ body), node SHA-256(01 ‖ left ‖ right).
"""

import argparse
import base64
import binascii
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import islice
from json.decoder import scanstring  # type: ignore[attr-defined]

BODY_PREFIX = '{"body":'
HASH = 32
KEPT = 8
PART = 8192
Found = tuple[int, int, str]
Kept = Mapping[tuple[int, int], bytes]
Part = tuple[list[bytes], list[tuple[int, str]]]
"""Consecutive leaf hashes, and (index, fault) of those that betray themselves, in order."""


class Unusable(Exception):
    """The input cannot be judged at all."""


def entries_of(path: str) -> "Iterator[Part]":
    """Yield the entries by the thousand: their leaf hashes, and what their own words say against their place."""
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - one file, plain library
        start = 0
        while lines := list(islice(file, PART)):
            bodies = [_body(line) for line in lines]
            leaves = [sha256(b"\x00" + body.encode()).digest() for body in bodies]
            yield (
                leaves,
                [
                    (index, "out of place")
                    for index, body in enumerate(bodies, start)
                    if f'"seq":{index},' not in body
                ],
            )
            start += len(lines)


def _body(line: str) -> str:
    """The body that a line of the export holds; only a string is read, so that no JSON object need be built."""
    if not line.startswith(BODY_PREFIX):
        return line.rstrip("\n")
    opening = line.index('"', len(BODY_PREFIX))
    body: str
    body, end = scanstring(line, opening + 1)
    if line[len(BODY_PREFIX) : opening].strip() or line[end:].strip() != "}":
        raise ValueError("a line holds something else than one body")
    return body


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


class Held:
    """What was kept elsewhere: roots by size, and the leaf hashes [start, size) that lay beside some of the notes."""

    def __init__(self) -> None:
        self.roots: dict[int, bytes] = {}
        self.leaves: dict[int, tuple[int, bytes]] = {}

    def add(self, size: int, root: bytes, leaves: bytes = b"") -> None:
        """Add a checkpoint; raise `Unusable` where it contradicts another of the same size."""
        if self.roots.setdefault(size, root) != root:
            raise Unusable(f"two checkpoints of size {size} disagree: the log was forked")
        count = len(leaves) // HASH
        if leaves and len(leaves) % HASH == 0 and count <= size:
            self.leaves[size - count] = (size, leaves)


def held_elsewhere(paths: "Iterable[str]", keys: "Sequence[str]") -> Held:
    """Read notes and the leaf hashes beside them; each note must be signed by one of `keys`."""
    held = Held()
    for path in paths:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            size, root = read_signed(file.read(), keys)
        beside = os.path.join(os.path.dirname(path), f"leaves-{size:012d}.bin")  # noqa: PTH118, PTH120
        leaves = b""
        if os.path.exists(beside):  # noqa: PTH110
            with open(beside, "rb") as file:  # noqa: PTH123
                leaves = file.read()
        held.add(size, root, leaves)
    return held


def read_signed(note: str, keys: "Sequence[str]") -> "tuple[int, bytes]":
    """Return size and root of a note signed by one of `keys`; raise `Unusable` otherwise."""
    for key in keys:
        try:
            return read_note(note, key)
        except Unusable:
            continue
    raise Unusable("a checkpoint carries no valid signature of a known key")


class Tree:
    """The log's tree as far as it is read: the roots of its complete subtrees, largest first."""

    def __init__(self, size: int = 0, edge: "Sequence[bytes]" = (), kept: "Kept | None" = None) -> None:
        self.size, self.edge, self.kept = size, list(edge), kept

    def extend(self, leaves: "list[bytes]") -> "Found | None":
        """Append leaves, level by level; return the first block whose stored inner node contradicts its entries."""
        first, nodes, level, edge = self.size, leaves, 0, self.edge[::-1]
        waiting: list[bytes] = []
        found: Found | None = None
        self.size += len(leaves)
        while nodes or edge:
            if first & 1:
                nodes, first = [edge.pop(0), *nodes], first - 1
            if len(nodes) & 1:
                waiting.append(nodes[-1])
            first >>= 1
            level += 1
            pairs = iter(nodes)
            nodes = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs)]  # noqa: B905
            if level >= KEPT and self.kept is not None:
                for index, node in enumerate(nodes, first):
                    end = ((index + 1) << level) - 1
                    if self.kept.get((level, index)) != node and (found is None or end < found[1]):
                        found = (index << level, end, "block")
        self.edge = waiting[::-1]
        return found

    def root(self) -> bytes:
        """Root of what was read; the hash of nothing for an empty log."""
        if not self.edge:
            return sha256(b"").digest()
        root = self.edge[-1]
        for left in reversed(self.edge[:-1]):
            root = sha256(b"\x01" + left + root).digest()
        return root


def judge(parts: "Iterable[Part]", held: Held, kept: "Kept | None" = None) -> "dict[str, object]":
    """Return the verdict: entries read, entries sealed, root, and the range in which the first bad one lies.

    `kept` are the inner nodes (level, index) that the log itself stores: they narrow the range where no leaves are held.
    """
    tree = Tree(kept=kept)
    sealed = 0
    suspect: Found | None = None
    stretch: _Stretch | None = None
    stops = sorted({*held.roots, *held.leaves}, reverse=True)
    for whole, faults in parts:
        for leaves in _between(whole, tree.size, stops):
            if tree.size in held.leaves:
                stretch = _Stretch(tree, *held.leaves[tree.size])
            if stretch is not None:
                stretch.compare(tree.size, leaves)
            own = next(((i, i, fault) for i, fault in faults if i - tree.size in range(len(leaves))), None)
            contradicted = tree.extend(leaves)
            suspect = suspect or min(filter(None, (own, contradicted)), key=lambda f: f[1], default=None)
            if tree.size in held.roots:
                if tree.root() != held.roots[tree.size]:
                    exact = stretch.first_bad(tree.size, held) if stretch else None
                    return _verdict(tree, sealed, exact or suspect or (sealed, tree.size - 1, "altered"))
                if suspect is None:
                    sealed = tree.size
    if held.roots and max(held.roots) > tree.size:
        exact = stretch.first_bad(tree.size, held) if stretch else None
        return _verdict(tree, sealed, exact or suspect or (tree.size, tree.size, "cut"))
    return _verdict(tree, sealed, suspect)


def _between(leaves: "list[bytes]", start: int, stops: "list[int]") -> "Iterator[list[bytes]]":
    """Cut leaves at the sizes that are to be looked at; `stops` is used up from its end."""
    at = start
    while stops and stops[-1] <= start + len(leaves):
        stop = stops.pop()
        if stop > at:
            yield leaves[at - start : stop - start]
            at = stop
    if at < start + len(leaves):
        yield leaves[at - start :]


class _Stretch:
    """Leaf hashes held elsewhere for entries [start, end), and the first of ours that differs."""

    def __init__(self, tree: Tree, end: int, leaves: bytes) -> None:
        self.start, self.end, self.leaves, self.edge = tree.size, end, leaves, list(tree.edge)
        self.differs: int | None = None

    def compare(self, index: int, leaves: "list[bytes]") -> None:
        offset = (index - self.start) * HASH
        theirs = self.leaves[offset : offset + len(leaves) * HASH]
        ours = b"".join(leaves)[: len(theirs)]
        if self.differs is None and ours != theirs:
            unequal = (n for n in range(len(leaves)) if leaves[n] != theirs[n * HASH : (n + 1) * HASH])
            self.differs = index + next(unequal)

    def first_bad(self, size: int, held: Held) -> "Found | None":
        """Name the first bad entry, if the held hashes are proved by the signed root; unproved ones accuse nobody."""
        tree = Tree(self.start, self.edge)
        tree.extend([self.leaves[offset : offset + HASH] for offset in range(0, len(self.leaves), HASH)])
        if tree.root() != held.roots.get(self.end):
            return None
        if self.differs is not None:
            return (self.differs, self.differs, "altered")
        return (size, size, "cut") if size < self.end else None


def _verdict(tree: Tree, sealed: int, found: "Found | None") -> "dict[str, object]":
    first, last, fault = found or (None, None, "")
    return {
        "ok": found is None,
        "events": tree.size,
        "root": tree.root().hex(),
        "sealed": sealed,
        "not_yet_sealed": max(tree.size - sealed, 0),
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
    parser.add_argument(
        "--key",
        required=True,
        action="append",
        help="the log's verifier key: ORIGIN+ID+BASE64; may be repeated",
    )
    parser.add_argument("checkpoints", nargs="*")
    arguments = parser.parse_intermixed_args()
    try:
        verdict = judge(entries_of(arguments.export), held_elsewhere(arguments.checkpoints, arguments.key))
    except (Unusable, OSError, ValueError, KeyError) as error:
        sys.stdout.write(json.dumps({"ok": False, "unusable": str(error)}) + "\n")
        return 2
    sys.stdout.write(json.dumps(verdict) + "\n")
    return 0 if verdict["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
