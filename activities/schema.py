"""The target's schema: compared with what the map needs, made or asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from activities import components, documents
from activities.components import Part, Publisher, Solution
from activities.toolbox import Toolbox
from shared.audit.event import APP, Event
from shared.dataverse.definitions import publisher_name
from shared.errors import AskPerson, TryAgain
from shared.guide.document import Names, guide
from shared.guide.markdown import markdown
from shared.guide.page import html
from shared.guide.parts import counted, missing
from shared.journal.entries import Entry, Page, PageState
from shared.journal.store import Journal
from shared.mapping.model import FieldMap, parse
from shared.mapping.wanted import tables as wanted_tables
from shared.runs.model import Run
from shared.schema.budget import budget_document
from shared.schema.gaps import AllowColumns, CreateTable, Gaps, gaps, secured_columns, unready_keys
from shared.schema.model import Table
from shared.wire.payloads import About, Progress

STEPS_AT_A_TIME = 100
SECONDS_AT_A_TIME = 45.0
"""A real environment takes one to ten seconds for each step, one after the other: a call takes a minute or two, and
what it looks at beforehand is not looked at again for every dozen of 200 columns."""
PARTS_AT_ONCE = 10
"""So many are told and noted in one request before they are made, and noted in one when they are."""
LANE = "00000|schema|schema|000"


async def schema(tools: Toolbox, about: About) -> Progress:
    """Bring the target a few steps closer to what the map needs; more to do while there are gaps."""
    run = await tools.run(about.run)
    mapping = parse(await documents.need(tools, run.id, "mapping"))
    wanted = wanted_tables(mapping)
    live, found = await _compared(tools, run, wanted)
    await _guide(tools, run, mapping, wanted, live, found)
    if found.blockers:
        text = "; ".join(
            f"{b.table}.{b.field}: {b.text}" if b.field else f"{b.table}: {b.text}" for b in found.blockers[:10]
        )
        raise AskPerson("schema-in-the-way", f"The target is not as it has to be: {text}", remedy=BLOCKED)
    if not found.steps:
        _wait_for_keys(wanted, live)
        tools.forget(run.id)
        return Progress()
    if run.option("schema") == "guide":
        parts = missing(found, live)
        count = "1 part of the set-up guide is" if len(parts) == 1 else f"{len(parts)} parts of the set-up guide are"
        text = f"{count} missing: {counted(parts)}."
        raise AskPerson("schema-incomplete", text, remedy="Create them as the setup-guide says, then resume the run.")
    await _apply(tools, run, wanted, found)
    return Progress(more=True)


BLOCKED = (
    "Settle each point as the setup-guide says (rename or remove a column that is in the way, or use another publisher "
    "prefix), then resume the run."
)


async def _compared(tools: Toolbox, run: Run, wanted: Sequence[Table]) -> tuple[dict[str, Table], Gaps]:
    """The live tables that are wanted or pointed at, and what they lack."""
    target = tools.target_of(run)
    pointed_at = (name for table in wanted for field in table.fields for name in field.targets)
    live = await target.tables([*(table.name for table in wanted), *pointed_at, "systemuser"])
    allowed = None
    if secured_columns(wanted):
        writable = [await target.writable_secured_columns(us) for us in await target.ours()]
        allowed = frozenset.intersection(*writable)
    return live, gaps(wanted, live, option_prefix=tools.settings.option_prefix, allowed=allowed)


async def _guide(
    tools: Toolbox, run: Run, mapping: FieldMap, wanted: Sequence[Table], live: dict[str, Table], found: Gaps
) -> None:
    """Publish the guide: anew on every look while a person makes the schema, once when we make it ourselves."""
    by_hand = run.option("schema") == "guide"
    if not by_hand and await tools.runs.document(run.id, "setup-guide"):
        return
    target = tools.target_of(run)
    needed = [step.table for step in found.steps if isinstance(step, CreateTable)]
    licence = budget_document(await target.custom_table_count(), needed, mapping)
    prefix = tools.settings.publisher_prefix
    us = ", ".join(await target.ours())
    names = Names(prefix, tools.settings.option_prefix, publisher_name(prefix), components.solution_name(prefix), us)
    body = guide(wanted, live, found, licence, names, by_hand=by_hand)
    await documents.publish(tools, run.id, "setup-guide", {**body, "markdown": markdown(body), "html": html(body)})


def _wait_for_keys(wanted: Sequence[Table], live: dict[str, Table]) -> None:
    """An alternate key's index is built in the background; rows written before it is ready may be refused."""
    for table, key in unready_keys(wanted, live):
        raise TryAgain("key-not-ready", f"The key {key} of {table} is still being built.", after=1)


async def _apply(tools: Toolbox, run: Run, wanted: Sequence[Table], found: Gaps) -> None:
    journal = await tools.journal(run.id)
    enough = limit()
    pages = {page.entries[0].id: page for page in await journal.read(LANE)}
    prefix, options = tools.settings.publisher_prefix, tools.settings.option_prefix
    containers = [
        part for part in components.containers(prefix, options) if not await _is_done(tools, run, part, pages)
    ]
    parts = [*containers, *found.steps]
    for start in range(0, len(parts), PARTS_AT_ONCE):
        await _make(tools, run, journal, parts[start : start + PARTS_AT_ONCE], pages, wanted)
        done = start + PARTS_AT_ONCE
        if enough(done) and done < len(parts):
            return
    if not isinstance(parts[-1], AllowColumns):
        await tools.target_of(run).publish([table.name for table in wanted])


async def _is_done(tools: Toolbox, run: Run, part: Publisher | Solution, pages: Mapping[str, Page]) -> bool:
    """Whether a container needs nothing: what somebody else has made is never noted as ours, so the way back does not
    touch it."""
    earlier = pages.get(components.name_of(part))
    return bool(earlier.entries[0].version) if earlier else await components.is_there(tools.target_of(run), part)


async def _make(
    tools: Toolbox, run: Run, journal: Journal, parts: Sequence[Part], pages: dict[str, Page], wanted: Sequence[Table]
) -> None:
    """Make some parts. ``pages``: what the journal has, and has then."""
    target = tools.target_of(run)
    names = [components.name_of(part) for part in parts]
    # A page intended by an earlier attempt means the component was missing then: what is there now is ours.
    ours = {name for name in names if name in pages and pages[name].state is PageState.INTENDED}
    for name in names:
        number = pages[name].number if name in pages else len(pages) + 1
        pages[name] = Page(0, "schema", LANE, number, PageState.INTENDED, (Entry(name, None),))
    # Before they are made: a repeat after a crash sees the parts in the target, and would not come this way again.
    told = (Event("schema-change", APP, {"mark": f"schema/{name}", "makes": name}) for name in names)
    await tools.audit.add_all(run.id, list(told))
    await journal.put_all([pages[name] for name in names])
    settled = []
    try:
        for name, part in zip(names, parts, strict=True):
            if isinstance(part, AllowColumns):
                await target.publish([table.name for table in wanted])  # a column is locked when that is published
            created = await components.create(target, part, prefix=tools.settings.publisher_prefix)
            settled.append(pages[name].settled({name: "created" if created or name in ours else "existed"}))
    finally:
        # The one that failed may be there all the same. Those behind it were not tried: until we come back, perhaps
        # when a person has seen to something, whoever makes them is somebody else.
        untried = [name for name in names[len(settled) + 1 :] if name not in ours]
        await journal.put_all([*settled, *(pages[name].settled({}) for name in untried)])


def limit() -> Callable[[int], bool]:
    """Whether so many steps are enough for one call, or have taken long enough."""
    clock = asyncio.get_running_loop().time
    until = clock() + SECONDS_AT_A_TIME
    return lambda done: done >= STEPS_AT_A_TIME or clock() > until
