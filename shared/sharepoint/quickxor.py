"""QuickXorHash: the one digest SharePoint gives of a file, here so that bytes sent can be compared with bytes kept.

By Microsoft's definition (OneDrive API, code snippet QuickXorHash) every byte is XORed into a ring of 160 bits, each 11
bits further on than the byte before, and the length, as 64 bits, into the last eight bytes of the ring. The digest is
written in Base64, everything little-endian. It finds accidents, not forgeries.

After 160 bytes the ring has gone round exactly 11 times and the places repeat. So whole blocks, of a multiple of 160
bytes, may be XORed with each other as large integers, which costs about a second for a gigabyte; only one block is
taken apart at the end.
"""

from __future__ import annotations

import base64

_PERIOD = 160
_BITS = 160
_SHIFT = 11
_BLOCK = 128 * _PERIOD
"""Large enough for the XOR to outweigh the loop, small enough for the processor's cache."""

EMPTY = base64.b64encode(bytes(20)).decode("ascii")


class QuickXor:
    """Fed in pieces of any size, and readable at any time."""

    def __init__(self) -> None:
        self._block = 0
        self.length = 0

    def update(self, piece: bytes | bytearray | memoryview) -> None:
        """Take the next bytes."""
        view = memoryview(piece).cast("B")
        place = self.length % _BLOCK
        self.length += len(view)
        begin = _BLOCK - place
        self._block ^= int.from_bytes(view[:begin], "little") << (8 * place)
        for start in range(begin, len(view), _BLOCK):
            self._block ^= int.from_bytes(view[start : start + _BLOCK], "little")

    def text(self) -> str:
        """The digest of what came so far, as Graph writes it."""
        block = self._block.to_bytes(_BLOCK, "little")
        row = 0
        for start in range(0, _BLOCK, _PERIOD):
            row ^= int.from_bytes(block[start : start + _PERIOD], "little")
        ring = 0
        for index, byte in enumerate(row.to_bytes(_PERIOD, "little")):
            ring ^= byte << (index * _SHIFT % _BITS)
        ring = (ring & ((1 << _BITS) - 1)) ^ (ring >> _BITS)  # what ran over the end comes in again at the beginning
        ring ^= (self.length & (2**64 - 1)) << (_BITS - 64)
        return base64.b64encode(ring.to_bytes(_BITS // 8, "little")).decode("ascii")


def digest(content: bytes | bytearray | memoryview) -> str:
    """The digest of bytes that are all here."""
    quick_xor = QuickXor()
    quick_xor.update(content)
    return quick_xor.text()
