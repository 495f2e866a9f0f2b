"""A turn: how many parts of a step one activity does, and what ends it."""

from __future__ import annotations

import pytest

from activities import performs
from activities.performs import perform
from activities.toolbox import Toolbox
from shared.errors import TryAgain
from shared.wire import steps
from shared.wire.codec import decode, encode
from shared.wire.payloads import Envelope, Progress, Slice
from tests.activities.desks import Desk, Desks


@pytest.fixture
async def desk(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> Desk:
    found = await desks.open()

    async def ours() -> Toolbox:
        return found.tools

    monkeypatch.setattr(performs, "toolbox", ours)
    return found


class Parts:
    """A hand with so many parts of work. ``wish`` is what a person asks for while the second of them is done."""

    def __init__(self, parts: int, *, wish: str = "", again: bool = False) -> None:
        self.left, self.done = parts, 0
        self._wish, self._again = wish, again

    async def __call__(self, tools: Toolbox, slice_: Slice) -> Progress:
        if self._again and self.done == 2:
            raise TryAgain("busy", "The target is busy.", after=7)
        self.left, self.done = self.left - 1, self.done + 1
        if self._wish and self.done == 2:
            await tools.runs.note(slice_.run, wish=self._wish)
        return Progress(more=self.left > 0)


async def answered(desk: Desk, hand: Parts) -> Envelope:
    return decode(Envelope, await perform(steps.LOAD, hand, encode(Slice(desk.run, "load", "base", "patients"))))


async def test_issue_6_4_an_activity_goes_on_while_there_is_more_and_time(desk: Desk) -> None:
    hand = Parts(5)
    assert await answered(desk, hand) == Envelope(reply={"more": False})
    assert hand.done == 5


async def test_issue_6_4_a_turn_ends_and_the_story_asks_for_the_next(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(performs, "TURN", 0.0)
    hand = Parts(2)
    assert await answered(desk, hand) == Envelope(reply={"more": True})
    assert hand.done == 1
    assert await answered(desk, hand) == Envelope(reply={"more": False})


@pytest.mark.parametrize("wish", ["pause", "rollback"])
async def test_a_wish_is_heeded_between_the_parts_of_a_turn(desk: Desk, wish: str) -> None:
    hand = Parts(5, wish=wish)
    assert await answered(desk, hand) == Envelope(wish=wish)
    assert hand.done == 2


async def test_what_a_part_meets_ends_the_turn_and_keeps_the_parts_before(desk: Desk) -> None:
    hand = Parts(5, again=True)
    assert await answered(desk, hand) == Envelope(again=7)
    assert hand.done == 2
