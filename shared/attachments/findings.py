"""What the proof of files found: counts, and the address of every file that is not as it should be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

MOST_LISTED = 200
"""How many files are listed one by one; all of them are counted."""


@dataclass(slots=True)
class FileFindings:
    """``files`` were read back whole. ``refused``: how many could not go, by reason; each of those is known by name
    and is no difference. ``listed``: object, row, attachment and what is the matter."""

    files: int = 0
    bytes: int = 0
    differs: int = 0
    missing: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    listed: list[list[str]] = field(default_factory=list)

    def add_refused(self, address: tuple[str, str, str], reason: str) -> None:
        """Count a file that could not go."""
        self.refused[reason] = self.refused.get(reason, 0) + 1
        self._list(address, reason)

    def add_missing(self, address: tuple[str, str, str], what: str) -> None:
        """Count a file that should be there and is not."""
        self.missing += 1
        self._list(address, what)

    def add_read(self, address: tuple[str, str, str], size: int, wrong: str) -> None:
        """Count a file that was read back; ``wrong`` says what differs, if anything does."""
        self.files += 1
        self.bytes += size
        if wrong:
            self.differs += 1
            self._list(address, wrong)

    def _list(self, address: tuple[str, str, str], what: str) -> None:
        if len(self.listed) < MOST_LISTED:
            self.listed.append([*address, what])


def merged(found: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The findings of several lanes as one."""
    total = FileFindings()
    for one in found:
        total.files += one["files"]
        total.bytes += one["bytes"]
        total.differs += one["differs"]
        total.missing += one["missing"]
        for reason, count in one["refused"].items():
            total.refused[reason] = total.refused.get(reason, 0) + count
        total.listed = [*total.listed, *one["listed"]][:MOST_LISTED]
    return {
        "files": total.files,
        "bytes": total.bytes,
        "differs": total.differs,
        "missing": total.missing,
        "refused": dict(sorted(total.refused.items())),
        "listed": total.listed,
    }
