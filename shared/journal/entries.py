"""A row about to change and how to put it back; and a page of them, the unit that is written before a batch goes out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class PageState(StrEnum):
    """Intended: written before the batch. Settled: the batch was read back, versions are known."""

    INTENDED = "intended"
    SETTLED = "settled"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row. ``before`` is None for a row that was not there; else the values, in wire form, that we replace.

    ``version`` is the row version we left behind, empty until the page is settled.
    """

    id: str
    before: Mapping[str, Any] | None
    version: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """The entries of one batch. ``lane`` and ``number`` make its address within the run."""

    wave: int
    table: str
    lane: str
    number: int
    state: PageState
    entries: tuple[Entry, ...]

    def settled(self, versions: Mapping[str, str]) -> Page:
        """The same page with the versions that the batch left behind. Rows that are not there keep no version."""
        entries = tuple(replace(entry, version=versions.get(entry.id, "")) for entry in self.entries)
        return replace(self, state=PageState.SETTLED, entries=entries)


def intend(
    ids: Iterable[str], present: Mapping[str, Mapping[str, Any]], earlier: Page | None, changed: Sequence[str]
) -> tuple[Entry, ...]:
    """Entries for a batch about to go out.

    On a retry the first before-value wins: what is present now may be our own half-done work.
    """
    first = {entry.id: entry for entry in earlier.entries} if earlier else {}
    return tuple(
        first[id_] if id_ in first else Entry(id_, _before(present.get(id_), changed)) for id_ in ids
    )


def _before(row: Mapping[str, Any] | None, columns: Sequence[str]) -> dict[str, Any] | None:
    return None if row is None else {name: row.get(name) for name in columns}
