"""The tree against RFC 9162's own recursive definition, and canonical JSON against the reference encoder."""

import json
from hashlib import sha256

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from core.platform.audit import canonical
from core.platform.audit.merkle import Frontier, leaf_hash


def mth(entries: list[bytes]) -> bytes:
    """RFC 9162, 2.1.1, word for word."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = 1 << ((len(entries) - 1).bit_length() - 1)
    return sha256(b"\x01" + mth(entries[:k]) + mth(entries[k:])).digest()


@given(st.lists(st.binary(max_size=8), max_size=80))
def test_the_right_edge_gives_the_rfc_root(entries: list[bytes]) -> None:
    frontier = Frontier()
    for entry in entries:
        frontier = frontier.push(leaf_hash(entry))
        frontier = Frontier.unpack(frontier.size, frontier.pack())
    assert frontier.root() == mth(entries)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(max_codepoint=127), max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(values)
def test_canonical_json_equals_the_reference(value) -> None:
    encoded = canonical.encode(value)
    assert encoded == rfc8785.dumps(value)
    assert json.loads(encoded) == value


@pytest.mark.parametrize(
    "bad", [1.5, 2**53, b"x", {"é": 1}, {"a": {1, 2}}, {"a": [float("nan")]}, {1: 2}, "\ud800"]
)
def test_what_json_cannot_hold_exactly_is_refused(bad) -> None:
    with pytest.raises((TypeError, ValueError)):
        canonical.encode(bad)
