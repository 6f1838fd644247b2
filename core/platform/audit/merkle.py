"""The Merkle tree of RFC 9162, section 2.1: an append costs O(log n) and needs only the right edge."""

from dataclasses import dataclass
from hashlib import sha256

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(body: bytes) -> bytes:
    """Hash of one entry: SHA-256(00 ‖ body)."""
    return sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of two subtrees: SHA-256(01 ‖ left ‖ right)."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """The size of the tree and the roots of its complete subtrees, largest first."""

    size: int = 0
    edge: tuple[bytes, ...] = ()

    def push(self, leaf: bytes) -> "Frontier":
        """Return the frontier after one more leaf."""
        return self.grow(leaf)[0]

    def grow(self, leaf: bytes) -> tuple["Frontier", list[tuple[int, int, bytes]]]:
        """Return the frontier after one more leaf, and the inner nodes it completed: (level, index, hash)."""
        edge = list(self.edge)
        node, level, rest = leaf, 0, self.size
        completed = []
        while rest & 1:
            node = node_hash(edge.pop(), node)
            rest >>= 1
            level += 1
            completed.append((level, rest, node))
        edge.append(node)
        return Frontier(self.size + 1, tuple(edge)), completed

    def root(self) -> bytes:
        """Root of the tree; the hash of nothing for an empty one."""
        if not self.edge:
            return EMPTY_ROOT
        node = self.edge[-1]
        for left in reversed(self.edge[:-1]):
            node = node_hash(left, node)
        return node

    def pack(self) -> bytes:
        """The edge as bytes, for one row."""
        return b"".join(self.edge)

    @classmethod
    def unpack(cls, size: int, packed: bytes) -> "Frontier":
        """Read back what `pack` wrote."""
        return cls(size, tuple(packed[i : i + HASH_SIZE] for i in range(0, len(packed), HASH_SIZE)))
