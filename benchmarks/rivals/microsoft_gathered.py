"""The async client of the same package, ``width`` requests at once by hand: what somebody in a hurry would write.

As good as can be made in a page: each lane waits out its 429s, and several application users share the lanes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

from azure.core.credentials import AccessToken
from PowerPlatform.Dataverse.aio.async_client import AsyncDataverseClient
from PowerPlatform.Dataverse.core.errors import HttpError

from benchmarks.rivals.course import Course
from benchmarks.rivals.microsoft import pause


class Given:
    """A credential whose token somebody else fetched."""

    def __init__(self, text: str) -> None:
        self._text = text

    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """The same for every scope."""
        return AccessToken(self._text, int(time.time()) + 3600)

    async def close(self) -> None:
        """Nothing is open."""

    async def __aenter__(self) -> Given:
        return self

    async def __aexit__(self, *_: object) -> None: ...


async def run(course: Course) -> None:
    """All lanes until the end of the course; who is still waiting then is cut off."""
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(AsyncDataverseClient(course.url, Given(token))) for token in course.tokens
        ]
        batches = course.batches()
        mine = [clients[number % len(clients)] for number in range(course.width)]
        lanes = [asyncio.create_task(_lane(course, client, batches)) for client in mine]
        done, late = await asyncio.wait(lanes, timeout=course.seconds)
        for lane in late:
            lane.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        for lane in done:
            lane.result()


async def _lane(
    course: Course, client: AsyncDataverseClient, batches: Iterator[tuple[int, list[dict[str, Any]]]]
) -> None:
    for number, rows in batches:
        while not await _created(client, rows):
            pass
        course.done(number)


async def _created(client: AsyncDataverseClient, rows: list[dict[str, Any]]) -> bool:
    try:
        await client.records.create("contact", rows)
    except HttpError as refusal:
        await asyncio.sleep(pause(refusal))
        return False
    return True


if __name__ == "__main__":
    given = Course.given()
    asyncio.run(run(given))
    given.finish()
