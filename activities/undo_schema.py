"""The way back for the schema: what this run made goes, unless somebody else's data is in it by now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from activities import components
from activities.judging import STILL_USED
from activities.schema import LANE, PARTS_AT_ONCE, limit
from activities.toolbox import Toolbox
from activities.way_back import publish
from shared.audit.event import APP, Event
from shared.journal.entries import Outcome, Page, PageState
from shared.journal.store import Journal
from shared.loading.waves import of_turn
from shared.runs.model import Run
from shared.wire.payloads import About, Progress


async def undo_schema(tools: Toolbox, about: About) -> Progress:
    """Remove what this run created, newest first, unless somebody else's data is in it by now."""
    run = await tools.run(about.run)
    journal = await tools.journal(run.id)
    every = await journal.read(LANE)
    pages = sorted((page for page in every if _todo(page, run.turn)), key=last_made_first)
    stays = any(_held(page) and page not in pages for page in every)
    made = made_tables(every)
    enough = limit()
    looked: components.Looked = {}
    done = 0
    while done < len(pages) and not (done and enough(done)):
        some = pages[done : done + PARTS_AT_ONCE]
        stays = await _unmake(tools, run, journal, some, made_tables=made, looked=looked, stays=stays)
        done += len(some)
    await _count_what_stays(tools, run, journal)
    tools.forget(run.id)
    if len(pages) > done:
        return Progress(more=True)
    await publish(tools, run, "undo", run.turn)
    return Progress()


async def _unmake(
    tools: Toolbox,
    run: Run,
    journal: Journal,
    pages: Sequence[Page],
    *,
    made_tables: frozenset[str],
    looked: components.Looked,
    stays: bool,
) -> bool:
    """Unmake some parts. Whether any stays, of them or of those before: ``stays``."""
    target = tools.target_of(run)
    told, undone = [], []
    try:
        for page in pages:
            entry = page.entries[0]
            held = ""
            if is_profile(page) and stays:
                held = STILL_USED  # columns stay that it may have opened to somebody
            elif is_ours(page):
                held = await components.drop(target, entry.id, made_tables=made_tables, looked=looked)
            stays = stays or bool(held)
            if is_ours(page):
                facts = {"mark": f"schema/{entry.id}", "unmakes": entry.id, "stays": held}
                told.append(Event("schema-undone", APP, facts))
            entries, outcome = (replace(entry, version=held or "gone"),), Outcome(run.turn, {})
            undone.append(replace(page, state=PageState.UNDONE, entries=entries, outcome=outcome))
    finally:
        await tools.audit.add_all(run.id, told)
        await journal.put_all(undone)
    return stays


def _todo(page: Page, turn: int) -> bool:
    """Whether this way back has still to see to a part: one that stayed the last time may go now."""
    if page.state is not PageState.UNDONE:
        return True
    return _held(page) and (page.outcome is None or page.outcome.turn < turn)


def last_made_first(page: Page) -> tuple[int, int]:
    """The order in which parts are unmade."""
    return components.lateness(page.entries[0].id), -page.number


def _held(page: Page) -> bool:
    return page.entries[0].version not in STEADY


def is_ours(page: Page) -> bool:
    """Whether the page is about a part that this run made, as far as anybody can know after a crash, and that is there
    as far as we know."""
    return page.state is PageState.INTENDED or page.entries[0].version == "created" or _held(page)


def is_profile(page: Page) -> bool:
    """Whether the page is about the security profile of our columns."""
    return is_ours(page) and page.entries[0].id.startswith("profile|")


def made_tables(pages: Iterable[Page]) -> frozenset[str]:
    """The tables that this run made."""
    names = (page.entries[0].id for page in pages if is_ours(page))
    return frozenset(name.removeprefix("table|") for name in names if name.startswith("table|"))


async def _count_what_stays(tools: Toolbox, run: Run, journal: Journal) -> None:
    pages = await journal.read(LANE)
    held = {page.entries[0].id: page.entries[0].version for page in pages if _held(page)}
    gone = sum(page.entries[0].version == "gone" for page in pages)
    lane = await tools.runs.lane(run.id, "undo", of_turn("schema", run.turn), "schema", 0)
    notes = {"held": len(held), "reasons": held, "removed": gone}
    await tools.runs.put_lane(run.id, replace(lane, done=True, notes=notes))


STEADY = frozenset({"gone", "created", "existed", ""})
