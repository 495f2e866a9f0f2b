"""Which user asks which web server next, and when: as fast as Dataverse allows, without being told off. Pure.

Dataverse charges its limits to the calling user on the web server that answers. So there is a book (`budget`) for each
pair of them, a request goes by the pair with the most room, and only when none has any does it wait. The servers are
known by the affinity cookie of their answers; we keep no cookies, which would pin all load to one of them, but name
the server that a request is to go to. An answer without the cookie goes into a book for servers that cannot be told
apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from shared.dataverse.budget import DOCUMENTED, Allowance, Budget
from shared.dataverse.portion import Claim, Peers, Portion
from shared.dataverse.width import guess

ANY = ""
"""No server in particular: Dataverse's load balancer chooses."""
LOOK_ROUND = 60.0
"""Seconds after which one request goes to any server again: there may be new ones."""
_ENOUGH = 6
"""So many answers in a row, for each server known, that named no new one: then there are no others."""
_NAMELESS_SERVERS = 8.0
_HUNGRY = 1 / 15
"""Of Dataverse's window: a process in which somebody waited for a place as lately as that would use more."""
_PARTS = 10
"""Of the window: by so many the others know when what this process used is off Dataverse's account."""
_SLOWLY = 0.2
"""Of a new measurement, in an average of them."""
_UNKNOWN = 0.5


@dataclass(frozen=True, slots=True)
class Place:
    """Leave to send one request: as which user (their number), to which server (ANY: unnamed), promised how long."""

    user: int
    server: str
    seconds: float
    at: float
    filled: float
    """The share of the width that is in use with it."""


class Pace:
    """The books of all users of this process, for one environment. Times are seconds of any steady clock."""

    def __init__(self, allowance: Allowance = DOCUMENTED, *, users: int = 1) -> None:
        self.allowance = allowance
        self.users = users
        self.portion = Portion()
        self._nameless = {
            user: Budget(allowance, most_share=_NAMELESS_SERVERS, portion=self.portion) for user in range(users)
        }
        self._budgets: dict[tuple[int, str], Budget] = {}
        self._servers: dict[str, float] = {}
        self._quiet = 0
        self._looked_round = 0.0
        self._waited_at = -math.inf
        self._expected: dict[str, float] = {}

    def place(self, now: float, like: str, *, user: int | None = None) -> Place | float:
        """A place for a request of the kind ``like``, or the seconds until there may be one (infinite: when one is
        given back). ``user``: only as that one."""
        seconds = self._expected.get(like) or max(_UNKNOWN, guess(self._expected, like) or 0.0)
        free, soonest, closed = [], math.inf, False
        for number, server, budget in self._choices(user):
            wait = budget.wait(now, seconds, besides=self._besides(number, server))
            if server == ANY and self._servers:  # it may go to one that we know
                wait = max(wait, min(self._book(number, known).wait(now, seconds) for known in self._servers))
            closed = closed or wait > 0
            soonest = min(soonest, wait)
            if wait <= 0:
                free.append((budget.room(now), number, server))
        if not free:
            self._waited_at = now
            return soonest
        _, number, server = max(free)
        if not closed and now - self._looked_round > LOOK_ROUND:
            server = ANY  # to any of them, while none would refuse it
        if server == ANY:
            self._looked_round = now
        budget = self._book(number, server)
        budget.begin(now, seconds)
        filled = (budget.under_way + self._besides(number, server)) / budget.together()
        return Place(number, server, seconds, now, filled)

    def free(self, now: float) -> int:
        """How many places nobody has; none where execution time is what binds, as then it is worth more than haste."""
        return sum(
            max(0, budget.together() - budget.under_way - self._besides(number, server))
            for number, server, budget in self._choices(None)
            if now >= max(budget.closed_until, budget.scarce_until)
        )

    def used(self, now: float) -> float:
        """How much of what one user may use of one server was used lately, as a share: the most of any."""
        return max(budget.used(now) for budget in self.books())

    def among(self, peers: Peers, now: float) -> Claim:
        """Those processes share what the users may; this one claims so much of it, for the others to know."""
        busiest = max(self.books(), key=lambda book: book.used(now))
        used, window = busiest.used(now), self.allowance.window
        hungry = now - self._waited_at < _HUNGRY * window
        self.portion.among(now, peers, used=used, hungry=hungry, window=window)
        wants = 1.0 if peers.joined else self.portion.wants(used, hungry=hungry)
        together = max(book.under_way for book in self.books()) / self.allowance.together
        return Claim(max(used, together, self.portion.claimed), wants, busiest.spent(now, _PARTS))

    def sent(self, place: Place, now: float) -> Place:
        """It goes out only now: until then it waited for a token."""
        return replace(place, at=now)

    def answered(self, place: Place, now: float, like: str, *, server: str | None, hint: int | None = None) -> None:
        """The answer came, from ``server`` (None: it did not say)."""
        taken = now - place.at
        known = self._expected.get(like)
        self._expected[like] = taken if known is None else known + _SLOWLY * (taken - known)
        budget = self._settle(place, now, taken, server)
        if hint is not None:
            for one in (budget, self._nameless[place.user]):
                one.width.hinted(hint)
        budget.width.answered(like, taken, filled=place.filled, scarce=now < budget.scarce_until)

    def refused(
        self,
        place: Place,
        now: float,
        wait: float,
        *,
        server: str | None,
        together: bool,
        told: Allowance | None = None,
    ) -> None:
        """It was refused for going too fast, and is welcome again in ``wait`` seconds. ``told``: the limits as the
        refusal spells them, where they are not those we went by."""
        budget = self._settle(place, now, None, server)
        if told is not None and told != self.allowance:
            self.allowance = told
            for one in self.books():
                one.allowance = told
        budget.refused(now, wait, together=together)

    def withdrawn(self, place: Place, now: float) -> None:
        """It was not sent after all."""
        self._book(place.user, place.server).end(now, place.seconds, None)

    def closed(self, now: float, *, user: int | None = None) -> float:
        """Seconds until any book is open again after a refusal; 0 where one is."""
        return max(0.0, min(budget.closed_until - now for _, _, budget in self._choices(user)))

    def lost(self, place: Place, now: float) -> None:
        """No answer came. What it took may have been execution, so it is charged."""
        self._book(place.user, place.server).end(now, place.seconds, now - place.at)

    def close(self, now: float, wait: float) -> None:
        """Everybody waits: a refusal of which nobody knows whom it was for."""
        for budget in self.books():
            budget.refused(now, wait, together=True)

    def books(self) -> Iterator[Budget]:
        """All of them."""
        yield from self._nameless.values()
        yield from self._budgets.values()

    @property
    def servers(self) -> int:
        """How many web servers have shown themselves."""
        return len(self._servers)

    @property
    def refusals(self) -> int:
        """How often we were told off."""
        return sum(budget.refusals for budget in self.books())

    def _choices(self, user: int | None) -> Iterator[tuple[int, str, Budget]]:
        still_looking = self._quiet < _ENOUGH * max(1, len(self._servers))
        servers = [ANY] if still_looking or not self._servers else list(self._servers)
        for number in range(self.users) if user is None else (user,):
            for server in servers:
                yield number, server, self._book(number, server)

    def _besides(self, user: int, server: str) -> int:
        """How many requests that went to any server may be at this one."""
        return 0 if server == ANY else self._nameless[user].under_way

    def _book(self, user: int, server: str) -> Budget:
        if server == ANY:
            return self._nameless[user]
        if (user, server) not in self._budgets:
            budget = self._budgets[user, server] = Budget(self.allowance, portion=self.portion)
            budget.width.now = self._nameless[user].width.now
        return self._budgets[user, server]

    def _settle(self, place: Place, now: float, seconds: float | None, server: str | None) -> Budget:
        """End the request in the book it was begun in, and write it into that of the server that answered."""
        begun = self._book(place.user, place.server)
        if server is None or server == place.server:
            begun.end(now, place.seconds, seconds)
            self._quiet += place.server == ANY and server is None and bool(self._servers)
            return begun
        begun.end(now, place.seconds, None)
        self._quiet = self._quiet + 1 if server in self._servers else 0
        self._servers[server] = now
        if place.server != ANY:
            self._gone(place.server)
        book = self._book(place.user, server)
        if seconds is not None:
            book.charge(now, seconds)
        return book

    def _gone(self, server: str) -> None:
        """A server that another one answers for has left."""
        self._servers.pop(server, None)
