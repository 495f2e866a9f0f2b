"""Which rows a rehearsal takes for gone, or for as they were: eight bytes a row, sorted, and few runs of them.

Runs are merged as they grow, the way a binary counter carries, so a look costs a dozen bisections however many there
are.
"""

from __future__ import annotations

import heapq
from array import array
from bisect import bisect_left
from collections.abc import Iterable

from shared.mapping.crosswalk import fingerprint, index


def packed(rows: Iterable[str]) -> bytes:
    """Rows as they are staged."""
    return index(rows).tobytes()


class Went:
    """Grows by what was packed; answers for a row id."""

    def __init__(self) -> None:
        self._runs: list[array[int]] = []

    def add(self, content: bytes) -> None:
        """Take up what ``packed`` made."""
        run = array("Q")
        run.frombytes(content)
        while self._runs and len(self._runs[-1]) <= len(run):
            run = array("Q", heapq.merge(self._runs.pop(), run))
        self._runs.append(run)

    def __contains__(self, row: str) -> bool:
        mark = fingerprint(row)
        return any(_has(run, mark) for run in self._runs)


def _has(run: array[int], mark: int) -> bool:
    place = bisect_left(run, mark)
    return place < len(run) and run[place] == mark
