"""The sample: a few hundred records with what they refer to, loaded first and shown field by field."""

from __future__ import annotations

import asyncio

from activities import auditing, documents
from activities.link import object_maps
from activities.survey import records
from activities.toolbox import Toolbox
from shared.diff.sample import Sample
from shared.mapping.model import parse
from shared.wire.payloads import About, Nothing


async def choose_sample(tools: Toolbox, about: About) -> Nothing:
    """Stage the sample as a generation of its own, and publish what it shows of the data."""
    run = await tools.run(about.run)
    mapping = parse(await documents.need(tools, run.id, "mapping"))
    size, zone = int(run.option("sample_size")), str(run.option("time_zone"))
    sample = Sample(mapping, await object_maps(tools, run), zone=zone, size=size)
    for source in sample.order:
        async for record in records(tools, run, "base", source):
            sample.consider(source, record)
    pool = sample.gather()
    for source in sample.order:
        pool.begin(source)
        async for record in records(tools, run, "base", source):
            pool.see(record)
    # In a thread: of a large practice it takes minutes, and the process has more to do.
    chosen, coverage = await asyncio.to_thread(sample.choose, pool)
    for name, picked in chosen.items():
        address = await tools.staging.write_shard(run.id, name, "sample", 0, picked)
        await tools.runs.put_shard(run.id, name, "sample", 0, address)
        await auditing.staged(tools, run, name, "sample", 0, address)
    await documents.publish(tools, run.id, "coverage", coverage)
    return Nothing()
