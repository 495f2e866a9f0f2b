"""Look through what was staged before anything is written: who refers to whom, and what leads nowhere (N6, N14)."""

from __future__ import annotations

import asyncio
from array import array
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from activities import auditing
from activities.counting import count_beside
from activities.erased import without_erased
from activities.toolbox import Toolbox
from shared.loading.gaps import Numbers
from shared.mapping.crosswalk import holds, united
from shared.mapping.model import DERIVED, FieldMap
from shared.runs.model import LaneProgress, Run
from shared.vocabulary import Tally

RECOVERED, RECOVERED_SHARD = 999, 999_999
"""Lane and shard of the records that were fetched one by one: after all others, and the same on every attempt."""
NUMBERED = {"patients": "patient_number", "invoices": "invoice_number"}
"""Fields in which the source counts: a number nobody has belongs to a record that no list shows."""


@dataclass(slots=True)
class Survey:
    """What one look through a generation found. ``dangling``: by object, field and what it refers to, how many
    records lead nowhere; ``strays`` the patients among them; ``owned``: rows by object and member of staff."""

    dangling: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    strays: set[str] = field(default_factory=set)
    owned: Counter[tuple[str, str]] = field(default_factory=Counter)
    numbers: dict[str, Numbers] = field(default_factory=dict)


def referred_to(mapping: FieldMap) -> tuple[str, ...]:
    """The source objects that any reference leads to, staff among them even where all of them are users."""
    found = {name for rule in mapping.objects for one in rule.fields for name in one.refers_to} - {"users", "defaults"}
    sources = {rule.object: rule.source for rule in mapping.objects}
    return tuple(sorted({sources.get(name, name) for name in found} - DERIVED))


async def records(tools: Toolbox, run: Run, generation: str, source: str) -> AsyncIterator[dict[str, Any]]:
    """The staged records of one source object, one shard in memory at a time."""
    for address in await tools.runs.shards(run.id, generation, source):
        for record in await tools.staging.read_shard(address):
            yield record


async def ids_of(
    tools: Toolbox, run: Run, generation: str, source: str, before: Mapping[str, Any] | None
) -> array[int]:
    """The sorted fingerprints of an object's ids: those known before, and those the generation brought. Each shard has
    its own beside it."""
    parts = [await kept_ids(tools, before["known"].get(source) if before else None)]
    for address in await tools.runs.shards(run.id, generation, source):
        parts.append((await tools.staging.snapshot(address)).ids)
    return await asyncio.to_thread(united, parts)


async def kept_ids(tools: Toolbox, path: str | None) -> array[int]:
    """Fingerprints as they were kept, or none."""
    ids = array("Q")
    if path:
        ids.frombytes(await tools.staging.read_bytes(path))
    return ids


async def survey(
    tools: Toolbox, run: Run, mapping: FieldMap, generation: str, known: Mapping[str, array[int]]
) -> Survey:
    """Every staged record of a generation, once per source object."""
    found = Survey()
    for source in mapping.sources():
        rules = [rule for rule in mapping.objects if rule.source == source]
        sources = {rule.object: rule.source for rule in mapping.objects}
        links = {
            one.source: sources.get(one.refers_to[0], one.refers_to[0])
            for rule in rules
            for one in rule.fields
            if one.refers_to and one.refers_to[0] not in DERIVED
        }
        owners = [(rule.object, rule.owner_from, rule.only) for rule in rules if rule.owner_from]
        numbers = Numbers() if source in NUMBERED else None
        async for record in records(tools, run, generation, source):
            _look(found, source, record, links, known)
            for name, owner, only in owners:
                if all(str(record.get(key) or "") in values or "*" in values for key, values in only):
                    found.owned[name, str(record.get(owner) or "")] += 1
            if numbers is not None:
                numbers.add(record.get(NUMBERED[source]))
        if numbers is not None:
            found.numbers[source] = numbers
    return found


def _look(
    found: Survey, source: str, record: Mapping[str, Any], links: Mapping[str, str], known: Mapping[str, array[int]]
) -> None:
    for name, referred in links.items():
        id_ = record.get(name)
        if id_ in (None, "") or referred not in known or holds(known[referred], str(id_)):
            continue
        found.dangling[source, name, referred] += 1
        if referred == "patients":
            found.strays.add(str(id_))


async def recover(tools: Toolbox, run: Run, generation: str, strays: Iterable[str]) -> list[str]:
    """Fetch, one by one, the patients whom records refer to but no list shows: the source hides some of the archived
    ones (R100). Answers with the ids of those it does not give by id either; what refers to them is set aside."""
    source = await tools.source_of(run)
    found, gone = [], []
    for id_ in sorted(strays):
        one = await source.record("patients", id_)
        if one is None:
            gone.append(id_)
        else:
            found.append(one)
    if found:
        await stage_beside(tools, run, "patients", generation, found, lane=RECOVERED, shard=RECOVERED_SHARD)
    return gone


async def stage_beside(
    tools: Toolbox, run: Run, source: str, generation: str, found: list[dict[str, Any]], *, lane: int, shard: int
) -> None:
    """Stage records that no list gave, in a shard and a lane of their own that are the same on every attempt."""
    found = without_erased(run, source, found)
    if generation == "base":
        await count_beside(tools, run.id, source, found)
    address = await tools.staging.write_shard(run.id, source, generation, shard, found)
    await tools.runs.put_shard(run.id, source, generation, shard, address)
    await auditing.staged(tools, run, source, generation, shard, address)
    done = LaneProgress("extract", generation, source, lane, done=True, tally=Tally(extracted=len(found)))
    await tools.runs.put_lane(run.id, done)
