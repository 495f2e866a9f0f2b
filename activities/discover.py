"""Look at the source: every field, its type, the pick-list values in use, and how many records there are."""

from __future__ import annotations

from dataclasses import replace

import orjson

from activities import documents
from activities.toolbox import Toolbox
from shared.corepractice.inventory import ObjectProfile
from shared.corepractice.inventory import inventory as inventory_of
from shared.runs.model import LaneProgress
from shared.wire.payloads import About, Nothing, Progress, Slice

PAGES_AT_A_TIME = 20
PAGE_RECORDS = 500


async def profile(tools: Toolbox, slice_: Slice) -> Progress:
    """Profile some more pages of one object. What is kept are counts and kinds, and values of pick-lists only."""
    run = await tools.run(slice_.run)
    source = await tools.source_of(run)
    lane = await tools.runs.lane(run.id, slice_.step, "", slice_.object, 0)
    if lane.done:
        return Progress()
    found = await _profile_so_far(tools, slice_.object, lane)
    cursor: str | None = lane.cursor or None
    for _ in range(PAGES_AT_A_TIME):
        page = await source.page(slice_.object, cursor=cursor, limit=PAGE_RECORDS)
        for record in page.records:
            found.add(record)
        cursor = page.next_cursor
        if cursor is None:
            break
    # A new blob each time: a repeat after a crash must begin from the profile that belongs to its cursor.
    turn = int(lane.notes.get("turn", 0)) + 1
    plain = found.to_json()
    address = await tools.staging.write_bytes(f"{run.id}/profiles/{slice_.object}-{turn}", orjson.dumps(plain))
    notes = {"turn": turn, "path": address.path, "records": plain["records"]}
    await tools.runs.put_lane(run.id, replace(lane, cursor=cursor or "", done=cursor is None, notes=notes))
    return Progress(more=cursor is not None)


async def _profile_so_far(tools: Toolbox, name: str, lane: LaneProgress) -> ObjectProfile:
    if not lane.notes:
        return ObjectProfile(name)
    return ObjectProfile.from_json(orjson.loads(await tools.staging.read_bytes(lane.notes["path"])))


async def inventory(tools: Toolbox, about: About) -> Nothing:
    """Put the objects' profiles together into the inventory."""
    run = await tools.run(about.run)
    description = await (await tools.source_of(run)).describe()
    lanes = await tools.runs.lanes(run.id, "profile")
    profiles = {lane.object: await _profile_so_far(tools, lane.object, lane) for lane in lanes}
    await documents.publish(tools, run.id, "inventory", inventory_of(profiles, description))
    return Nothing()
