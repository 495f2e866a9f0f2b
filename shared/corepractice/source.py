"""What a source can be asked, whether it is the API or an export bundle.

Both readers give the same records for the same practice: flat, custom fields as ``custom_fields.<key>``, an empty text
as None, everything else as in the API's JSON (times as text with the practice's offset, dates as ``YYYY-MM-DD``).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

Record = dict[str, Any]
"""One flat record: text, whole and decimal numbers, booleans and None. ``id`` is always a non-empty text."""

MOST_RECORDS = 500
"""The largest page the API gives; a larger ``limit`` means this."""


LARGEST_CHUNK = 1 << 20
"""Bytes of a file that are in memory at once."""


@dataclass(frozen=True, slots=True)
class ObjectCount:
    """One object of the source. ``count`` leaves archived records out; lists hold both."""

    name: str
    count: int
    archived: int = 0


@dataclass(frozen=True, slots=True)
class Description:
    """Whose records these are, and how many of what. ``timezone`` is an IANA name; ``exported_at`` is when an export
    was made, ISO-8601 text, and nothing where the source is asked itself."""

    practice_name: str
    timezone: str
    objects: tuple[ObjectCount, ...]
    exported_at: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Page:
    """Some records and the cursor of the next page; None means that this was the last one."""

    records: list[Record] = field(repr=False)
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file's bytes from ``start`` on, to be read once, in chunks of at most ``LARGEST_CHUNK``.

    ``size`` is that of the whole file, None where the source does not say. ``content_type`` is what the source says
    now, if anything: an attachment's own record may say it too. ``version`` is opaque and changes with the content.
    """

    size: int | None
    content_type: str | None
    version: str | None
    start: int
    chunks: AsyncIterator[bytes] = field(repr=False)


class Source(Protocol):
    """Archived records are always included. Every method may raise TryAgain, AskPerson or Stop."""

    async def describe(self) -> Description:
        """The practice and its objects, counted as far as lists can show them."""

    async def page(
        self, object: str, *, cursor: str | None, since: str | None = None, limit: int = MOST_RECORDS
    ) -> Page:
        """One page in a stable order. ``since`` (ISO-8601 with an offset, inclusive) compares ``updated_at``.

        A cursor stays good across processes and while records change; it belongs to one object and one ``since``.
        """

    async def record(self, object: str, id: str) -> Record | None:
        """One record by its id, also one that no list shows; None when the source has none."""

    def open_file(
        self, file_id: str, *, start: int = 0, version: str | None = None
    ) -> AbstractAsyncContextManager[OpenFile | None]:
        """A file's bytes, to be used with ``async with``; None when the source has no file of that id.

        ``start`` goes on where an earlier reading ended: give the ``version`` it had then, and a file that has changed
        since ends in Stop ``file-changed``. A damaged one ends in Stop ``bundle-damaged``, at the latest with its last
        chunk: what has been read is not the file before the chunks have ended by themselves.
        """

    async def close(self) -> None:
        """Let go of what the source itself opened."""
