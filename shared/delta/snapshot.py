"""What a source looked like, without keeping it: of each record eight bytes of its id and eight of its content (N13).

Where a record does not say when it changed, two such pictures tell what is new, what is other than it was and what is
gone. Both are sorted by id, so they are put together and held against one another in streams.
"""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import merge
from typing import Any

import orjson

from shared.mapping.crosswalk import fingerprint

CREATED, MODIFIED, UNCHANGED = "created", "modified", "unchanged"


def content_sum(record: Mapping[str, Any]) -> int:
    """64 bits of what a record says. What is absent says nothing: a newer export may have more empty columns."""
    said = {name: value for name, value in record.items() if value is not None}
    plain = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
    return int.from_bytes(hashlib.blake2b(plain, digest_size=8).digest(), "big")


def _numbers() -> array[int]:
    return array("Q")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The ids' fingerprints in ascending order, each once, and at the same places the sums of the records."""

    ids: array[int] = field(default_factory=_numbers)
    sums: array[int] = field(default_factory=_numbers)

    @classmethod
    def of(cls, records: Iterable[Mapping[str, Any]]) -> Snapshot:
        """The snapshot of some records; of one that comes twice, the last word."""
        last = {fingerprint(str(record["id"])): content_sum(record) for record in records}
        ids = array("Q", sorted(last))
        return cls(ids, array("Q", map(last.__getitem__, ids)))

    @classmethod
    def read(cls, packed: bytes) -> Snapshot:
        """What ``packed`` made."""
        both = array("Q")
        both.frombytes(packed)
        half = len(both) // 2
        return cls(both[:half], both[half:])

    def packed(self) -> bytes:
        """As it is staged: the ids, then the sums."""
        return self.ids.tobytes() + self.sums.tobytes()

    def sum_of(self, mark: int) -> int | None:
        """The sum of the record whose id has that fingerprint, or None."""
        place = bisect_left(self.ids, mark)
        return self.sums[place] if place < len(self.ids) and self.ids[place] == mark else None

    def __contains__(self, source_id: str) -> bool:
        return self.sum_of(fingerprint(source_id)) is not None

    def __len__(self) -> int:
        return len(self.ids)

    def told(self, record: Mapping[str, Any]) -> str:
        """Whether a record is created, modified or unchanged since."""
        before = self.sum_of(fingerprint(str(record["id"])))
        if before is None:
            return CREATED
        return UNCHANGED if before == content_sum(record) else MODIFIED


def overlaid(parts: Sequence[Snapshot], *, without: Container[int] = frozenset()) -> Snapshot:
    """Several snapshots as one: of each record the word of the last that has it. ``without`` are fingerprints of ids
    that do not count."""
    ids, sums = array("Q"), array("Q")
    for mark, _, total in merge(*(_numbered(part, number) for number, part in enumerate(parts))):
        if ids and ids[-1] == mark:
            sums[-1] = total
        elif mark not in without:
            ids.append(mark)
            sums.append(total)
    return Snapshot(ids, sums)


def _numbered(part: Snapshot, number: int) -> Iterator[tuple[int, int, int]]:
    return ((mark, number, total) for mark, total in zip(part.ids, part.sums, strict=True))


def missing(known: Snapshot, seen: Sequence[array[int]]) -> array[int]:
    """The fingerprints that a complete list did not have. ``seen`` is the list in sorted pieces."""
    found, gone = merge(*seen), array("Q")
    there = next(found, None)
    for mark in known.ids:
        while there is not None and there < mark:
            there = next(found, None)
        if there != mark:
            gone.append(mark)
    return gone
