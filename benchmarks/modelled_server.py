"""The pace against a modelled Dataverse in made-up time: no sockets, no waiting, an hour in a second.

The limits are counted by the simulator's own book (`sandbox/dataverse/limits.py`), which knows nothing of ours.
"""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from benchmarks.figures import Figure
from sandbox.dataverse.errors import DataverseError
from sandbox.dataverse.limits import Limits, Protection
from shared.dataverse.budget import Allowance, told_in
from shared.dataverse.gate import GONE, MET_EVERY, SOON
from shared.dataverse.pace import ANY, Pace, Place
from shared.dataverse.portion import Claim, Peers

AREA = "The pace, modelled"
TRIP = 0.002
"""Seconds that a request and its answer spend on the way."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a bulk message costs the server, in seconds, and from how many at once on a server everything gets
    slower. ``varies``: how much one message differs from another like it (sigma of a lognormal distribution whose mean
    stays)."""

    request: float = 0.060
    row: float = 0.002
    slows_at: float = math.inf
    varies: float = 0.0

    def seconds(self, rows: int, together: int, chance: random.Random) -> float:
        """One message of so many rows while so many are under way on its server."""
        differs = math.exp(chance.gauss(-(self.varies**2) / 2, self.varies)) if self.varies else 1.0
        return (self.request + self.row * rows) * max(1.0, together / self.slows_at) * differs


@dataclass(frozen=True, slots=True)
class Told:
    """How it went. ``used``: execution time as a share of what the limits allow; ``punished``: time behind a refusal,
    as a share of all books' time."""

    seconds: float
    rows: int
    used: float
    punished: float
    refusals: int

    @property
    def rows_per_second(self) -> float:
        """What came of it."""
        return self.rows / self.seconds


def allowance_of(limits: Limits) -> Allowance:
    """The limits as a client knows them."""
    return Allowance(
        limits.requests or 10**9, limits.execution_seconds or 1e12, limits.window_seconds, limits.concurrent or 10**6
    )


class _World:
    """The servers, the wire and whoever else is about, in made-up time. Events happen in their order."""

    def __init__(self, limits: Limits, cost: Cost, chance: random.Random) -> None:
        self.now = 0.0
        self._chance = chance
        self.protection = Protection(limits, lambda: self.now)
        self.used = 0.0
        self._cost = cost
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._together: Counter[int] = Counter()

    def at(self, moment: float, happens: Callable[[], None]) -> None:
        """Something happens at that moment."""
        heapq.heappush(self._events, (moment, next(self._order), happens))

    def go_on(self, until: float) -> None:
        """To the next event, or until that moment if nothing happens before."""
        self.now = min([until, *(event[0] for event in self._events[:1])])
        while self._events and self._events[0][0] <= self.now:
            heapq.heappop(self._events)[2]()

    def ask(self, user: str, server: int, rows: int, answered: Callable[[DataverseError | None], None]) -> None:
        """One message; the answer comes when it has been done, or at once when it is refused."""
        try:
            admission = self.protection.enter(user, server)
        except DataverseError as refusal:
            reason = refusal  # the name of an except clause ends with it
            self.at(self.now + TRIP, lambda: answered(reason))
            return
        self._together[server] += 1
        took = self._cost.seconds(rows, self._together[server], self._chance)

        def done() -> None:
            self._together[server] -= 1
            self.protection.leave(admission)
            self.used += took
            self.at(self.now + TRIP, lambda: answered(None))

        self.at(self.now + took, done)


@dataclass(frozen=True, slots=True)
class Life:
    """When a process ``begins`` and ``ends``, in seconds; and how many seconds pass between its messages, where it has
    no more of them than that (0: as many as its pace lets through)."""

    begins: float
    ends: float
    every: float = 0.0


@dataclass(slots=True)
class _Process:
    """One of the app's processes, at its pace."""

    pace: Pace
    life: Life
    told: Claim | None = None
    told_at: float = -math.inf
    next_at: float = 0.0
    rows: int = 0

    def lives(self, now: float) -> bool:
        """Whether it is there at that moment."""
        return self.life.begins <= now < self.life.ends


def drive(
    pace: Pace, limits: Limits, *, seconds: float, rows: int, cost: Cost | None = None, names_servers: bool = True,
    others: float = 0.0, seed: int = 1,
) -> Told:  # fmt: skip
    """Send messages of ``rows`` rows for so long, as many as the pace lets through. ``others``: what else the same
    users do on each server meanwhile, as a share of their allowance."""
    world = _World(limits, cost or Cost(), random.Random(seed + 1))
    if others:
        _besides(world, limits, others, users=pace.users)
    alone = [_Process(pace, Life(0.0, seconds))]
    return _go(alone, world, limits, seconds=seconds, rows=rows, names_servers=names_servers, seed=seed)


def drive_several(
    lives: Sequence[Life], limits: Limits, *, seconds: float, rows: int, cost: Cost | None = None,
    users: int = 1, seed: int = 1,
) -> Told:  # fmt: skip
    """The same by processes that ask as the same users, each for as long as it lives, that tell one another what
    they claim."""
    world = _World(limits, cost or Cost(), random.Random(seed + 1))
    processes = [_Process(Pace(allowance_of(limits), users=users), life) for life in lives]
    for process in processes:
        world.at(process.life.begins, partial(_meet, process, processes, world, limits.window_seconds, joined=True))
    world.go_on(0.0)
    return _go(processes, world, limits, seconds=seconds, rows=rows, names_servers=True, seed=seed)


def _meet(one: _Process, processes: Sequence[_Process], world: _World, window: float, *, joined: bool) -> None:
    """A process reads what the others claim and tells them what it does, now and again and again."""
    if not one.lives(world.now):
        return
    if joined:
        one.told, one.told_at = Claim(0.0, wants=1.0), world.now
    others = []
    for other in processes:
        if other is not one and other.told is not None:
            silent = world.now - other.told_at
            others.append(replace(other.told, silent=silent if silent > window * GONE else 0.0))
    one.told, one.told_at = one.pace.among(Peers(tuple(others), joined), world.now), world.now
    again = window * (SOON if joined else MET_EVERY)
    world.at(world.now + again, partial(_meet, one, processes, world, window, joined=False))


def _go(
    processes: Sequence[_Process], world: _World, limits: Limits, *, seconds: float, rows: int, names_servers: bool,
    seed: int,
) -> Told:  # fmt: skip
    chance = random.Random(seed)
    like = f"create/{round(2 * math.log2(rows))}"

    def send(process: _Process, place: Place) -> None:
        number = int(place.server) if place.server != ANY else chance.randrange(limits.servers)
        named = str(number) if names_servers and place.server == ANY else None

        def answered(refusal: DataverseError | None) -> None:
            if refusal is None:
                process.pace.answered(place, world.now, like, server=named)
                process.rows += rows
            else:
                together, wait = refusal.code == "0x80072326", float(refusal.headers["Retry-After"])
                told = told_in(refusal.message, process.pace.allowance)
                process.pace.refused(place, world.now, wait, server=named, together=together, told=told)

        world.ask(f"user{place.user}", number, rows, answered)

    while world.now < seconds:
        soonest = math.inf
        for process in processes:
            while process.lives(world.now):
                if process.next_at > world.now:
                    soonest = min(soonest, process.next_at - world.now)
                    break
                found = process.pace.place(world.now, like)
                if not isinstance(found, Place):
                    soonest = min(soonest, found)
                    break
                process.next_at = world.now + process.life.every
                send(process, found)
        world.go_on(min(world.now + max(soonest, 1e-6), seconds))
    books = limits.servers * processes[0].pace.users
    allowed = books * (limits.execution_seconds or math.inf) / limits.window_seconds * seconds
    refusals = sum(process.pace.refusals for process in processes)
    shut = sum(book.punished for process in processes for book in process.pace.books())
    punished = shut / (len(processes) * books * seconds)
    return Told(seconds, sum(process.rows for process in processes), world.used / allowed, punished, refusals)


def _besides(world: _World, limits: Limits, share: float, *, users: int) -> None:
    """Somebody else, by the same names: a message of 500 rows again and again, who stops when he is refused."""
    rows = 500
    cost, often = Cost(), share * (limits.execution_seconds or 1.0) / limits.window_seconds
    every = (cost.request + cost.row * rows) / often

    def ask(user: str, server: int) -> None:
        def answered(refusal: DataverseError | None) -> None:
            rest = float(refusal.headers["Retry-After"]) if refusal else every
            world.at(world.now + rest, lambda: ask(user, server))

        world.ask(user, server, rows, answered)

    for user, server in itertools.product(range(users), range(limits.servers)):
        ask(f"user{user}", server)


ONE = Limits(requests=6000, execution_seconds=1200, concurrent=52)
REGIMES: dict[str, tuple[Limits, int, Cost]] = {
    "one user, one server": (ONE, 1, Cost()),
    "two users, three servers": (replace(ONE, servers=3), 2, Cost()),
    "the same, messages that vary by 30 %": (replace(ONE, servers=3), 2, Cost(varies=0.3)),
}
PROCESSES = 4


def measure(*, hours: float) -> list[Figure]:
    """Utilisation and time punished, in every regime."""
    seconds, found = hours * 3600, {}
    for name, (limits, users, cost) in REGIMES.items():
        pace = Pace(allowance_of(limits), users=users)
        found[name] = drive(pace, limits, seconds=seconds, rows=1000, cost=cost)
    together = [Life(0.0, seconds)] * PROCESSES
    found[f"{PROCESSES} processes, one user, one server"] = drive_several(together, ONE, seconds=seconds, rows=1000)
    come_and_go = [Life(number * seconds / 8, seconds * (1 - number / 16)) for number in range(PROCESSES)]
    found["the same, they come and go"] = drive_several(come_and_go, ONE, seconds=seconds, rows=1000)
    with_little = [Life(0.0, seconds)] * 2 + [Life(0.0, seconds, every=3.0)] * 2
    found["the same, two of them have little to do"] = drive_several(with_little, ONE, seconds=seconds, rows=1000)
    return [figure for name, told in found.items() for figure in _figures(name, told)]


def _figures(name: str, told: Told) -> list[Figure]:
    return [
        Figure(AREA, f"{name}: of the limit used", 100 * told.used, "%", "aim: at least 95"),
        Figure(AREA, f"{name}: time punished", 100 * told.punished, "%", f"aim: under 1; {told.refusals} refusals"),
    ]
