"""An export bundle as a Source: the zip of tables that a practice exports where there is no API to ask.

A bundle is surveyed once before its first record is given out: every file is read to its end, so an export that broke
off, is in another encoding or holds less than it declares is refused before anything has been staged.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import BinaryIO
from zipfile import ZipInfo

from shared.corepractice import bundle_files, bundle_manifest, bundle_tables
from shared.corepractice.bundle_archive import Archive, Limits
from shared.corepractice.bundle_manifest import Manifest
from shared.corepractice.bundle_survey import DateOrders, Table, survey
from shared.corepractice.source import MOST_RECORDS, Description, ObjectCount, OpenFile, Page, Record
from shared.errors import Stop

STANDARD = Limits()


def inspect(file: BinaryIO, limits: Limits = STANDARD) -> Description:
    """Check everything but the rows: zip, manifest, files and header rows. Blocks. Raises Stop.

    The counts are the manifest's, archived records among them.
    """
    archive = Archive(file, limits)
    try:
        manifest = bundle_manifest.read(archive, limits)
        for declared in manifest.objects:
            bundle_tables.check_header(archive, declared, limits)
    finally:
        archive.close()
    objects = tuple(ObjectCount(declared.name, declared.rows) for declared in manifest.objects)
    return Description(manifest.practice_name, manifest.timezone, objects)


@dataclass(slots=True)
class _Reading:
    """An open file, and how many of its rows have been taken: going on from there costs nothing."""

    since: str | None
    place: int
    records: Iterator[tuple[int, Record]]
    ahead: tuple[int, Record] | None = None


class BundleSource:
    """A Source over a seekable file, which it closes. A cursor is a number of rows; the file must not change.

    Files are read in threads, one at a time. Reading on where the last page ended is linear; any other cursor makes it
    skip from the beginning. One record by its id costs a whole reading, unless there is none.

    ``date_orders`` are orders of day and month that a person stated for columns of reports, ``dmy`` or ``mdy`` by
    ``<object>.<field>``. They win over the manifest's; where the values speak against one, the bundle is refused.
    """

    def __init__(self, file: BinaryIO, limits: Limits = STANDARD, *, date_orders: DateOrders | None = None) -> None:
        self._file = file
        self._limits = limits
        self._date_orders = date_orders or {}
        self._archive: Archive | None = None
        self._manifest: Manifest | None = None
        self._tables: dict[str, Table] | None = None
        self._files: bundle_files.Entries | None = None
        self._readings: dict[str, _Reading] = {}
        self._lock = threading.Lock()

    async def describe(self) -> Description:
        """The practice and its objects, after a survey of every file."""
        return await asyncio.to_thread(self._describe)

    async def page(
        self, object: str, *, cursor: str | None, since: str | None = None, limit: int = MOST_RECORDS
    ) -> Page:
        """The next records of a file, in the file's order. A record without a sound ``updated_at`` is always new."""
        return await asyncio.to_thread(self._page, object, cursor, since, min(limit, MOST_RECORDS))

    async def record(self, object: str, id: str) -> Record | None:
        """One record by its id, or None."""
        return await asyncio.to_thread(self._record, object, id)

    @asynccontextmanager
    async def open_file(
        self, file_id: str, *, start: int = 0, version: str | None = None
    ) -> AsyncIterator[OpenFile | None]:
        """An attachment's bytes. Asks for no survey: only the zip and its manifest have to be in order."""
        archive, info = await asyncio.to_thread(self._file_entry, file_id)
        if info is None:
            yield None
            return
        async with bundle_files.opened(archive, info, start=start, version=version) as opened:
            yield opened

    async def close(self) -> None:
        """Close the file."""
        await asyncio.to_thread(self._close)

    # In a thread, behind the lock

    def _describe(self) -> Description:
        with self._lock:
            tables = self._surveyed()
            _, manifest = self._opened()
            counts = (ObjectCount(t.declared.name, t.declared.rows - t.archived, t.archived) for t in tables.values())
            return Description(manifest.practice_name, manifest.timezone, tuple(counts), manifest.exported_at)

    def _page(self, name: str, cursor: str | None, since: str | None, limit: int) -> Page:
        with self._lock:
            reading = self._reading(name, _place(cursor), since)
            self._readings.pop(name, None)  # it comes back only when this page went well
            taken = [reading.ahead] if reading.ahead else []
            taken += islice(reading.records, limit + 1 - len(taken))
            if len(taken) <= limit:
                return Page([record for _, record in taken])
            reading.ahead = taken.pop()
            reading.place = taken[-1][0]
            self._readings[name] = reading
            return Page([record for _, record in taken], str(reading.place))

    def _record(self, name: str, id: str) -> Record | None:
        with self._lock:
            if id not in self._table(name).ids:
                return None
            return next((record for _, record in self._records(name) if record["id"] == id), None)

    def _file_entry(self, file_id: str) -> tuple[Archive, ZipInfo | None]:
        with self._lock:
            archive, _ = self._opened()
            if self._files is None:
                self._files = bundle_files.by_id(archive)
            return archive, self._files.get(file_id)

    def _close(self) -> None:
        with self._lock:
            self._readings.clear()
            for table in (self._tables or {}).values():
                if table.spool:
                    table.spool.close()
            if self._archive:
                self._archive.close()
            self._file.close()

    def _opened(self) -> tuple[Archive, Manifest]:
        if self._archive is None:
            self._archive = Archive(self._file, self._limits)
        if self._manifest is None:
            self._manifest = bundle_manifest.read(self._archive, self._limits)
        return self._archive, self._manifest

    def _surveyed(self) -> dict[str, Table]:
        if self._tables is None:
            self._tables = survey(*self._opened(), self._limits, self._date_orders)
        return self._tables

    def _table(self, name: str) -> Table:
        table = self._surveyed().get(name)
        if table is None:
            raise Stop("source-object-missing", f"The bundle has no object {name}.")
        return table

    def _reading(self, name: str, place: int, since: str | None) -> _Reading:
        reading = self._readings.get(name)
        if reading is None or reading.place != place or reading.since != since:
            printed = self._table(name).declared.report is not None
            return _Reading(since, place, _later(self._records(name, skip=place), since, by_minute=printed))
        return reading

    def _records(self, name: str, skip: int = 0) -> Iterator[tuple[int, Record]]:
        """The records beyond the first ``skip`` rows, each with the number of rows up to and including its own."""
        table = self._table(name)
        fields = list(zip(table.declared.fields, table.readers, strict=True))
        if table.spool:
            rows = table.spool.rows()
        else:
            rows = (cells for _, cells in bundle_tables.rows(self._opened()[0], table.declared, self._limits))
        for place, cells in enumerate(islice(rows, skip, None), start=skip + 1):
            pairs = zip(fields, cells, strict=True)
            yield place, {field: read(cell) if cell else None for (field, read), cell in pairs}


def _later(
    records: Iterator[tuple[int, Record]], since: str | None, *, by_minute: bool
) -> Iterator[tuple[int, Record]]:
    if since is None:
        return records
    moment = datetime.fromisoformat(since)
    if by_minute:  # a report prints no seconds: what it shows as 2:30 may have been at any time until 2:31
        moment = moment.replace(second=0, microsecond=0)
    return (found for found in records if not _is_before(found[1].get("updated_at"), moment))


def _is_before(updated_at: object, moment: datetime) -> bool:
    try:
        return datetime.fromisoformat(str(updated_at)) < moment
    except (ValueError, TypeError):  # no time, or one without an offset: better read once too often
        return False


def _place(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 12:
        raise Stop("source-cursor-malformed", "The cursor is not one of a bundle.")
    return int(cursor)
