"""The polite limit: a bucket that refills as fast as requests may come."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

DEFAULT_RATE = 50.0  # requests a second


class Bucket:
    """Holds one second's worth of requests. `clock` is in seconds and never runs backwards."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        if rate <= 0:
            raise ValueError("a rate limit is a positive number of requests a second")
        self.rate = rate
        self._clock = clock
        self._most = max(1.0, rate)
        self._left = self._most
        self._at = clock()

    def wait(self) -> int | None:
        """Take one request out: None if there was one, else the whole seconds after which there will be."""
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._at) * self.rate)
        self._at = now
        if self._left < 1:
            return max(1, math.ceil((1 - self._left) / self.rate))
        self._left -= 1
        return None
