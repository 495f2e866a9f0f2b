"""What every rival is given, and what it hands back: one JSON document on stdin, one on stdout.

Standard library only, and the same for all: the making of rows and the counting cost each the same.
"""

from __future__ import annotations

import itertools
import json
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KEY = "externaluseridentifier"
"""The natural key: by it the rows in the target are told apart, whoever chose their ids."""


@dataclass
class Course:
    """``seconds`` from the start no batch is begun any more; nor beyond ``rows``. ``width``: requests at once, where a
    rival has to be told; one token for each application user. ``limits`` are the modelled server's own, in the order in
    which Microsoft documents them: requests, seconds of execution, the window, requests together. Whoever goes by
    documented limits may go by them. All is played ``slow`` times slower than those are: whoever has rules in seconds
    may slow his clock as much."""

    url: str
    tokens: list[str]
    batch: int
    width: int = 1
    seconds: float | None = None
    rows: int | None = None
    limits: list[float] | None = None
    slow: float = 1.0
    _done: list[int] = field(default_factory=list)
    _began: float = 0.0
    _last: float = 0.0
    _cpu: float = 0.0

    @classmethod
    def given(cls) -> Course:
        """As the bench describes it."""
        return cls(**json.loads(sys.stdin.read()))

    @property
    def left(self) -> float:
        """Seconds to go."""
        return 1e9 if self.seconds is None else max(0.0, self._began + self.seconds - time.perf_counter())

    def batches(self) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        """Numbered batches of rows, until time or rows run out. The clock starts with the first."""
        self._began, self._cpu = time.perf_counter(), time.process_time()
        for number in itertools.count() if self.rows is None else range(-(-self.rows // self.batch)):
            if not self.left:
                return
            yield number, [row(number * self.batch + place) for place in range(self.batch)]

    def done(self, number: int) -> None:
        """The rival believes this batch to be in the target."""
        self._done.append(number)
        self._last = time.perf_counter()

    def finish(self) -> None:
        """Hand in. Who wrote all rows took until the last answer; who did not, all the time there was or more."""
        took = self._last - self._began
        whole = self.rows is not None and len(self._done) * self.batch >= self.rows
        lap = {
            "batches": self._done,
            "seconds": took if whole else max(took, self.seconds or 0.0),
            "cpu": time.process_time() - self._cpu,
            "memory": _peak(),
        }
        print(json.dumps(lap), flush=True)


def row(number: int) -> dict[str, Any]:
    """A contact nobody knows."""
    return {
        KEY: f"B{number:08d}",
        "firstname": "Zoë",
        "lastname": f"O'Neill {number}",
        "emailaddress1": f"zoe.{number}@example.com",
        "mobilephone": "0400 000 000",
        "birthdate": "1980-01-31",
        "address1_line1": "1 Sea Street",
        "address1_city": "Manly",
    }


def _peak() -> float:
    """MiB this process held at most. Not getrusage's figure, which starts with its parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024
