"""Bringing files may die between any two lines: whoever comes next finishes it, and nothing is there twice (N11, N20).

Each door through which an attempt changes the world is watched, and known by what passes it: a receipt with a session
in it, a folder being made, a note's last block. One attempt after another dies behind the first kind of passage at
which none has died yet: the door has done its work, and nobody heard of it. To die before a door, or at one that only
reads, leaves the same world as to die behind the door that changed it last.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sandbox.faults import Fault
from shared.attachments.receipts import Receipt
from shared.errors import TryAgain
from shared.runs.model import LaneProgress
from tests.activities.filing import TO_LIBRARY, Cabinet, Filing

BIG = bytes(range(256)) * 4_200
"""A little more than a note takes where the practice says one megabyte."""
DOORS = (
    ("receipts", "put"), ("runs", "put_lane"), ("transport", "send"), ("graph", "send"), ("graph", "bare"),
)  # fmt: skip


class Died(Exception):
    """As if the process had ended here."""


def kind_of(door: str, words: tuple[Any, ...], more: dict[str, Any]) -> str:
    """What passes a door; empty where it only reads."""
    last = words[-1]
    if isinstance(last, Receipt):
        known = [name for name in ("made_folder", "session", "item", "old_item") if getattr(last, name)]
        return " ".join(["receipt", last.route, last.state.value, *known])
    if isinstance(last, LaneProgress):
        return "lane done" if last.done else "lane"
    if words[0] == "GET":
        return ""
    return f"{door} {words[0]} {more.get('where', 'an upload session')}"


class Doors:
    """Notes what goes through, and dies behind the first of its kind that ``dies_at`` finds to its liking."""

    def __init__(self, dies_at: Callable[[str], bool]) -> None:
        self.seen: list[str] = []
        self._dies_at = dies_at

    def through(self, name: str, door: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        @functools.wraps(door)
        async def passage(*words: Any, **more: Any) -> Any:
            answer = await door(*words, **more)
            if kind := kind_of(name, words, more):
                self.seen.append(kind)
                if self._dies_at(kind):
                    raise Died(kind)
            return answer

        return passage


@contextmanager
def watched(filing: Filing, dies_at: Callable[[str], bool]) -> Iterator[Doors]:
    """Every door that changes the world, for as long as the block lasts."""
    doors, tools = Doors(dies_at), filing.tools
    places: dict[str, Any] = {
        "receipts": tools.receipts, "runs": tools.runs, "transport": filing.town.target._transport,
        "graph": tools._sites[filing.site.site_url]._graph,
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for place, name in DOORS:
            patch.setattr(places[place], name, doors.through(place, getattr(places[place], name)))
        yield doors


async def opened(cabinet: Cabinet) -> Filing:
    """A run with a file on each way."""
    filing = await cabinet.open(TO_LIBRARY)
    filing.file("a-1", b"small")
    filing.file("a-2", BIG, name="a scan.dcm")
    await filing.stage()
    await filing.load()
    return filing


async def prepared(cabinet: Cabinet, generation: str) -> Filing:
    """A run that has come to where the files of that generation are to be brought: in a delta, others of the same
    names, one of which was small before and one large."""
    filing = await opened(cabinet)
    if generation != "base":
        await filing.attach()
        filing.file("a-1", b"other")
        filing.file("a-2", BIG[::-1], name="a scan.dcm")
        await filing.stage(generation)
        await filing.load(generation)
    return filing


async def until_done(work: Callable[[], Awaitable[Any]]) -> None:
    """As the story: called again for as long as it says so."""
    last = TryAgain("", "")
    for _ in range(5):
        try:
            await work()
            return
        except TryAgain as again:
            last = again
    raise AssertionError(f"it never ends: {last.code}")


async def fresh(cabinet: Cabinet, filing: Filing) -> None:
    """Take the run back, so that the next one finds the town as it was."""
    assert await filing.back() == {}
    assert filing.library() == {}
    assert await filing.notes() == {}
    assert await filing.locations() == []
    cabinet.tools.library_rows.clear()


async def whole(cabinet: Cabinet, generation: str) -> Any:
    """What it looks like when nothing happens on the way."""
    filing = await prepared(cabinet, generation)
    await filing.attach(generation)
    picture = await filing.picture()
    assert (await filing.proof())["files"] == 2
    await fresh(cabinet, filing)
    return picture


async def dies_everywhere(filing: Filing, work: Callable[[], Awaitable[Any]]) -> list[str]:
    """Attempts, each of which dies where none has died yet, until one lives; the kinds of passages they died at."""
    died: list[str] = []
    while len(died) < 50:
        with watched(filing, lambda kind: kind not in died):
            try:
                await until_done(work)
            except Died as end:
                died.append(str(end))
            else:
                return died
    raise AssertionError(f"there is no end to it: {died}")


@pytest.mark.parametrize("generation", ["base", "delta-0001"])
async def test_n20_n11_wherever_it_dies_the_next_attempt_makes_it_whole_and_nothing_twice(
    cabinet: Cabinet, generation: str
) -> None:
    expected = await whole(cabinet, generation)
    filing = await prepared(cabinet, generation)
    died = await dies_everywhere(filing, functools.partial(filing.attach, generation))
    assert len(died) > 10, died
    assert await filing.picture() == expected, died
    found = await filing.proof()
    assert (found["files"], found["differs"], found["missing"], found["refused"]) == (2, 0, 0, {}), died
    await fresh(cabinet, filing)


async def test_r146_wherever_it_dies_the_way_back_finds_what_is_half_done_and_may_die_anywhere_too(
    cabinet: Cabinet,
) -> None:
    filing = await prepared(cabinet, "base")
    with watched(filing, lambda kind: False) as doors:
        await filing.attach()
    await fresh(cabinet, filing)
    on_the_way = [kind for kind in dict.fromkeys(doors.seen) if "sharepoint" in kind or kind.startswith("graph")]
    assert len(on_the_way) > 6, on_the_way
    for kind in on_the_way:
        filing = await prepared(cabinet, "base")
        with watched(filing, lambda seen, kind=kind: seen == kind), pytest.raises(Died):  # type: ignore[misc]
            await filing.attach()
        if kind == on_the_way[-1]:
            await filing.phase("undo", "")
            await dies_everywhere(filing, filing.undo_files)
        await fresh(cabinet, filing)


@pytest.mark.parametrize("kind", ["drop_after", "drop"])
async def test_n20_lost_answers_cost_no_file_and_make_none_twice(cabinet: Cabinet, kind: str) -> None:
    expected = await whole(cabinet, "base")
    filing = await prepared(cabinet, "base")
    filing.town.server.schedule.add([Fault(kind, match=r"BlocksUpload|UploadBlock", rate=0.4, seed=2)])
    filing.site.schedule.add([Fault(kind, every=3)])
    filing.source.add([Fault(kind, match=r"/v1/files", every=2)])
    await until_done(filing.attach)
    for schedule in (filing.town.server.schedule, filing.site.schedule, filing.source):
        schedule.clear()
    assert await filing.picture() == expected
    assert (await filing.proof())["files"] == 2


async def test_n20_an_upload_goes_on_in_the_session_it_began(cabinet: Cabinet) -> None:
    filing = await cabinet.open(TO_LIBRARY)
    filing.file("a-1", BIG * 6)
    await filing.stage()
    await filing.load()
    with watched(filing, lambda kind: kind.startswith("receipt") and "session" in kind), pytest.raises(Died):
        await filing.attach()
    await filing.attach()
    counts = await filing.library_counts()
    assert counts["open_sessions"] == 0
    assert sum(count for kind, count in counts["requests"].items() if "createUploadSession" in kind) == 1, counts
    assert (await filing.receipt("a-1")).session == ""
    assert (await filing.proof())["files"] == 1
