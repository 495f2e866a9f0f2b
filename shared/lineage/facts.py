"""What is gathered about one row before the answer is put together: frozen values, with no way back to where they lie.

They hold record values, so they never leave the process; the answer masks what it shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.attachments.receipts import Receipt
from shared.journal.entries import Entry, Page, PageState
from shared.mapping.compiled import ObjectMap
from shared.mapping.model import FieldMap
from shared.mapping.rows import Excluded, Row, SetAside
from shared.runs.model import Document, Run
from shared.vocabulary import Address


@dataclass(frozen=True, slots=True)
class Staged:
    """One staged version of a record: its shard, and the line it has in it, counted from 1."""

    generation: str
    shard: int
    address: Address
    line: int
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Written:
    """A journal page, and its entry about the row."""

    page: Page
    entry: Entry

    @property
    def generation(self) -> str:
        """The generation that the page was written for: lanes are named ``<order>|<generation>|<object>|<lane>``."""
        return self.page.lane.split("|")[1]

    @property
    def object(self) -> str:
        """The object whose rule wrote it."""
        return self.page.lane.split("|")[2]

    @property
    def undone(self) -> bool:
        """Whether the way back has passed here."""
        return self.page.state is PageState.UNDONE


@dataclass(frozen=True, slots=True)
class Approved:
    """A document, and the decision that approved it: None while nobody has."""

    document: Document | None
    decision: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Proof:
    """The latest verdict, and what its proof said about the record: nothing, ``wrong`` or ``held``."""

    verdict: Mapping[str, Any]
    said: str


@dataclass(frozen=True, slots=True)
class There:
    """The row as it is now: what the map compares, and when it was last changed. ``editor`` is the name of whoever did,
    where it can be read, and ``made_by`` the run whose number the row bears."""

    row: Mapping[str, Any]
    modified_on: str
    editor: str | None
    made_by: str | None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything there is to say about one row.

    ``words``: the record in each generation that staged it, the latest last. ``expected`` is what the latest word
    should have become. ``left`` is the journal's last entry with a version, as the row's file left it.
    """

    run: Run
    rules: FieldMap
    map: ObjectMap
    id: str
    us: Sequence[str]
    words: Sequence[Staged]
    expected: Row | Excluded | SetAside
    there: There | None
    generations: Sequence[str]
    """Every generation of the run, in the order in which they are written."""
    writes: Sequence[Written]
    loaded: frozenset[str]
    """The generations whose records of this object were loaded in full."""
    left: Entry | None
    mapping: Approved
    sample: Approved
    aside: str | None
    proof: Proof | None
    receipt: Receipt | None

    @property
    def latest(self) -> Staged:
        """The record's latest word."""
        return self.words[-1]
