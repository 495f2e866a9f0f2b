"""The app's own way: `Dataverse.create` from several lanes at once, with ids worked out beforehand."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

from benchmarks.rivals.course import KEY, Course
from shared.dataverse.budget import DOCUMENTED, Allowance
from shared.dataverse.client import Dataverse
from shared.dataverse.gate import Gate
from shared.dataverse.pace import Pace
from shared.dataverse.results import Result
from shared.errors import TryAgain
from shared.schema.model import Table

CONTACT = Table("contact", "contacts", "contactid", "fullname")
LANES = 20
"""Lanes for each application user at least; each sends several messages at once, so that the pace decides and not
they."""


class Given:
    """A token that somebody else fetched."""

    def __init__(self, text: str) -> None:
        self._text = text

    async def token(self, resource: str) -> str:
        """The same for every resource."""
        return self._text

    def forget(self, resource: str) -> None:
        """There is no other."""


async def run(course: Course) -> None:
    """All lanes until the end of the course; who is still waiting then is cut off."""
    async with AsyncExitStack() as stack:
        pace = Pace(_allowance(course.limits), users=len(course.tokens))
        gate = Gate(
            pace,
            clock=lambda: time.monotonic() / course.slow,
            sleep=lambda seconds: asyncio.sleep(seconds * course.slow),
        )
        target = Dataverse(course.url, *map(Given, course.tokens), pace=gate)
        stack.push_async_callback(target.close)
        await target.bulk(CONTACT.name)  # what the app asks once in a process
        batches = course.batches()
        number = max(LANES, course.width) * len(course.tokens)
        lanes = [asyncio.create_task(_lane(course, target, gate, batches)) for _ in range(number)]
        done, late = await asyncio.wait(lanes, timeout=course.seconds)
        for lane in late:
            lane.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        for lane in done:
            lane.result()


def _allowance(limits: list[float] | None) -> Allowance:
    if limits is None:
        return DOCUMENTED
    requests, seconds, window, together = limits
    return Allowance(int(requests), seconds, window, int(together))


async def _lane(
    course: Course, target: Dataverse, gate: Gate, batches: Iterator[tuple[int, list[dict[str, Any]]]]
) -> None:
    for number, rows in batches:
        wire = [{"contactid": _id(row), **row} for row in rows]
        while not (results := await _created(target, gate, wire)):
            pass
        if all(result.ok for result in results):
            course.done(number)


async def _created(target: Dataverse, gate: Gate, wire: list[dict[str, Any]]) -> list[Result]:
    """What became of the rows. Nothing after a wait that is too long for a request: the app's story sets a timer."""
    try:
        return await target.create(CONTACT, wire)
    except TryAgain as later:
        await gate.sleep(later.after)
        return []


def _id(row: dict[str, Any]) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, row[KEY]))


if __name__ == "__main__":
    given = Course.given()
    asyncio.run(run(given))
    given.finish()
