"""The map: proposed from the inventory, amended by people."""

from __future__ import annotations

from activities import documents
from activities.toolbox import Toolbox
from shared.mapping.amend import amended
from shared.mapping.model import document, parse
from shared.mapping.propose import propose as propose_map
from shared.wire.payloads import About, Nothing


async def propose(tools: Toolbox, about: About) -> Nothing:
    """Propose a place for every field of the inventory."""
    run = await tools.run(about.run)
    inventory = await documents.need(tools, run.id, "inventory")
    mapping = propose_map(
        inventory,
        prefix=tools.settings.publisher_prefix,
        source_system=str(run.request["source_system"]),
        default_account=run.option("patients_without_organisation") == "default-account",
    )
    await documents.publish(tools, run.id, "mapping", document(mapping))
    return Nothing()


async def amend(tools: Toolbox, about: About) -> Nothing:
    """Apply the changes of the decision about the current map. They were checked when they were accepted."""
    current = await tools.runs.document(about.run, "mapping")
    decision = await tools.runs.decision(about.run, "mapping", current.digest) if current else None
    if current and decision and decision["decision"] == "amend":
        mapping = parse(await documents.need(tools, about.run, "mapping"))
        # The revision is part of the digest: a map amended back to an earlier one still wants a decision of its own.
        body = {**document(amended(mapping, decision["changes"])), "revision": current.sequence + 1}
        await documents.publish(tools, about.run, "mapping", body)
    return Nothing()
