"""What of a run was put back alone: the sample, an object, a wave. The run goes on, and says what of it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import orjson

ROLLED_BACK = "rolled-back"
"""Why a record has no row: somebody had its object put back, and nobody had it loaded again."""
SAMPLE = "sample"


@dataclass(frozen=True, slots=True)
class Part:
    """One of them. ``asked`` is what was asked for, in the asker's words; ``objects`` what it comes to, dependents
    included; ``generation`` is ``sample`` where only that goes. ``release``: the rows that may go although somebody
    edited them. ``done_at`` is empty while it is under way; ``overtaken``: the whole run went back meanwhile.
    ``loaded_again``: its rows were asked for once more, so that nothing excuses their absence any longer."""

    number: int
    asked: Mapping[str, Any]
    objects: tuple[str, ...]
    generation: str = ""
    by: str = ""
    at: str = ""
    done_at: str = ""
    release: Mapping[str, Any] | None = None
    overtaken: bool = False
    loaded_again: bool = False

    def takes(self, journal_lane: str) -> bool:
        """Whether a lane of the journal, ``<order>|<generation>|<object>|<lane>``, belongs to it."""
        _, generation, name, _ = journal_lane.split("|")
        return name in self.objects and self.generation in ("", generation)

    def told(self) -> dict[str, Any]:
        """As the API shows it."""
        names = ("number", "objects", "by", "at", "done_at", "overtaken", "loaded_again")
        return {"part": dict(self.asked), **{name: getattr(self, name) for name in names}}


def read(kept: str) -> tuple[Part, ...]:
    """The parts as a run keeps them."""
    return tuple(one(body) for body in orjson.loads(kept or "[]"))


def one(body: Mapping[str, Any]) -> Part:
    """A part as it was kept."""
    return Part(**{**body, "objects": tuple(body["objects"])})


def spelled(parts: Iterable[Part]) -> str:
    """The parts as a run keeps them."""
    return orjson.dumps([asdict(part) for part in parts]).decode()


def under_way(parts: Iterable[Part]) -> Part | None:
    """The part that is being put back now."""
    return next((part for part in parts if not part.done_at), None)


def put_back(parts: Iterable[Part]) -> frozenset[str]:
    """The objects whose rows are gone on purpose. A sample is none: the full load brings its records anyway."""
    return frozenset(
        name for part in parts if not (part.generation or part.loaded_again or part.overtaken) for name in part.objects
    )


def ended(parts: Iterable[Part], *, at: str, overtaken: bool = False) -> tuple[Part, ...]:
    """The same with the one under way ended, and what was released for it forgotten."""
    return tuple(
        part if part.done_at else replace(part, done_at=at, overtaken=overtaken, release=None) for part in parts
    )


def asked_again(parts: Iterable[Part]) -> tuple[Part, ...]:
    """The same when the rows of all of them were asked for once more."""
    return tuple(replace(part, loaded_again=True) for part in parts)
