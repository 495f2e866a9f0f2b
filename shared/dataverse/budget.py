"""What one user may still ask of one web server: our own book of the sliding windows that Dataverse counts in. Pure.

Dataverse refuses who passes its limits and lets him wait; who keeps the same book never has to be refused. Facts:
service protection is per user and web server, 6,000 requests and 1,200 s of execution time in 300 s, and 52 requests at
once (api-limits.md).
"""

from __future__ import annotations

import math
import re
from collections import deque
from dataclasses import dataclass

from shared.dataverse.portion import Portion
from shared.dataverse.width import Width

_LEAST_SHARE = 0.05
_LATE = 0.1
"""Seconds that we keep a request in the book beyond its window: Dataverse's clock is not ours."""
_NEARLY_ALL = 0.95
"""From this share of the allowance on, requests go out one after another: should one be refused, it alone is."""
_WIDTH_AT_FIRST = 8.0
_LEAST_WIDTH = 1.25
"""Of the mean number of requests under way that uses up the execution time: with fewer it could not be."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a user may use of a web server in a sliding ``window`` (seconds): requests, and ``seconds`` of execution;
    and how many requests ``together``."""

    requests: int = 6000
    seconds: float = 1200.0
    window: float = 300.0
    together: int = 52


DOCUMENTED = Allowance()
_SAID = (
    ("requests", re.compile(r"Number of requests exceeded the limit of ([\d,]+)")),
    ("seconds", re.compile(r"execution time of incoming requests exceeded limit of ([\d,]+) milliseconds")),
    ("together", re.compile(r"Number of concurrent requests exceeded the limit of ([\d,]+)")),
    ("window", re.compile(r"over time window of ([\d,]+) seconds")),
)


def told_in(message: str, known: Allowance) -> Allowance:
    """The limits as a refusal's message spells them: an environment may have others than the documented ones."""
    said = {name: found[1].replace(",", "") for name, rule in _SAID if (found := rule.search(message))}
    return Allowance(
        requests=int(said.get("requests", known.requests)),
        seconds=float(said["seconds"]) / 1000 if "seconds" in said else known.seconds,
        window=float(said.get("window", known.window)),
        together=int(said.get("together", known.together)),
    )


class Budget:
    """One user on one server. Times are seconds of any steady clock.

    ``share`` is how much of the allowance is the app's: all of it until a refusal shows that somebody else spends by
    the same name (a second tool), and then again more by and by. ``portion`` is how much of that is this process's.
    ``most_share`` above 1 is for where nobody tells the servers apart, so that one book stands for several.
    """

    def __init__(
        self, allowance: Allowance = DOCUMENTED, *, most_share: float = 1.0, portion: Portion | None = None
    ) -> None:
        self.allowance = allowance
        self.portion = portion or Portion()
        mean = allowance.seconds / allowance.window
        most = int(allowance.together * most_share)
        self.width = Width(start=_WIDTH_AT_FIRST, most=most, least=_LEAST_WIDTH * mean)
        self.closed_until = 0.0
        self.scarce_until = 0.0
        self.punished = 0.0
        self.refusals = 0
        self.share = 1.0
        self._most_share = most_share
        self._grown_at = 0.0
        self._begun: deque[float] = deque()
        self._done: deque[tuple[float, float]] = deque()
        self._spent = 0.0
        self._promised = 0.0
        self._ajar: float = math.inf
        self.under_way = 0

    def wait(self, now: float, seconds: float, *, besides: int = 0) -> float:
        """Seconds until a request that should take ``seconds`` may go; infinite where only another's end makes room.
        ``besides``: so many requests may be under way there that are in no book of that server. That it is execution
        time that has to be waited for is remembered for a window."""
        if now < self.closed_until:
            return self.closed_until - now
        if self.under_way + besides >= min(self.together(), self._ajar):
            return math.inf
        self._forget(now)
        ours = self._ours()
        window, requests = self.allowance.window, max(1, int(self.allowance.requests * ours))
        until = 0.0
        if len(self._begun) >= requests:
            until = self._begun[len(self._begun) - requests] + window + _LATE - now
        if self._begun and self._spent + self._promised > _NEARLY_ALL * self.allowance.seconds * ours:
            until = max(until, self._begun[-1] + window / self.allowance.requests - now)
        over = self._spent + self._promised + seconds - self.allowance.seconds * ours
        if over > 0 and (self._done or self.under_way):  # what is larger than the whole allowance goes alone
            until = max(until, self._until_freed(over, now))
            self.scarce_until = now + window
        return until

    def room(self, now: float) -> float:
        """How much is free, as a share: by it one of several budgets is chosen."""
        return 1.0 - max(self.used(now) / self._ours(), self.under_way / self.together())

    def used(self, now: float) -> float:
        """How much execution time is spent or promised, as a share of the whole allowance."""
        self._forget(now)
        return (self._spent + self._promised) / self.allowance.seconds

    def spent(self, now: float, parts: int) -> tuple[float, ...]:
        """The same by its age: so many parts of the window, the newest first."""
        self._forget(now)
        sums = [0.0] * parts
        sums[0] = self._promised
        for at, seconds in self._done:
            sums[min(parts - 1, int(parts * (now - at) / self.allowance.window))] += seconds
        return tuple(part / self.allowance.seconds for part in sums)

    def together(self) -> int:
        """How many of this process's requests may be under way. Where others ask too, a book for several servers allows
        only as much more than one as went well so far: at first all of them may be at one."""
        most = self.width.most if self.portion.now == 1.0 else self.allowance.together * max(1.0, self.share)
        return max(1, min(self.width.allowed(), int(most * self.portion.now)))

    def begin(self, now: float, seconds: float) -> None:
        """A request goes out that should take ``seconds``."""
        self._begun.append(now)
        self.under_way += 1
        self._promised += seconds

    def end(self, now: float, promised: float, seconds: float | None) -> None:
        """It is back, after ``seconds``; None: it was refused, or belongs into another's book."""
        self.under_way -= 1
        self._promised = max(0.0, self._promised - promised) if self.under_way else 0.0
        if seconds is not None:
            self.charge(now, seconds)
            if now - seconds >= self.closed_until and self._ajar < self.width.most:
                self._ajar += 1

    def charge(self, now: float, seconds: float) -> None:
        """Write execution time into the book."""
        self._done.append((now, seconds))
        self._spent += seconds

    def refused(self, now: float, wait: float, *, together: bool) -> None:
        """Dataverse refused a request for going too fast. A burst of refusals counts as one: they share a cause, and
        none takes more than half. When the wait is over one request goes, then two, and so on: what has become free may
        be little, and whoever knocks often at a closed door has to wait longer."""
        self.refusals += 1
        self._ajar = 1
        self._forget(now)
        if now >= self.closed_until:
            if together:
                self.width.halve()
            elif self.portion.settled(now, window=self.allowance.window):
                used = max(self._spent / self.allowance.seconds, len(self._begun) / self.allowance.requests)
                of_all = used / self.portion.now
                self.share = max(_LEAST_SHARE, self.share / 2, min(self.share, of_all) * 0.95)
        self.punished += max(0.0, now + wait - max(now, self.closed_until))
        self.closed_until = max(self.closed_until, now + wait)
        self._grown_at = self.closed_until

    def _ours(self) -> float:
        return self.share * self.portion.now

    def _forget(self, now: float) -> None:
        before = now - self.allowance.window - _LATE
        while self._begun and self._begun[0] <= before:
            self._begun.popleft()
        while self._done and self._done[0][0] <= before:
            self._spent -= self._done.popleft()[1]
        if not self._done:
            self._spent = 0.0  # sums of many small numbers drift
        if now > self._grown_at:
            # A twentieth more for each window that went well; beyond all of it, a quarter, but only while it is used
            # up.
            used_up = self._spent >= _NEARLY_ALL * self.allowance.seconds * self._ours()
            most = self._most_share if used_up else max(1.0, self.share)
            grows = 0.05 if self.share < 1.0 else 0.25 * self.share
            self.share = min(most, self.share + grows * (now - self._grown_at) / self.allowance.window)
            self._grown_at = now

    def _until_freed(self, over: float, now: float) -> float:
        at = now
        for at, seconds in self._done:  # noqa: B007  # the last one counts when all of them are not enough
            over -= seconds
            if over <= 0:
                break
        return math.inf if over > 0 and self.under_way else at + self.allowance.window + _LATE - now
