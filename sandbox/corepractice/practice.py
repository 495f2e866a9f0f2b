"""The practice as it is now: a body of records and the edits of the day, without a word of HTTP."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sandbox.corepractice.files import StoredFile
from sandbox.corepractice.overlay import Overlay
from sandbox.corepractice.records import Records, Slip, Tally, local_text, microseconds
from sandbox.corepractice.shapes import PATIENT_STATUSES, PREFIXES, Record, blank


class DoubtfulEdit(ValueError):
    """An edit that cannot be made; the message says why."""


@dataclass(frozen=True)
class Place:
    """How far a list has been read: the last id, and its updated instant where that orders the list."""

    id: str
    updated: int | None = None


@dataclass(frozen=True)
class Page:
    records: list[Record]
    last: Place | None  # None on the last page


@dataclass(frozen=True)
class Truth:
    """What the simulator knows about one object. `ids` is what lists can return, archived ones included."""

    object: str
    active: int
    archived: int
    ids: list[str]
    archived_ids: list[str]
    hidden_ids: list[str]  # GET by id answers, no list shows
    gone_ids: list[str]  # referred to, and nothing answers
    deleted_ids: list[str]

    def plain(self) -> dict[str, Any]:
        return asdict(self)


class Practice:
    """`clock` is the time of edits, in seconds since 1970; `state` a file in which edits survive a restart."""

    def __init__(self, records: Records, *, clock: Callable[[], float] = time.time, state: Path | None = None) -> None:
        self.records = records
        self.name = records.name
        self.zone = records.zone
        self._clock = clock
        self.objects = tuple(records.fields)
        self._overlay = Overlay(self.objects, records.identity, state)
        self._shift = {name: [0, 0] for name in self.objects}  # edits' effect on the tally: active, archived
        for object_name, record_id in self._overlay.edits():
            self._count(object_name, records.slip_of(object_name, record_id), -1)
            self._count(object_name, self._overlay.slip_of(object_name, record_id), +1)

    def close(self) -> None:
        self._overlay.close()

    def now(self) -> str:
        return local_text(self._clock(), self.zone)

    # --- reading ------------------------------------------------------------------------------------------

    def tally(self, object_name: str) -> Tally:
        counted = self.records.tally(object_name)
        active, archived = self._shift[object_name]
        return Tally(counted.active + active, counted.archived + archived)

    def find(self, object_name: str, record_id: str) -> Record | None:
        if self._overlay.covers(object_name, record_id):
            return self._overlay.get(object_name, record_id)
        return self.records.find(object_name, record_id)

    def slip_of(self, object_name: str, record_id: str) -> Slip | None:
        if self._overlay.covers(object_name, record_id):
            return self._overlay.slip_of(object_name, record_id)
        return self.records.slip_of(object_name, record_id)

    def file(self, file_id: str) -> StoredFile | None:
        return self.records.file(file_id)

    def custom_fields(self, object_name: str) -> tuple[str, ...]:
        """The names of custom fields, those that only an edit brought behind the others."""
        names = dict.fromkeys(self.records.custom_fields(object_name))
        for record in self._overlay.records(object_name):
            names |= dict.fromkeys(record.get("custom_fields") or {})
        return tuple(names)

    def slips(self, object_name: str, after: str | None = None) -> Iterator[Slip]:
        """Every listable record by id, archived ones included."""
        seeded = self._uncovered(object_name, self.records.slips(object_name, after))
        edited = self._overlay.slips(object_name, after)
        return heapq.merge(seeded, edited, key=lambda slip: slip.id)

    def slips_by_update(self, object_name: str, since: int, after: Place | None = None) -> Iterator[Slip]:
        """Listable records by (updated, id), from `since` (microseconds, inclusive) on and beyond `after`."""
        start = since if after is None or after.updated is None else max(since, after.updated)
        seeded = self._uncovered(object_name, self.records.slips_by_update(object_name, start))
        slips = heapq.merge(seeded, self._overlay.slips_by_update(object_name, start))
        if after is None:
            return slips
        return itertools.dropwhile(lambda slip: (slip.updated, slip.id) <= (after.updated, after.id), slips)

    def _uncovered(self, object_name: str, slips: Iterator[Slip]) -> Iterator[Slip]:
        return (slip for slip in slips if not self._overlay.covers(object_name, slip.id))

    def page(self, object_name: str, limit: int, *, since: int | None, after: Place | None, archived: bool) -> Page:
        """One page of a list, by (updated, id) if `since` is given and else by id."""
        if since is None:
            slips = self.slips(object_name, None if after is None else after.id)
        else:
            slips = self.slips_by_update(object_name, since, after)
        shown = list(itertools.islice((slip for slip in slips if archived or not slip.archived), limit + 1))
        records = [self.load(object_name, slip) for slip in shown[:limit]]
        if len(shown) <= limit:
            return Page(records, None)
        last = shown[limit - 1]
        return Page(records, Place(last.id, None if since is None else last.updated))

    def load(self, object_name: str, slip: Slip) -> Record:
        edited = self._overlay.get(object_name, slip.id)
        return self.records.load(object_name, slip.place) if edited is None else edited

    def all(self, object_name: str) -> Iterator[Record]:
        """Every listable record by id, archived ones included, one at a time."""
        return (self.load(object_name, slip) for slip in self.slips(object_name))

    def truth(self, object_name: str) -> Truth:
        slips = list(self.slips(object_name))
        tally = self.tally(object_name)
        deleted = self._overlay.deleted(object_name)
        return Truth(
            object=object_name,
            active=tally.active,
            archived=tally.archived,
            ids=[slip.id for slip in slips],
            archived_ids=[slip.id for slip in slips if slip.archived],
            hidden_ids=[found for found in self.records.hidden(object_name) if found not in deleted],
            gone_ids=list(self.records.gone(object_name)),
            deleted_ids=deleted,
        )

    # --- editing ------------------------------------------------------------------------------------------

    def edit(self, object_name: str, record_id: str, changes: Record) -> Record:
        """Merge changes into a record; `updated_at` is now unless given. KeyError where there is no record."""
        present = self.find(object_name, record_id)
        if present is None:
            raise KeyError(record_id)
        custom = {**(present.get("custom_fields") or {}), **(changes.get("custom_fields") or {})}
        merged = {**present, "updated_at": self.now(), **changes}
        if "custom_fields" in self.records.fields[object_name]:
            merged["custom_fields"] = custom
        if merged["id"] != record_id:
            raise DoubtfulEdit("an id cannot be edited")
        return self._lay(object_name, record_id, merged)

    def create(self, object_name: str, fields: Record) -> Record:
        """A new record; fields not given are null, both stamps now. DoubtfulEdit where the id is taken."""
        record_id = fields.get("id") or self.free_id(object_name)
        if not isinstance(record_id, str):
            raise DoubtfulEdit("an id is a string")
        if self.find(object_name, record_id) is not None:
            raise DoubtfulEdit(f"{object_name} already has a record of this id")
        stamps = {"created_at": self.now(), "updated_at": self.now()}
        status = {"status": "active"} if object_name == "patients" else {}
        empty = blank(object_name, self.records.fields[object_name])
        return self._lay(object_name, record_id, {**empty, **status, **stamps, **fields, "id": record_id})

    def free_id(self, object_name: str) -> str:
        """An id of nobody: those of records entered during the day begin with 8, beyond any seeded number."""
        number = self._overlay.size(object_name) + 1
        prefix = PREFIXES.get(object_name, f"{object_name[:2]}-")
        while self._known(object_name, record_id := f"{prefix}8{number:08d}"):
            number += 1
        return record_id

    def _known(self, object_name: str, record_id: str) -> bool:
        return self._overlay.covers(object_name, record_id) or self.find(object_name, record_id) is not None

    def remove(self, object_name: str, record_id: str) -> None:
        """Delete without a trace in any list. KeyError where there is no record."""
        if self.find(object_name, record_id) is None:
            raise KeyError(record_id)
        self._cover(object_name, record_id, None)

    def _lay(self, object_name: str, record_id: str, record: Record) -> Record:
        unknown = sorted(set(record) - set(self.records.fields[object_name]))
        if unknown:
            known = ", ".join(self.records.fields[object_name])
            raise DoubtfulEdit(f"{object_name} has no field {', '.join(unknown)}; it has {known}")
        if object_name == "patients" and record["status"] not in PATIENT_STATUSES:
            raise DoubtfulEdit(f"status is one of {', '.join(PATIENT_STATUSES)}")
        for stamp in ("created_at", "updated_at"):
            try:
                microseconds(record[stamp])
            except (TypeError, ValueError) as problem:
                raise DoubtfulEdit(f"{stamp} must be ISO-8601 with an offset") from problem
        self._cover(object_name, record_id, record)
        return record

    def _cover(self, object_name: str, record_id: str, record: Record | None) -> None:
        before = self.slip_of(object_name, record_id)
        unlisted = self.records.slip_of(object_name, record_id) is None
        hidden = unlisted and self.records.find(object_name, record_id) is not None
        self._overlay.lay(object_name, record_id, record, hidden=hidden)
        self._count(object_name, before, -1)
        self._count(object_name, self._overlay.slip_of(object_name, record_id), +1)

    def _count(self, object_name: str, slip: Slip | None, step: int) -> None:
        if slip is not None:
            self._shift[object_name][int(slip.archived)] += step
