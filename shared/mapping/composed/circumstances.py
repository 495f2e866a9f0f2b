"""What a composed value depends on besides the record: the same for every record of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from shared.attachments.router import FilesPolicy
from shared.mapping.crosswalk import Crosswalk
from shared.mapping.transforms import Value

REMEMBERED = 2_048
"""References kept in memory: a practice's staff and places, and the patients of the last records."""

Record = Mapping[str, Any]
Getter = Callable[[Record], Value]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """``region``: whose telephone numbers the practice writes; ``notation``: how it names teeth; ``currency``: the
    row id of the currency of every amount. ``authors``: the users as whom notes may be written (A22), to their Entra
    ids; ``us``: the user who writes all the rest."""

    system: str
    crosswalk: Crosswalk
    region: str = "AU"
    notation: str = "fdi"
    currency: str = ""
    files: FilesPolicy = field(default_factory=FilesPolicy)
    authors: Mapping[str, str] = field(default_factory=dict)
    us: str = ""

    resolve: Callable[[str, str], tuple[str, str] | None] = field(init=False, compare=False)
    """``crosswalk.resolve``, which remembers: the same patient and member of staff in several columns of many rows."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "resolve", lru_cache(maxsize=REMEMBERED)(self.crosswalk.resolve))

    def writer(self, record: Record) -> str:
        """The user as whom a note is written; nothing where that is ourselves, and the note has to say who wrote it."""
        user = self.crosswalk.users.get(text(record, "author_id"), "")
        return user if user in self.authors else ""


def text(record: Record, name: str) -> str:
    """A field as text, empty when it is absent."""
    value = record.get(name)
    return value if value.__class__ is str else "" if value is None else str(value)
