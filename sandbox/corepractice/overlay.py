"""Edits laid over a body of records that itself never changes, kept in memory and, if wished, in a file.

The file is SQLite in WAL mode and written before the edit is answered, so `kill -9` loses nothing acknowledged.
"""

from __future__ import annotations

import bisect
import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from sandbox.corepractice.records import Slip, microseconds
from sandbox.corepractice.shapes import Record

_TABLES = """
create table if not exists edits (object text, id text, hidden integer, record text, primary key (object, id));
create table if not exists belongs (identity text);
"""


class Overlay:
    """Per object and id: the record as it is now, or None where it was deleted. Hidden ones are in no order."""

    def __init__(self, objects: Iterable[str], identity: str, path: Path | None = None) -> None:
        names = tuple(objects)
        self._records: dict[str, dict[str, Record | None]] = {name: {} for name in names}
        self._by_id: dict[str, list[str]] = {name: [] for name in names}
        self._by_update: dict[str, list[tuple[int, str]]] = {name: [] for name in names}
        self._file = None if path is None else self._open(identity, path)

    def _open(self, identity: str, path: Path) -> sqlite3.Connection:
        """Raises ValueError where the file holds the edits of another clinic."""
        file = sqlite3.connect(path, isolation_level=None)
        file.execute("pragma journal_mode=wal")
        file.executescript(_TABLES)
        owner = file.execute("select identity from belongs").fetchone()
        if owner is None:
            file.execute("insert into belongs values (?)", (identity,))
        elif owner[0] != identity:
            file.close()
            raise ValueError(f"{path} holds the edits of another clinic ({owner[0]}, not {identity})")
        for name, record_id, hidden, text in file.execute("select object, id, hidden, record from edits"):
            self._lay(name, record_id, None if text is None else json.loads(text), hidden=bool(hidden))
        return file

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def covers(self, object_name: str, record_id: str) -> bool:
        return record_id in self._records[object_name]

    def get(self, object_name: str, record_id: str) -> Record | None:
        return self._records[object_name].get(record_id)

    def size(self, object_name: str) -> int:
        return len(self._records[object_name])

    def records(self, object_name: str) -> Iterator[Record]:
        return (record for record in self._records[object_name].values() if record is not None)

    def edits(self) -> Iterator[tuple[str, str]]:
        for name, records in self._records.items():
            yield from ((name, record_id) for record_id in records)

    def deleted(self, object_name: str) -> list[str]:
        return sorted(key for key, record in self._records[object_name].items() if record is None)

    def lay(self, object_name: str, record_id: str, record: Record | None, *, hidden: bool) -> None:
        if self._file is not None:
            text = None if record is None else json.dumps(record, ensure_ascii=False)
            row = (object_name, record_id, int(hidden), text)
            self._file.execute("insert or replace into edits values (?, ?, ?, ?)", row)
        self._lay(object_name, record_id, record, hidden=hidden)

    def _lay(self, object_name: str, record_id: str, record: Record | None, *, hidden: bool) -> None:
        before = self.slip_of(object_name, record_id)
        by_id, by_update = self._by_id[object_name], self._by_update[object_name]
        if before is not None:
            by_id.pop(bisect.bisect_left(by_id, record_id))
            by_update.pop(bisect.bisect_left(by_update, (before.updated, record_id)))
        self._records[object_name][record_id] = record
        if record is not None and not hidden:
            bisect.insort(by_id, record_id)
            bisect.insort(by_update, (microseconds(record["updated_at"]), record_id))

    def slip_of(self, object_name: str, record_id: str) -> Slip | None:
        """The slip of an edited record that lists show."""
        record = self._records[object_name].get(record_id)
        if record is None:
            return None
        by_id = self._by_id[object_name]
        place = bisect.bisect_left(by_id, record_id)
        if place == len(by_id) or by_id[place] != record_id:
            return None
        archived = object_name == "patients" and record["status"] == "archived"
        return Slip(microseconds(record["updated_at"]), record_id, archived, -1)

    def slips(self, object_name: str, after: str | None) -> list[Slip]:
        by_id = self._by_id[object_name]
        start = 0 if after is None else bisect.bisect_right(by_id, after)
        return self._slips(object_name, by_id[start:])

    def slips_by_update(self, object_name: str, since: int) -> list[Slip]:
        by_update = self._by_update[object_name]
        found = by_update[bisect.bisect_left(by_update, (since, "")) :]
        return self._slips(object_name, [record_id for _, record_id in found])

    def _slips(self, object_name: str, ids: list[str]) -> list[Slip]:
        found = (self.slip_of(object_name, record_id) for record_id in ids)
        return [slip for slip in found if slip is not None]
