"""What more than one hand tells the audit trail, and what the trail answers to somebody who wants to check it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from activities.toolbox import Toolbox
from shared import answers
from shared.answers import Answer
from shared.attachments.receipts import Receipt, ReceiptState
from shared.audit.chain import CLOSED, Walk, promised
from shared.audit.event import APP, STORY, Event, Head
from shared.audit.keyed import keyed_all
from shared.runs.model import LaneProgress, Run
from shared.vocabulary import Address, Gate

NDJSON = "application/x-ndjson"
MOST_BYTES = 4 << 20
"""How much of a chain one answer holds; a link leads to what comes next."""
SIDE_BY_SIDE = 4
"""Chains that are walked at once, each with a few megabytes in memory."""

# What happened


def chain_of(lane: LaneProgress) -> str:
    """The chain that a lane writes alone: ``load.base.patients.000``."""
    return f"{lane.step}.{lane.generation}.{lane.object}.{lane.lane:03d}"


async def close(tools: Toolbox, run: Run, chain: str) -> None:
    """Enter the head of a lane's chain in the story, before the lane says that it is done."""
    head = await tools.audit.head(run.id, chain)
    if head.n:
        facts = {"mark": f"chain/{chain}", "chain": chain, "n": head.n, "hash": head.hash}
        await tools.audit.add(run.id, Event(CLOSED, APP, facts))


async def staged(
    tools: Toolbox, run: Run, object_: str, generation: str, number: int, address: Address, *, chain: str = STORY
) -> None:
    """A shard was staged: what it holds, how many, and the digest of its bytes."""
    facts = {
        "mark": f"shard/{generation}/{object_}/{number}",
        "object": object_,
        "generation": generation,
        "shard": number,
        "records": address.count,
        "sha256": address.sha256,
    }
    await tools.audit.add(run.id, Event("staged", APP, facts), chain=chain)


async def rewritten(
    tools: Toolbox, run: Run, object_: str, generation: str, number: int, *, was: Address, now: Address
) -> None:
    """A shard was staged anew without a person's records: what it holds now, and in place of what."""
    facts = {
        "mark": f"rewritten/{generation}/{object_}/{number}",
        "object": object_,
        "generation": generation,
        "shard": number,
        "records": now.count,
        "sha256": now.sha256,
        "in_place_of": was.sha256,
    }
    await tools.audit.add(run.id, Event("staged-anew", APP, facts))


async def attached(tools: Toolbox, run: Run, receipt: Receipt, *, chain: str) -> None:
    """How it ended with a file: where it went and what it is, or why it could not go."""
    file, row = keyed_all(run.audit_key, [receipt.attachment, receipt.row])
    facts = {
        "mark": f"{chain}/{row}",
        "object": receipt.object,
        "file": file,
        "row": row,
        "route": receipt.route,
        "size": receipt.size,
        "sha256": receipt.sha256,
        "refused": receipt.reason if receipt.state is ReceiptState.REFUSED else "",
    }
    await tools.audit.add(run.id, Event("file-attached", APP, facts), chain=chain)


async def decided(tools: Toolbox, run: Run, gate: Gate, digest: str, decision: Mapping[str, Any]) -> None:
    """A decision as it stands in the runs table: told when it is taken, and again before the story follows it."""
    facts = {
        "mark": f"decision/{gate.value}/{digest}",
        "gate": gate.value,
        "digest": digest,
        "decision": decision["decision"],
        "by": decision["by"],
        "changes": len(decision.get("changes") or ()),
        "acknowledged": list(decision.get("acknowledge") or ()),
    }
    await tools.audit.add(run.id, Event("decision", str(decision.get("who") or APP), facts))


# Whether it is still told as it happened


async def trail(tools: Toolbox, run: Run, *, form: str, chain: str, after: str) -> Answer:
    """The verdict about the whole trail, or the lines of one chain."""
    if form == "ndjson":
        return await lines(tools, run, chain or STORY, after=after)
    if form not in ("", "json"):
        return answers.problem(400, "unknown-format", "There is no such format", "Formats are: json, ndjson.")
    return await verified(tools, run)


async def verified(tools: Toolbox, run: Run) -> Answer:
    """Walk every chain. The story goes first, since it tells where the lanes' chains have to end."""
    story = Walk(STORY, run=run.id, promised=[promised(run.audit_head)])
    await _walk(tools, run, story)
    names = sorted({*await tools.audit.chains(run.id), *story.closed} - {STORY})
    walks = [story, *(Walk(name, promised=[story.closed.get(name, Head())]) for name in names)]
    gate = asyncio.Semaphore(SIDE_BY_SIDE)

    async def in_turn(walk: Walk) -> None:
        async with gate:
            await _walk(tools, run, walk)

    await asyncio.gather(*(in_turn(walk) for walk in walks[1:]))
    broken = [walk.broken for walk in walks if walk.broken]
    first = {"chain": broken[0].chain, "n": broken[0].n, "why": broken[0].why} if broken else None
    return Answer(
        200,
        {
            "chains": {walk.chain: {"events": walk.lines, "head": walk.head.hash} for walk in walks},
            "intact": first is None,
            "first_broken": first,
        },
    )


async def _walk(tools: Toolbox, run: Run, walk: Walk) -> None:
    async for line in tools.audit.each(run.id, walk.chain):
        walk.step(line)
    walk.end()


async def lines(tools: Toolbox, run: Run, chain: str, *, after: str = "", most: int = MOST_BYTES) -> Answer:
    """The lines of a chain as they are in the storage, from behind the first ``after`` of them; a Link header leads to
    what does not fit into ``most`` bytes."""
    if after and not (after.isdecimal() and len(after) < 10):
        detail = "'after' is the number of lines that were read before."
        return answers.problem(400, "after-invalid", "That is no number of lines", detail)
    if chain not in await tools.audit.chains(run.id):
        detail = "The audit trail has no chain of that name; ask without a format to see which there are."
        return answers.problem(404, "unknown-chain", "There is no such chain", detail)
    first, number, size = int(after or 0), 0, 0
    kept: list[str] = []
    async for line in tools.audit.each(run.id, chain):
        number += 1
        if number <= first:
            continue
        if size + len(line) > most and kept:
            query = urlencode({"format": "ndjson", "chain": chain, "after": number - 1})
            link = f'</api/migrations/{run.id}/audit?{query}>; rel="next"'
            return Answer(200, {}, {"Link": link}, text="".join(kept), media=NDJSON)
        kept.append(line.decode(errors="replace") + "\n")
        size += len(line)
    return Answer(200, {}, text="".join(kept), media=NDJSON)
