"""A checkpoint says only what its key signed."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.platform.audit.checkpoint import Checkpoint, public_bytes, sign, verifier_key, verify

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = public_bytes(KEY.public_key())
SAID = Checkpoint("aval.example/log", 257, bytes(range(32)))


def test_what_was_signed_is_read_back() -> None:
    note = sign(SAID, KEY)
    assert verify(note, SAID.origin, PUBLIC) == SAID
    assert note.splitlines()[:2] == ["aval.example/log", "257"]
    assert verifier_key(SAID.origin, PUBLIC).startswith("aval.example/log+")


@given(st.data())
def test_any_changed_character_of_the_text_breaks_it(data) -> None:
    note = sign(SAID, KEY)
    at = data.draw(st.integers(0, note.index("\n\n")))
    forged = note[:at] + data.draw(st.characters(exclude_characters=note[at])) + note[at + 1 :]
    with pytest.raises(Invalid):
        verify(forged, SAID.origin, PUBLIC)


def test_another_key_or_origin_is_refused() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
    for note in (sign(SAID, other), sign(Checkpoint("elsewhere", 257, SAID.root), KEY), "", "a\n\nb"):
        with pytest.raises(Invalid):
            verify(note, SAID.origin, PUBLIC)
