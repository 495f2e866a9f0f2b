"""Somebody's own clinic from a folder: one NDJSON file per object, indexed on disk, records read when wanted.

    DIR/practice.json          optional: {"name": "...", "timezone": "Australia/Perth"}
    DIR/<object>.ndjson        one record a line, fields as in `shapes.FIELDS`; a missing file is an empty object,
                               a file of another name an object that only this practice has, with any fields
    DIR/files/<file_id>        the bytes of an attachment

`id`, `created_at` and `updated_at` are needed, other fields may be missing (null); custom fields are free. A record
with `"_hidden": true` is in no list but answers to its id. Anything else unknown is refused with its line.
"""

from __future__ import annotations

import json
import random
import re
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sandbox.corepractice.files import StoredFile, on_disk
from sandbox.corepractice.records import Slip, Tally, microseconds
from sandbox.corepractice.shapes import CUSTOM_FIELDS_OF, FIELDS, PATIENT_STATUSES, Record, blank

_TABLES = """
create table slips (object text, id text, updated integer, archived integer, hidden integer, place integer,
                    primary key (object, id)) without rowid;
create index by_update on slips (object, updated, id);
create table files (file_id text primary key, place integer) without rowid;
"""
_COLUMNS = "select updated, id, archived, place from slips where object = ? and hidden = 0"
_STAMPS = ("created_at", "updated_at")
_NEEDED = ("id", *_STAMPS)
_OBJECT_NAME = re.compile("[a-z][a-z0-9_]*")
PAGE = 1000  # slips read at a time, so that no cursor stays open while a client thinks


class FolderProblem(ValueError):
    """The folder cannot be served; the message names file, line and reason, never a value."""


class Folder:
    """Implements `records.Records`. The index is a temporary file of its own and goes with the process."""

    def __init__(self, path: Path) -> None:
        if not path.is_dir():
            raise FolderProblem(f"{path} is not a folder")
        self._path = path
        about = self._about()
        self.name = str(about.get("name", path.name))
        try:
            self.zone = ZoneInfo(str(about.get("timezone", "Australia/Sydney")))
        except (ZoneInfoNotFoundError, ValueError) as problem:
            raise FolderProblem(f"{path / 'practice.json'}: unknown timezone") from problem
        self.identity = f"folder {path.resolve()}"
        self._home = tempfile.TemporaryDirectory(prefix="corepractice-")
        self._index = sqlite3.connect(Path(self._home.name) / "index.sqlite", isolation_level=None)
        self._index.executescript("pragma journal_mode=off; pragma synchronous=off;" + _TABLES)
        self._files: dict[str, BinaryIO] = {}
        self._custom = {name: dict.fromkeys(fields) for name, fields in CUSTOM_FIELDS_OF.items()}
        self.fields = dict(FIELDS) | dict.fromkeys(self._others(), _NEEDED)
        for object_name in self.fields:
            self._read(object_name)

    def _others(self) -> list[str]:
        names = sorted(file.stem for file in self._path.glob("*.ndjson") if file.stem not in FIELDS)
        odd = [name for name in names if not _OBJECT_NAME.fullmatch(name)]
        if odd:
            raise FolderProblem(f"{odd[0]}.ndjson: an object's name is lower case letters, digits and _")
        return names

    def _about(self) -> dict[str, Any]:
        file = self._path / "practice.json"
        if not file.exists():
            return {}
        try:
            about = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as problem:
            raise FolderProblem(f"{file} is not JSON") from problem
        if not isinstance(about, dict):
            raise FolderProblem(f"{file} must hold an object")
        return about

    def _read(self, object_name: str) -> None:
        path = self._path / f"{object_name}.ndjson"
        if not path.exists():
            return
        file = self._files[object_name] = path.open("rb")
        self._index.execute("begin")
        place = 0
        for number, line in enumerate(file, start=1):
            if line.strip():
                try:
                    self._note(object_name, json.loads(line), place)
                except sqlite3.IntegrityError as problem:
                    raise FolderProblem(f"{path.name} line {number}: this id occurs twice") from problem
                except ValueError as problem:
                    reason = str(problem) if isinstance(problem, FolderProblem) else "not JSON in UTF-8"
                    raise FolderProblem(f"{path.name} line {number}: {reason}") from problem
            place += len(line)
        self._index.execute("commit")

    def _note(self, object_name: str, record: object, place: int) -> None:
        if not isinstance(record, dict):
            raise FolderProblem("not an object")
        self._know_fields(object_name, record)
        if not isinstance(record.get("id"), str) or not record["id"]:
            raise FolderProblem("id must be a string")
        custom = record.get("custom_fields") or {}
        if not isinstance(custom, dict):
            raise FolderProblem("custom_fields must be an object")
        if object_name in self._custom:
            self._custom[object_name] |= dict.fromkeys(custom)
        if object_name == "patients" and record.get("status", "active") not in PATIENT_STATUSES:
            raise FolderProblem(f"status must be one of {', '.join(PATIENT_STATUSES)}")
        row = (
            *(object_name, record["id"], self._stamp(record), record.get("status") == "archived"),
            *(bool(record.get("_hidden")), place),
        )
        self._index.execute("insert into slips values (?, ?, ?, ?, ?, ?)", row)
        if object_name == "attachments" and record.get("file_id") is not None:
            self._index.execute("insert or replace into files values (?, ?)", (record["file_id"], place))

    def _know_fields(self, object_name: str, record: Record) -> None:
        """Objects of this practice alone have whatever fields their records bring, in the order they bring them."""
        known = self.fields[object_name]
        unknown = [name for name in record if name not in known and name != "_hidden"]
        if unknown and object_name in FIELDS:
            raise FolderProblem(f"unknown field {', '.join(sorted(unknown))} (other fields belong into custom_fields)")
        if unknown:
            names = [name for name in (*known, *unknown) if name not in _STAMPS]
            self.fields[object_name] = (*names, *_STAMPS)

    def custom_fields(self, object_name: str) -> tuple[str, ...]:
        return tuple(self._custom.get(object_name, ()))

    @staticmethod
    def _stamp(record: Record) -> int:
        try:
            microseconds(record["created_at"])
            return microseconds(record["updated_at"])
        except (KeyError, TypeError, ValueError) as problem:
            raise FolderProblem("created_at and updated_at must be ISO-8601 with an offset") from problem

    def load(self, object_name: str, place: int) -> Record:
        file = self._files[object_name]
        file.seek(place)
        record = json.loads(file.readline())
        record.pop("_hidden", None)
        empty = blank(object_name, self.fields[object_name])
        if object_name == "patients":
            record.setdefault("status", "active")
        if object_name in self._custom:
            record["custom_fields"] = empty["custom_fields"] | (record.get("custom_fields") or {})
        return {**empty, **record}

    def slips(self, object_name: str, after: str | None) -> Iterator[Slip]:
        last = "" if after is None else after
        while True:
            rows = self._rows(f"{_COLUMNS} and id > ? order by id limit {PAGE}", object_name, last)
            yield from rows
            if len(rows) < PAGE:
                return
            last = rows[-1].id

    def slips_by_update(self, object_name: str, since: int) -> Iterator[Slip]:
        last: tuple[int, str] = (since, "")
        query = f"{_COLUMNS} and (updated, id) > (?, ?) order by updated, id limit {PAGE}"
        while True:
            rows = self._rows(query, object_name, *last)
            yield from rows
            if len(rows) < PAGE:
                return
            last = rows[-1][:2]

    def _rows(self, query: str, *values: str | int) -> list[Slip]:
        found = self._index.execute(query, values).fetchall()
        return [Slip(updated, record_id, bool(archived), place) for updated, record_id, archived, place in found]

    def find(self, object_name: str, record_id: str) -> Record | None:
        query = "select place from slips where object = ? and id = ?"
        row = self._index.execute(query, (object_name, record_id)).fetchone()
        return None if row is None else self.load(object_name, row[0])

    def slip_of(self, object_name: str, record_id: str) -> Slip | None:
        rows = self._rows(f"{_COLUMNS} and id = ?", object_name, record_id)
        return rows[0] if rows else None

    def hidden(self, object_name: str) -> Iterator[str]:
        query = "select id from slips where object = ? and hidden = 1 order by id"
        return (row[0] for row in self._index.execute(query, (object_name,)).fetchall())

    def gone(self, object_name: str) -> Iterator[str]:
        """Not known: a folder does not say which ids its records refer to in vain."""
        return iter(())

    def tally(self, object_name: str) -> Tally:
        query = "select archived, count(*) from slips where object = ? and hidden = 0 group by archived"
        counts = dict(self._index.execute(query, (object_name,)).fetchall())
        return Tally(active=counts.get(0, 0), archived=counts.get(1, 0))

    def pick(self, object_name: str, chance: random.Random) -> str | None:
        tally = self.tally(object_name)
        if not tally.active + tally.archived:
            return None
        place = int(chance.random() * (tally.active + tally.archived))
        return self._rows(f"{_COLUMNS} order by id limit 1 offset ?", object_name, place)[0].id

    def file(self, file_id: str) -> StoredFile | None:
        row = self._index.execute("select place from files where file_id = ?", (file_id,)).fetchone()
        path = self._path / "files" / file_id
        if row is None or Path(file_id).name != file_id or not path.is_file():
            return None
        record = self.load("attachments", row[0])
        name, kind = record["name"] or file_id, record["content_type"] or "application/octet-stream"
        return on_disk(name, kind, path)
