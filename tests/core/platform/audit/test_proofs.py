"""Every proof of every small log verifies; a changed bit, index, size or root does not."""

from datetime import timedelta
from hashlib import sha256

from hypothesis import given, settings
from hypothesis import strategies as st

from core.platform.audit import queries as audit
from core.platform.audit.merkle import Frontier, leaf_hash, node_hash
from core.platform.audit.proofs import consistency, inclusion, verify_consistency, verify_inclusion

LEAVES = [leaf_hash(b"%d" % n) for n in range(130)]


def subtree(start: int, end: int) -> bytes:
    if end - start == 1:
        return LEAVES[start]
    middle = (start + end) // 2
    return node_hash(subtree(start, middle), subtree(middle, end))


def root(size: int) -> bytes:
    frontier = Frontier()
    for leaf in LEAVES[:size]:
        frontier = frontier.push(leaf)
    return frontier.root()


ROOTS = [root(n) for n in range(len(LEAVES) + 1)]


def test_every_leaf_of_every_log_is_proved() -> None:
    for size in range(1, 70):
        for index in range(size):
            path = inclusion(index, size, subtree)
            assert verify_inclusion(LEAVES[index], index, size, path, ROOTS[size])
            assert len(path) <= (size - 1).bit_length()


def test_every_log_begins_every_later_one() -> None:
    for new in range(1, 70):
        for old in range(new + 1):
            assert verify_consistency(old, new, ROOTS[old], ROOTS[new], consistency(old, new, subtree))


@settings(max_examples=300)
@given(st.data())
def test_a_forged_proof_fails(data) -> None:
    size = data.draw(st.integers(2, 129))
    index = data.draw(st.integers(0, size - 1))
    path = inclusion(index, size, subtree)
    change = data.draw(st.sampled_from(["bit", "index", "size", "root", "drop", "extra", "leaf"]))
    leaf, at, count, top = LEAVES[index], index, size, ROOTS[size]
    if change == "bit":
        step = data.draw(st.integers(0, len(path) - 1))
        path[step] = bytes([path[step][0] ^ 1]) + path[step][1:]
    elif change == "index":
        at = data.draw(st.integers(0, size - 1).filter(lambda n: n != index))
    elif change == "size":
        top = ROOTS[data.draw(st.integers(1, 129).filter(lambda n: n != size))]
    elif change == "root":
        top = sha256(top).digest()
    elif change == "drop":
        path.pop()
    elif change == "extra":
        path.append(top)
    else:
        leaf = sha256(leaf).digest()
    assert not verify_inclusion(leaf, at, count, path, top)


@settings(max_examples=300)
@given(st.integers(1, 129), st.integers(1, 129), st.integers(0, 6))
def test_a_rewritten_beginning_fails(old: int, new: int, step: int) -> None:
    old, new = min(old, new), max(old, new)
    path = consistency(old, new, subtree)
    forged = sha256(ROOTS[old]).digest()
    assert not verify_consistency(old, new, forged, ROOTS[new], path)
    if path:
        path[step % len(path)] = forged
        assert not verify_consistency(old, new, ROOTS[old], ROOTS[new], path)


def test_proofs_come_from_stored_nodes(any_store, actor) -> None:
    size = 1100
    with any_store.unit_of_work(actor()) as uow:
        for n in range(size):
            uow.record("thing.made", "thing", f"t{n}")
    with any_store.reading() as session:
        top = bytes.fromhex(audit.head(session)[1])
        for index in (0, 1, 255, 256, 511, 700, 1023, 1024, 1099):
            leaf = bytes.fromhex(audit.event(session, index).leaf)
            assert verify_inclusion(leaf, index, size, audit.prove_inclusion(session, index), top)
        for old in (1, 200, 256, 300, 1024, 1099, 1100):
            frontier = Frontier()
            for event in reversed(audit.events(session, before=old, limit=old)):
                frontier = frontier.push(bytes.fromhex(event.leaf))
            assert verify_consistency(old, size, frontier.root(), top, audit.prove_consistency(session, old))


def test_the_head_of_a_moment_is_the_root_of_the_entries_until_then(any_store, actor, hands) -> None:
    heads = {}
    for n in range(9):
        with any_store.unit_of_work(actor()) as uow:
            for m in range(70):
                uow.record(f"thing.{'made' if n % 2 else 'lost'}", "thing", f"t{m}")
        with any_store.reading() as view:
            heads[hands.now] = audit.head(view)
        hands.forward(minutes=1)
    with any_store.reading() as view:
        assert {at: audit.head_at(view, at) for at in heads} == heads
        assert audit.head_at(view, min(heads) - timedelta(seconds=1))[0] == 0
        assert audit.actions(view) == ["thing.lost", "thing.made"]
