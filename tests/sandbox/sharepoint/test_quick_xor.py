"""QuickXorHash against its definition, bit by bit."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from sandbox.sharepoint.quick_xor import QuickXor


def by_definition(content: bytes) -> str:
    """Microsoft's description, without any cleverness: a ring of 160 bits, 11 bits further on with each byte."""
    ring = [0] * 160
    for index, byte in enumerate(content):
        for bit in range(8):
            ring[(index * 11 + bit) % 160] ^= byte >> bit & 1
    for bit in range(64):
        ring[96 + bit] ^= len(content) >> bit & 1
    packed = bytes(sum(ring[place * 8 + bit] << bit for bit in range(8)) for place in range(20))
    return base64.b64encode(packed).decode("ascii")


@given(st.lists(st.binary(max_size=700), max_size=5))
def test_pieces_of_any_size_give_what_the_definition_gives(pieces: list[bytes]) -> None:
    quick_xor = QuickXor()
    for piece in pieces:
        quick_xor.update(piece)
    assert quick_xor.text() == by_definition(b"".join(pieces))
