"""One very large file whose bytes are computed as they are read: a cone beam scan of hundreds of megabytes."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from functools import cached_property

from sandbox.corepractice.files import PIECE, StoredFile

NAME = "CBCT full skull.dcm"
CONTENT_TYPE = "application/dicom"
_PREAMBLE = b"\0" * 128 + b"DICM"


class LargeScan:
    """Piece n is one block of noise, stamped with n: no two pieces are alike and none is kept."""

    def __init__(self, seed: int, megabytes: int) -> None:
        if not 0 < megabytes <= 4096:
            raise ValueError("a large file has 1 to 4,096 megabytes")
        self.size = megabytes * 2**20
        self._seed = seed

    @cached_property
    def _noise(self) -> bytes:
        """From `random.random()` alone, whose sequence Python keeps from version to version."""
        chance = random.Random(self._seed).random
        return b"".join(hashlib.sha256(repr(chance()).encode()).digest() for _ in range(PIECE // 32))

    def _piece(self, number: int) -> bytes:
        stamp = hashlib.sha256(f"{self._seed} {number}".encode()).digest()
        return (_PREAMBLE if number == 0 else stamp) + self._noise[len(_PREAMBLE if number == 0 else stamp) :]

    def read(self, start: int, stop: int) -> Iterator[bytes]:
        while start < stop:
            number, place = divmod(start, PIECE)
            part = self._piece(number)[place : place + stop - start]
            start += len(part)
            yield part

    @cached_property
    def sha256(self) -> str:
        """Takes a second or two for 300 MB, once."""
        digest = hashlib.sha256()
        for piece in self.read(0, self.size):
            digest.update(piece)
        return digest.hexdigest()

    def stored(self) -> StoredFile:
        return StoredFile(NAME, CONTENT_TYPE, self.size, self.sha256, self.read)
