"""Whether two rows of one file have the same id, without keeping the ids.

Ids that repeat would be one row in the target, and the last of them would win without a word. Eight bytes stand for
each id, so ten million of them take 80 MB; with five million, the chance that two different ids are taken for the same
is less than one in a million, and then the bundle is refused, not changed.
"""

from __future__ import annotations

from array import array
from hashlib import blake2b

_SLICES = 256
"""Sorting makes every number an object of its own: it is done in slices, so that only few of them are there at once."""


class Ids:
    """The ids of one file, as fingerprints."""

    def __init__(self) -> None:
        self._slices = [array("Q") for _ in range(_SLICES)]

    def add(self, id: str) -> None:
        """One more id."""
        number = _fingerprint(id)
        self._slices[number % _SLICES].append(number)

    def __contains__(self, id: str) -> bool:
        """Whether the id may be there. False is certain."""
        number = _fingerprint(id)
        return number in self._slices[number % _SLICES]

    def repeated(self) -> int:
        """How many of the ids had been there before."""
        return sum(len(found) - len(set(found)) for found in self._slices)


def _fingerprint(id: str) -> int:
    return int.from_bytes(blake2b(id.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
