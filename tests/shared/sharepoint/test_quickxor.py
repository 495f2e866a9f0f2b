"""QuickXorHash: values that can be worked out by hand, and the definition taken literally."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.sharepoint.quickxor import EMPTY, QuickXor, digest


def ring(**places: int) -> str:
    """A digest with those bytes at those places (`b12=1`) and zeros elsewhere."""
    return base64.b64encode(bytes(places.get(f"b{place}", 0) for place in range(20))).decode("ascii")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", EMPTY),
        (b"\x4a", ring(b0=0x4A, b12=1)),  # the first byte stays where it is; the length is in the last eight bytes
        (b"\x00\x01", ring(b1=0b1000, b12=2)),  # the second byte begins at bit 11
        (bytes(14) + b"\xff", ring(b19=0b11111100, b0=0b11, b12=15)),  # byte 14 begins at bit 154 and comes round
        (b"\x01" + bytes(159) + b"\x01", ring(b12=161)),  # byte 160 has the place of byte 0: they cancel out
        (bytes(65536), ring(b14=1)),  # zeros leave nothing but their number
    ],
)
def test_a_digest_that_can_be_worked_out_by_hand(content: bytes, expected: str) -> None:
    assert digest(content) == expected


def by_definition(content: bytes) -> str:
    """Microsoft's description taken literally, a bit at a time."""
    bits = [0] * 160
    for index, byte in enumerate(content):
        for bit in range(8):
            bits[(index * 11 + bit) % 160] ^= byte >> bit & 1
    for bit in range(64):
        bits[96 + bit] ^= len(content) >> bit & 1
    packed = bytes(sum(bits[place * 8 + bit] << bit for bit in range(8)) for place in range(20))
    return base64.b64encode(packed).decode("ascii")


@given(st.lists(st.binary(max_size=600), max_size=6))
def test_pieces_of_any_size_give_what_the_definition_gives(pieces: list[bytes]) -> None:
    quick_xor = QuickXor()
    for piece in pieces:
        quick_xor.update(piece)
    assert quick_xor.text() == by_definition(b"".join(pieces))


@pytest.mark.parametrize("size", [20_479, 20_480, 20_481, 50_000])
@pytest.mark.parametrize("piece", [1, 163, 20_480, 33_333])
def test_the_seams_between_blocks_leave_no_trace(size: int, piece: int) -> None:
    content = bytes((number * 7 + number // 256) & 0xFF for number in range(size))
    quick_xor = QuickXor()
    for start in range(0, size, piece):
        quick_xor.update(memoryview(content)[start : start + piece])
    assert quick_xor.text() == digest(content) == by_definition(content)


def test_a_digest_may_be_read_in_between() -> None:
    quick_xor = QuickXor()
    quick_xor.update(b"half")
    assert quick_xor.text() == digest(b"half")
    quick_xor.update(b" and half")
    assert quick_xor.text() == digest(b"half and half")


def test_two_bytes_changing_places_changes_the_digest() -> None:
    assert digest(b"ab") != digest(b"ba")
