"""The target's schema: compared with what the map needs, made or asked for, and unmade again."""

from __future__ import annotations

from dataclasses import replace

from activities import components, documents
from activities.components import Publisher, Solution
from activities.toolbox import Toolbox
from shared.errors import AskPerson, TryAgain
from shared.journal.entries import Entry, Page, PageState
from shared.journal.store import Journal
from shared.mapping.model import parse
from shared.mapping.wanted import tables as wanted_tables
from shared.runs.model import Run
from shared.schema.budget import budget
from shared.schema.gaps import CreateTable, Gaps, gaps
from shared.schema.guide import guide, markdown
from shared.schema.model import Table
from shared.wire.payloads import About, Progress

STEPS_AT_A_TIME = 12
"""A real environment takes one to ten seconds for each: a call stays under two minutes."""
LANE = "00000|schema|schema|000"


async def schema(tools: Toolbox, about: About) -> Progress:
    """Bring the target a few steps closer to what the map needs; more to do while there are gaps."""
    run = await tools.run(about.run)
    mapping = parse(await documents.need(tools, run.id, "mapping"))
    wanted = wanted_tables(mapping)
    target = tools.target_of(run)
    live = await target.tables([*(table.name for table in wanted), "systemuser"])
    found = gaps(wanted, live, option_prefix=tools.settings.option_prefix)
    await _guide(tools, run, wanted, found)
    if found.blockers:
        text = "; ".join(f"{b.table}.{b.field}: {b.text}" for b in found.blockers[:10])
        raise AskPerson("schema-in-the-way", f"The target has columns that do not fit: {text}.", remedy=BLOCKED)
    if not found.steps:
        await _wait_for_keys(wanted, live)
        tools.forget(run.id)
        return Progress()
    if run.option("schema") == "guide":
        text = f"{len(found.steps)} tables, columns or keys of the set-up guide are not there yet."
        raise AskPerson("schema-incomplete", text, remedy="Create them as the setup-guide says, then resume the run.")
    await _apply(tools, run, wanted, found)
    return Progress(more=True)


BLOCKED = "Rename or remove the columns in the way, or choose another publisher prefix, then resume the run."


async def _guide(tools: Toolbox, run: Run, wanted: tuple[Table, ...], found: Gaps) -> None:
    if await tools.runs.document(run.id, "setup-guide") and run.option("schema") == "provision":
        return  # while we create it ourselves, the guide keeps saying what there was to do
    existing = await tools.target_of(run).custom_table_count()
    body = guide(wanted, found, budget(existing, [step.table for step in found.steps if isinstance(step, CreateTable)]))
    await documents.publish(tools, run.id, "setup-guide", {**body, "markdown": markdown(body)})


async def _wait_for_keys(wanted: tuple[Table, ...], live: dict[str, Table]) -> None:
    """An alternate key's index is built in the background; rows written before it is ready may be refused."""
    for table in wanted:
        for key in table.keys:
            there = next((k for k in live[table.name].keys if k.name.lower() == key.name.lower()), None)
            if there and there.status.lower() not in ("active", ""):
                raise TryAgain("key-not-ready", f"The key {key.name} of {table.name} is still being built.", after=1)


async def _apply(tools: Toolbox, run: Run, wanted: tuple[Table, ...], found: Gaps) -> None:
    journal = await tools.journal(run.id)
    target = tools.target_of(run)
    pages = {page.entries[0].id: page for page in await journal.read(LANE)}
    prefix, options = tools.settings.publisher_prefix, tools.settings.option_prefix
    parts = [*components.containers(prefix, options), *found.steps]
    done = 0
    for part in parts:
        name = components.name_of(part)
        earlier = pages.get(name)
        if isinstance(part, Publisher | Solution) and (
            (earlier and earlier.state is PageState.SETTLED)
            or (not earlier and await components.is_there(target, part))
        ):
            continue  # what somebody else has made is never noted as ours, so the way back does not touch it
        page = earlier or Page(0, "schema", LANE, len(pages) + 1, PageState.INTENDED, (Entry(name, None),))
        pages[name] = page
        await journal.put(page)
        created = await components.create(target, part, prefix=prefix)
        # A page intended by an earlier attempt means the component was missing then: what is there now is ours.
        ours = created or earlier is not None
        await journal.put(page.settled({name: "created" if ours else "existed"}))
        done += 1
        if done >= STEPS_AT_A_TIME and part is not parts[-1]:
            return
    await target.publish([table.name for table in wanted])


async def undo_schema(tools: Toolbox, about: About) -> Progress:
    """Remove what this run created, newest first, unless somebody else's data is in it by now."""
    run = await tools.run(about.run)
    journal = await tools.journal(run.id)
    every = await journal.read(LANE)
    pages = [page for page in every if page.state is not PageState.UNDONE]
    made = frozenset(page.entries[0].id.removeprefix("table|") for page in every if _made(page, "table|"))
    target = tools.target_of(run)
    for page in sorted(pages, key=lambda page: -page.number)[:STEPS_AT_A_TIME]:
        entry = page.entries[0]
        held = ""
        if _made(page):
            held = await components.drop(target, entry.id, made_tables=made)
        await journal.put(replace(page, state=PageState.UNDONE, entries=(replace(entry, version=held or "gone"),)))
    await _count_what_stays(tools, run, journal)
    tools.forget(run.id)
    return Progress(more=len(pages) > STEPS_AT_A_TIME)


def _made(page: Page, kind: str = "") -> bool:
    """Whether the page is about a part that this run made, as far as anybody can know after a crash."""
    entry = page.entries[0]
    return entry.id.startswith(kind) and (page.state is PageState.INTENDED or entry.version == "created")


async def _count_what_stays(tools: Toolbox, run: Run, journal: Journal) -> None:
    pages = await journal.read(LANE)
    held = {page.entries[0].id: page.entries[0].version for page in pages if page.entries[0].version not in STEADY}
    lane = await tools.runs.lane(run.id, "undo", "schema", "schema", 0)
    await tools.runs.put_lane(run.id, replace(lane, done=True, notes={"held": len(held), "reasons": held}))


STEADY = frozenset({"gone", "created", "existed", ""})
