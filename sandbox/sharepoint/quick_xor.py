"""QuickXorHash, the only hash SharePoint gives: Microsoft's non-cryptographic digest of 160 bits.

Every byte is XORed into a ring of 160 bits, each 11 bits further on than the byte before; the length, as 64 bits, is
XORed into the last eight bytes. After 160 bytes the ring has gone round 11 times and the places repeat, so rows of 160
bytes may be XORed with each other first.
"""

from __future__ import annotations

import base64

ROW = 160
BITS = 160
SHIFT = 11


class QuickXor:
    """Fed in pieces of any size."""

    def __init__(self) -> None:
        self._row = 0
        self._length = 0

    def update(self, piece: bytes) -> None:
        view, place = memoryview(piece), self._length % ROW
        self._length += len(view)
        first = ROW - place
        self._row ^= int.from_bytes(view[:first], "little") << (8 * place)
        for start in range(first, len(view), ROW):
            self._row ^= int.from_bytes(view[start : start + ROW], "little")

    def digest(self) -> bytes:
        ring = 0
        for index, byte in enumerate(self._row.to_bytes(ROW, "little")):
            shifted = byte << (index * SHIFT % BITS)
            ring ^= (shifted & ((1 << BITS) - 1)) | (shifted >> BITS)
        ring ^= self._length << (BITS - 64)
        return ring.to_bytes(BITS // 8, "little")

    def text(self) -> str:
        """Base64, as Graph writes it."""
        return base64.b64encode(self.digest()).decode("ascii")
