"""What the simulator asks of a body of records, whether grown from a number or read from somebody's folder.

Lists are answered from *slips*, cheap enough to skip by the thousand; a record is only made when it is wanted.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from sandbox.corepractice.files import StoredFile
from sandbox.corepractice.local_clock import clock_of
from sandbox.corepractice.shapes import Record


class Slip(NamedTuple):
    """Where one listable record stands: `updated` is in microseconds since 1970, `place` is its keeper's affair."""

    updated: int
    id: str
    archived: bool
    place: int


@dataclass(frozen=True)
class Tally:
    """How many records lists can return: `active` by default, `archived` only when asked for."""

    active: int
    archived: int


class Records(Protocol):
    """Ids and updated instants order lists; hidden records are answered by `find` alone."""

    name: str
    zone: ZoneInfo
    identity: str  # the same for the same records, so that edits kept in a file find their clinic again
    fields: dict[str, tuple[str, ...]]  # of each object there is, in the order in which the source lists them

    def custom_fields(self, object_name: str) -> tuple[str, ...]:
        """Names under `custom_fields`; none where the object has no such field."""

    def slips(self, object_name: str, after: str | None) -> Iterator[Slip]:
        """Listable records by id, those after the given id."""

    def slips_by_update(self, object_name: str, since: int) -> Iterator[Slip]:
        """Listable records by (updated, id), from `since` on."""

    def load(self, object_name: str, place: int) -> Record: ...

    def find(self, object_name: str, record_id: str) -> Record | None: ...

    def slip_of(self, object_name: str, record_id: str) -> Slip | None:
        """The slip of a listable record; None where it is hidden or does not exist."""

    def hidden(self, object_name: str) -> Iterator[str]:
        """Ids that no list shows but `find` answers."""

    def gone(self, object_name: str) -> Iterator[str]:
        """Ids that other records refer to and nothing answers, as far as the keeper knows them."""

    def tally(self, object_name: str) -> Tally: ...

    def pick(self, object_name: str, chance: random.Random) -> str | None:
        """Any listable record's id; None where there is none."""

    def file(self, file_id: str) -> StoredFile | None: ...


def microseconds(text: str) -> int:
    """ISO-8601 text with an offset as microseconds since 1970; ValueError where it is no such text."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset from UTC")
    span = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds


def local_text(seconds: float, zone: ZoneInfo) -> str:
    """Seconds since 1970 as the API writes them: the practice's own offset, whole seconds."""
    return clock_of(zone).text(int(seconds))
