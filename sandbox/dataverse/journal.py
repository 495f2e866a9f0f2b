"""What makes the organisation outlive its process: an append-only file, one line per transaction.

A transaction is written by one `write` before its answer is sent, so a killed process loses nothing it has answered
for (the page cache survives the process; a machine that loses power is not promised anything). A torn last line fails
its checksum and is cut off: that transaction was never answered. A line holds a JSON list of entries
`[kind, name, key, value]`, value null for a removal.
"""

from __future__ import annotations

import fcntl
import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

Entry = tuple[str, str, str, Any]
SNAPSHOT_ENTRIES = 2000


class Journal:
    """Opened by one process at a time; OSError when another holds it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.entries = 0
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._lock()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise OSError(f"{self.path} is in use by another process") from None

    def read(self) -> Iterator[Entry]:
        """Every entry in order; cuts off a torn tail."""
        good = 0
        with open(self.path, "rb") as file:
            for line in file:
                payload = _checked(line)
                if payload is None:
                    break
                good += len(line)
                for entry in orjson.loads(payload):
                    self.entries += 1
                    yield tuple(entry)
        if good < os.path.getsize(self.path):
            os.truncate(self.path, good)

    def append(self, entries: list[Entry]) -> None:
        """Returns when the entries would survive the death of this process."""
        if entries:
            self.entries += len(entries)
            _write_all(self._file, _line(entries))

    def rewrite(self, entries: Iterable[Entry]) -> None:
        """Replace the whole history by the state it led to."""
        fresh = self.path.with_name(self.path.name + ".fresh")
        descriptor = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        count, batch = 0, []
        for entry in entries:
            batch.append(entry)
            count += 1
            if len(batch) == SNAPSHOT_ENTRIES:
                _write_all(descriptor, _line(batch))
                batch = []
        if batch:
            _write_all(descriptor, _line(batch))
        os.fsync(descriptor)
        os.replace(fresh, self.path)
        os.close(self._file)
        self._file, self.entries = descriptor, count
        self._lock()

    def close(self) -> None:
        os.close(self._file)


def _line(entries: list[Entry]) -> bytes:
    payload = orjson.dumps(entries)
    return b"%08x %b\n" % (zlib.crc32(payload), payload)


def _checked(line: bytes) -> bytes | None:
    if len(line) < 10 or line[-1:] != b"\n":
        return None
    payload = line[9:-1]
    try:
        return payload if int(line[:8], 16) == zlib.crc32(payload) else None
    except ValueError:
        return None


def _write_all(descriptor: int, payload: bytes) -> None:
    view = memoryview(payload)
    while view:
        view = view[os.write(descriptor, view) :]
