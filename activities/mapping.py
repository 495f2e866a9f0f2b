"""The map: proposed from the inventory, amended by people."""

from __future__ import annotations

from typing import Any

from activities import documents
from activities.toolbox import Toolbox
from shared.mapping.amend import amended, chosen_anew
from shared.mapping.choices import choices
from shared.mapping.model import FieldMap, document
from shared.mapping.propose import propose as propose_map
from shared.mapping.wanted import tables
from shared.runs.model import Run
from shared.schema.budget import budget_document
from shared.wire.payloads import About, Nothing


async def propose(tools: Toolbox, about: About) -> Nothing:
    """Propose a place for every field of the inventory."""
    run = await tools.run(about.run)
    inventory = await documents.need(tools, run.id, "inventory")
    mapping = propose_map(inventory, choices(run.request, inventory, prefix=tools.settings.publisher_prefix))
    await _publish(tools, run, mapping)
    return Nothing()


async def _publish(tools: Toolbox, run: Run, mapping: FieldMap, **more: Any) -> None:
    body = {**document(mapping), "table_budget": await _budget(tools, run, mapping), **more}
    await documents.publish(tools, run.id, "mapping", body)


async def _budget(tools: Toolbox, run: Run, mapping: FieldMap) -> dict[str, Any]:
    """The custom tables there and still needed, against what the licence says (N10)."""
    target = tools.target_of(run)
    ours = [table for table in tables(mapping) if table.custom]
    live = await target.tables([table.name for table in ours])
    needed = [table for table in ours if table.name not in live]
    return budget_document(await target.custom_table_count(), needed, mapping)


async def amend(tools: Toolbox, about: About) -> Nothing:
    """Apply the changes of the decision about the current map. They were checked when they were accepted."""
    run = await tools.run(about.run)
    current = await tools.runs.document(run.id, "mapping")
    decision = await tools.runs.decision(run.id, "mapping", current.digest) if current else None
    if current and decision and decision["decision"] == "amend":
        inventory = await documents.need(tools, run.id, "inventory")
        before = await documents.need(tools, run.id, "mapping")
        changes = [*before.get("amendments", []), *decision["changes"]]
        # Proposed anew with all changes so far: leaving out an object also drops the lookups that lead to it.
        chosen = chosen_anew(choices(run.request, inventory, prefix=tools.settings.publisher_prefix), changes)
        mapping = amended(propose_map(inventory, chosen), changes)
        # The revision is part of the digest: a map amended back to an earlier one still wants a decision of its own.
        await _publish(tools, run, mapping, amendments=changes, revision=current.sequence + 1)
    return Nothing()
