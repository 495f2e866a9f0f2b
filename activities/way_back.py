"""The documents about a way back, or about its rehearsal: what went, what stays and why, and what people decide about.

Both come out of the lanes' own counts, in one shape, so that the one can be held against the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from activities import documents
from activities.held import rows_held
from activities.toolbox import Toolbox
from shared.journal.tally import MOST_LISTED, merged
from shared.loading.waves import of_turn
from shared.runs.model import LaneProgress, Run
from shared.runs.parts import Part

NAMES = {"undo": "rollback", "undo_part": "rollback", "rehearse": "rollback-rehearsal"}
HELD = "rollback-held"
MOST_HELD = 1_000
OUTSIDE = ("files", "schema")
"""The lanes that are about something else than rows."""


async def publish(tools: Toolbox, run: Run, step: str, turn: int, *, part: Part | None = None) -> None:
    """Publish what the lanes of a way back counted, and the rows that people have to decide about. ``part``: what of
    the run went back, or would, if not all of it."""
    lanes = [lane for lane in await tools.runs.lanes(run.id, step) if of_that_turn(lane, turn)]
    rows = [lane for lane in lanes if lane.object not in OUTSIDE]
    notes = {lane.object: lane.notes for lane in lanes if lane.object in OUTSIDE}
    objects: defaultdict[str, list[LaneProgress]] = defaultdict(list)
    for lane in rows:
        objects[lane.object].append(lane)
    counted = {name: merged(lane.notes for lane in some) for name, some in sorted(objects.items())}
    files, schema = notes.get("files", {}), notes.get("schema", {})
    body = {
        "turn": turn,
        "objects": counted,
        "files": {"deleted": files.get("deleted", 0), "held": files.get("held", 0)},
        "schema": {"removed": schema.get("removed", 0), "stays": dict(sorted(schema.get("reasons", {}).items()))},
        "held": sum(int(one.get("held", 0)) for one in (*counted.values(), *notes.values())),
        "listed": _listed([*rows, *(lane for lane in lanes if lane.object == "files")]),
    }
    if part:
        body |= {"part": dict(part.asked), "part_objects": list(part.objects)}
    if step == "rehearse":
        body["needs"] = _needs(rows)
    places = [place for lane in rows for place in lane.notes.get("held_at", ())]
    held = {"turn": turn, "of": NAMES[step], "rows": await rows_held(tools, places, most=MOST_HELD)}
    await documents.publish(tools, run.id, HELD, held)
    await documents.publish(tools, run.id, NAMES[step], body)


def of_that_turn(lane: LaneProgress, turn: int) -> bool:
    """Whether a lane belongs to a way back, or a rehearsal."""
    return lane.generation == of_turn(lane.generation.partition(".")[0], turn)


def _listed(lanes: Sequence[LaneProgress]) -> list[dict[str, str]]:
    listed = [one for lane in lanes for one in lane.notes.get("listed", ())][: MOST_LISTED * 10]
    return [dict(zip(("where", "what", "why"), one, strict=True)) for one in listed]


def _needs(lanes: Sequence[LaneProgress]) -> dict[str, Any]:
    """What the way back takes, as far as reading tells: requests, and seconds if writing takes as long as reading did.

    Lanes of one object and generation run side by side, so the slowest of them counts.
    """
    slowest: defaultdict[tuple[str, str], float] = defaultdict(float)
    for lane in lanes:
        key = (lane.object, lane.generation)
        slowest[key] = max(slowest[key], float(lane.notes.get("seconds", 0)))
    reads = sum(int(lane.notes.get("reads", 0)) for lane in lanes)
    writes = sum(int(lane.notes.get("writes", 0)) for lane in lanes)
    seconds = sum(slowest.values()) * (reads + writes) / max(reads, 1)
    return {"requests": reads + writes, "about_seconds": round(seconds)}
