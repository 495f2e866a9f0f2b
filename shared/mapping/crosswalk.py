"""Who is who: what each source id that others refer to has become in the target."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from heapq import merge
from itertools import groupby

from shared.vocabulary import row_id


def fingerprint(source_id: str) -> int:
    """64 bits of a source id: eight bytes a patient in memory, and nothing in a blob that names anyone."""
    return int.from_bytes(hashlib.blake2b(source_id.encode(), digest_size=8).digest(), "big")


def index(source_ids: Iterable[str]) -> array[int]:
    """The sorted fingerprints of many ids."""
    return array("Q", sorted(fingerprint(source_id) for source_id in source_ids))


def united(indexes: Iterable[array[int]]) -> array[int]:
    """Several indexes as one, each id once. They are put together in a stream: a Python number for each of millions of
    ids would take five times what the index does."""
    return array("Q", (mark for mark, _ in groupby(merge(*indexes))))


def holds(ids: array[int], source_id: str) -> bool:
    """Whether an index holds an id."""
    wanted = fingerprint(source_id)
    place = bisect_left(ids, wanted)
    return place < len(ids) and ids[place] == wanted


def organisation_key(name: str) -> str:
    """What two spellings of one organisation have in common: letters and digits, without case, accents or spacing."""
    plain = unicodedata.normalize("NFKD", name).casefold().replace("&", " and ")
    return re.sub(r"[^\w]+", " ", "".join(c for c in plain if not unicodedata.combining(c))).strip()


def first_of_each(keyed: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Source id to the id that stands for it: the first one with the same organisation key (R41)."""
    first: dict[str, str] = {}
    return {source_id: first.setdefault(key or source_id, source_id) for source_id, key in keyed}


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """Answers where a reference leads. ``users`` maps staff to enabled Dynamics users; ``aliases`` a referrer to the
    one that stands for its organisation; ``matched`` a patient to a contact that was there before, while an
    ``ambiguous`` one fits several and waits for a person; ``known`` holds an
    index of ids for every source object others refer to, and ``sources`` which one an object's rows are made from."""

    system: str
    fallback_owner: str
    users: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, array[int]] = field(default_factory=dict)
    matched: Mapping[str, str] = field(default_factory=dict)
    ambiguous: frozenset[str] = frozenset()
    sources: Mapping[str, str] = field(default_factory=dict)

    def row_id(self, object_name: str, source_id: str) -> str:
        """The id of the row that a record is, or will be."""
        if object_name == "patients" and source_id in self.matched:
            return self.matched[source_id]
        return row_id(self.system, object_name, source_id)

    def resolve(self, object_name: str, source_id: str) -> tuple[str, str] | None:
        """The table group (``users`` or the object's own) and row id a reference leads to; None when to nowhere."""
        if object_name == "staff" and source_id in self.users:
            return "users", self.users[source_id]
        if object_name == "patients" and source_id in self.ambiguous:
            return None
        ids = self.known.get(self.sources.get(object_name, object_name))
        if ids is None or not holds(ids, source_id):
            return None
        standing = self.aliases.get(source_id, source_id) if object_name == "referrers" else source_id
        return object_name, self.row_id(object_name, standing)

    def owner(self, staff_id: str | None) -> str:
        """The user who owns what this member of staff is responsible for; the fallback owner where there is none."""
        return self.users.get(staff_id, self.fallback_owner) if staff_id else self.fallback_owner

    def merged_away(self, object_name: str, source_id: str) -> bool:
        """Whether another record stands for this one."""
        return object_name == "referrers" and self.aliases.get(source_id, source_id) != source_id
