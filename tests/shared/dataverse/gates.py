"""What tests of the gate have in common: a clock, and somebody who goes through."""

from __future__ import annotations

import asyncio

from shared.dataverse.gate import Gate
from shared.dataverse.pace import Place


class Clock:
    """Moved by whoever sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


async def through(gate: Gate, like: str, log: list[str], **more: bool) -> None:
    """In, and out again, with a line in the log."""
    place = await gate.enter(like, patience=60, **more)
    assert isinstance(place, Place)
    log.append(like)
    await asyncio.sleep(0)
    gate.pace.answered(place, gate.clock(), like, server=None)
    gate.leave()
