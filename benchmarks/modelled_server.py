"""The pace against a modelled Dataverse in made-up time: no sockets, no waiting, an hour in a second.

The limits are counted by the simulator's own book (`sandbox/dataverse/limits.py`), which knows nothing of ours.
"""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from benchmarks.figures import Figure
from sandbox.dataverse.errors import DataverseError
from sandbox.dataverse.limits import Limits, Protection
from shared.dataverse.budget import Allowance
from shared.dataverse.pace import ANY, Pace, Place

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


def drive(
    pace: Pace, limits: Limits, *, seconds: float, rows: int, cost: Cost | None = None, names_servers: bool = True,
    others: float = 0.0, seed: int = 1,
) -> Told:  # fmt: skip
    """Send messages of ``rows`` rows for so long, as many as the pace lets through. ``others``: what else the same
    users do on each server meanwhile, as a share of their allowance."""
    chance, moved = random.Random(seed), [0]
    world = _World(limits, cost or Cost(), random.Random(seed + 1))
    like = f"create/{round(2 * math.log2(rows))}"
    if others:
        _besides(world, limits, others, users=pace.users)

    def send(place: Place) -> None:
        number = int(place.server) if place.server != ANY else chance.randrange(limits.servers)
        named = str(number) if names_servers and place.server == ANY else None

        def answered(refusal: DataverseError | None) -> None:
            if refusal is None:
                pace.answered(place, world.now, like, server=named)
                moved[0] += rows
            else:
                together, wait = refusal.code == "0x80072326", float(refusal.headers["Retry-After"])
                pace.refused(place, world.now, wait, server=named, together=together)

        world.ask(f"user{place.user}", number, rows, answered)

    while world.now < seconds:
        found = pace.place(world.now, like)
        if isinstance(found, Place):
            send(found)
        else:
            world.go_on(min(world.now + max(found, 1e-6), seconds))
    books = limits.servers * pace.users
    allowed = books * (limits.execution_seconds or math.inf) / limits.window_seconds * seconds
    punished = sum(book.punished for book in pace.books()) / (books * seconds)
    return Told(seconds, moved[0], world.used / allowed, punished, pace.refusals)


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


def measure(*, hours: float) -> list[Figure]:
    """Utilisation and time punished, in every regime."""
    figures = []
    for name, (limits, users, cost) in REGIMES.items():
        pace = Pace(allowance_of(limits), users=users)
        told = drive(pace, limits, seconds=hours * 3600, rows=1000, cost=cost)
        figures += [
            Figure(AREA, f"{name}: of the limit used", 100 * told.used, "%", "aim: at least 95"),
            Figure(AREA, f"{name}: time punished", 100 * told.punished, "%", f"aim: under 1; {told.refusals} refusals"),
        ]
    return figures
