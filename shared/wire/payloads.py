"""The values that travel. Addresses, counts, digests and names: everything here is kept in Durable's history in clear.

Fields are only ever added, with defaults: a run that started under an older version must still be understood.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class About:
    """A step about a whole run. ``generation`` names a set of shards (base, sample, delta-0001)."""

    run: str
    generation: str = ""
    closing: bool = False


@dataclass(frozen=True, slots=True)
class Slice:
    """One lane's part of a phase: which step, over which object, out of which generation."""

    run: str
    step: str
    generation: str
    object: str
    lane: int = 0
    lanes: int = 1


@dataclass(frozen=True, slots=True)
class Progress:
    """Whether a lane has more to do. What it has done so far is in the runs table, not here."""

    more: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What a phase is made of: its slices, in waves that follow one another."""

    waves: list[list[Slice]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Look:
    """A question to the runs table: is there a reason to go on? If not, ``waiter`` is the instance to wake later, and
    ``event`` the name to wake it by."""

    run: str
    topic: str
    waiter: str
    event: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """The answer: ``wait``, or what was decided (approve, reject, amend, resume, rollback, pickup)."""

    answer: str = "wait"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a step did not go through, in words that carry no record value."""

    code: str
    message: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A problem to be shown on a run until a person says resume or rollback."""

    run: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class Mark:
    """A run moves to a phase, or waits for something named."""

    run: str
    phase: str
    waiting_for: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """The delta window: how long it stays open. The story turns that into an instant on its own clock."""

    hours: float = 24.0


@dataclass(frozen=True, slots=True)
class Nothing:
    """A step whose only answer is that it is done."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What every activity answers with. Exactly one of the members speaks.

    ``reply``: it went through. ``again``: call it again after so many seconds. ``problem``: a person has to look.
    ``wish``: a person asked for ``pause`` or ``rollback``, so nothing more was done.
    """

    reply: dict[str, object] | None = None
    again: float | None = None
    problem: Problem | None = None
    wish: str = ""


@dataclass(frozen=True, slots=True)
class Slices:
    """One wave of a phase: slices that may run side by side."""

    slices: list[Slice] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A child that waits for a topic of a run: a gate's name, ``problem`` or ``paused``. ``turn`` counts its looks."""

    run: str
    topic: str
    turn: int = 0


@dataclass(frozen=True, slots=True)
class OpenWindow:
    """The delta window of a run, until an instant (ISO 8601, UTC) on the story's clock."""

    run: str
    closes_at: str
    turn: int = 0
