"""Inclusion and consistency proofs of RFC 9162, sections 2.1.3 and 2.1.4.

The prover is given `subtree(start, end)`, which returns the hash of the complete subtree over leaves [start, end)
(end − start a power of two, start a multiple of it), so that it need not know where hashes are stored.
"""

from collections.abc import Callable, Sequence

from core.platform.audit.merkle import node_hash

Subtree = Callable[[int, int], bytes]


def inclusion(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """Return the audit path of leaf `index` in the tree of the first `size` leaves (RFC 9162, 2.1.3.1)."""
    if not 0 <= index < size:
        msg = f"leaf {index} is not in a tree of {size}"
        raise ValueError(msg)
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_hash(middle, end, subtree))
            end = middle
        else:
            path.append(_hash(start, middle, subtree))
            start = middle
    return path[::-1]


def consistency(old: int, new: int, subtree: Subtree) -> list[bytes]:
    """Return the proof that the tree of `old` leaves is the beginning of the tree of `new` (RFC 9162, 2.1.4.1)."""
    if not 0 <= old <= new:
        msg = f"a log of {new} cannot contain one of {old}"
        raise ValueError(msg)
    if old in (0, new):
        return []
    path: list[bytes] = []
    start, end, whole = 0, new, True
    while old - start != end - start:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_hash(middle, end, subtree))
            end = middle
        else:
            path.append(_hash(start, middle, subtree))
            start, whole = middle, False
    if not whole:
        path.append(_hash(start, end, subtree))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Say whether `path` leads from `leaf` at `index` to `root` (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            found = node_hash(found, sibling)
        node >>= 1
        last >>= 1
    return last == 0 and found == root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Say whether the log of `old_root` is the beginning of the log of `new_root` (RFC 9162, 2.1.4.2)."""
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path
    if old > new or old < 0 or not path:
        return False
    rest = list(path)
    if old & (old - 1) == 0:
        rest.insert(0, old_root)
    node, last = old - 1, new - 1
    while node & 1:
        node >>= 1
        last >>= 1
    first = second = rest[0]
    for sibling in rest[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            second = node_hash(second, sibling)
        node >>= 1
        last >>= 1
    return last == 0 and first == old_root and second == new_root


def root(size: int, subtree: Subtree) -> bytes:
    """Return the root of the tree of the first `size` leaves, at least one."""
    return _hash(0, size, subtree)


def _split(count: int) -> int:
    """Return the largest power of two below `count`."""
    return 1 << ((count - 1).bit_length() - 1)


def _hash(start: int, end: int, subtree: Subtree) -> bytes:
    """Hash of leaves [start, end), joined from complete subtrees at the right edge."""
    count = end - start
    if count & (count - 1) == 0:
        return subtree(start, end)
    middle = start + _split(count)
    return node_hash(subtree(start, middle), _hash(middle, end, subtree))
