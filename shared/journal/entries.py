"""A row about to change and how to put it back; and a page of them, written before a batch goes out."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

MERGED = "merged"
"""In place of a version: the row holds a person's changes beside ours, so it is nobody's to undo without a word."""


FORGOTTEN: Mapping[str, Any] = {"forgotten": True}
"""In place of the values before a change: somebody had the person erased, so nothing can return to them."""


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
class Outcome:
    """What a way back made of a page: ``turn`` says which one, ``counts`` the rows by action, ``held`` has the id and
    the reason of each row that stayed."""

    turn: int
    counts: Mapping[str, int]
    held: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """The entries of one batch. ``lane`` and ``number`` make its address within the run.

    ``shard`` is the path of the staged shard that its rows came from. ``at`` is when the page was last written, by the
    clock of the storage; empty until it was read back. ``outcome`` is what the latest way back made of it.
    """

    wave: int
    table: str
    lane: str
    number: int
    state: PageState
    entries: tuple[Entry, ...]
    shard: str = ""
    at: str = field(default="", compare=False)
    outcome: Outcome | None = None

    def settled(self, versions: Mapping[str, str]) -> Page:
        """The same page with the versions that the batch left behind. Rows that are not there keep no version."""
        entries = tuple(
            entry if entry.version == MERGED else replace(entry, version=versions.get(entry.id, ""))
            for entry in self.entries
        )
        return replace(self, state=PageState.SETTLED, entries=entries)

    def without_values_of(self, rows: Container[str]) -> Page:
        """The same page, with nothing left of what those rows held before."""
        entries = tuple(
            replace(entry, before=FORGOTTEN) if entry.id in rows and entry.before is not None else entry
            for entry in self.entries
        )
        return replace(self, entries=entries)

    @property
    def open(self) -> tuple[Entry, ...]:
        """The entries that a way back has still to look at: all of them, and after one those that it had to leave."""
        if self.state is not PageState.UNDONE:
            return self.entries
        stayed = dict(self.outcome.held) if self.outcome else {}
        return tuple(entry for entry in self.entries if entry.id in stayed)
