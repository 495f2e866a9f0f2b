"""A spreadsheet's rows, kept on local disk after the one slow reading of it.

Reading a spreadsheet costs about fifty times what reading the same CSV does, and can only begin at its first row. The
file has no name and is gone with the process, like the bundle itself.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence

import orjson

_BLOCK = 1 << 18


class Spool:
    """Rows to be added once and then read as often as wanted. Not for two threads at once."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="bridgework-")  # noqa: SIM115 - open as long as the spool is

    def add(self, cells: Sequence[str]) -> None:
        """Keep one more row."""
        self._file.write(orjson.dumps(cells, option=orjson.OPT_APPEND_NEWLINE))

    def rows(self) -> Iterator[list[str]]:
        """Every row from the first. Readings may be interleaved: each remembers its own place."""
        place, rest = 0, b""
        while True:
            self._file.seek(place)
            block = self._file.read(_BLOCK)
            if not block:
                return
            place += len(block)
            *lines, rest = (rest + block).split(b"\n")
            yield from map(orjson.loads, lines)

    def close(self) -> None:
        """Let go of the disk space."""
        self._file.close()
