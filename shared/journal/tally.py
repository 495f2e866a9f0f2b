"""What the way back did with rows, or would do: counted by action and reason, and the first of those that stay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

MOST_LISTED = 100
"""How many held rows a lane lists one by one; all of them are counted."""
ACTIONS = ("deleted", "restored", "already")


@dataclass(slots=True)
class Tally:
    """``undone`` rows are as before: ``deleted``, ``restored``, or ``already`` so. ``held`` ones stay, by ``why``;
    ``listed`` has table, row and reason; ``held_at`` where more is written down about some of them."""

    undone: int = 0
    held: int = 0
    deleted: int = 0
    restored: int = 0
    already: int = 0
    why: dict[str, int] = field(default_factory=dict)
    listed: list[list[str]] = field(default_factory=list)
    held_at: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, notes: Mapping[str, Any]) -> Tally:
        """As a lane keeps it."""
        return cls(**{name: notes[name] for name in cls.__dataclass_fields__ if name in notes})

    def notes(self) -> dict[str, Any]:
        """What a lane keeps."""
        return asdict(self)

    def add(self, table: str, counts: Mapping[str, int], held: Iterable[tuple[str, str]]) -> None:
        """Count one page: how many rows by action, and each held row with its reason."""
        for name in ACTIONS:
            setattr(self, name, getattr(self, name) + counts[name])
        self.undone = self.deleted + self.restored + self.already
        for id_, why in held:
            self.held += 1
            self.why[why] = self.why.get(why, 0) + 1
            if len(self.listed) < MOST_LISTED:
                self.listed.append([table, id_, why])


def merged(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Several lanes' counts as one, without their lists."""
    total = Tally()
    for notes in parts:
        part = Tally.of(notes)
        total.held += part.held
        for name in ("undone", *ACTIONS):
            setattr(total, name, getattr(total, name) + getattr(part, name))
        for why, count in part.why.items():
            total.why[why] = total.why.get(why, 0) + count
    return {name: value for name, value in asdict(total).items() if name not in ("listed", "held_at")}
