"""Where the hands meet Azure: each step registered as an activity under its name in the catalogue."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import azure.durable_functions as df

from activities import (
    attach,
    bookkeeping,
    conflicts,
    discover,
    erase,
    evidence,
    extract,
    link,
    load,
    mapping,
    money,
    owners,
    part_files,
    parts,
    planning,
    prove,
    purge,
    reconcile,
    rehearse,
    rehearse_rest,
    repair,
    sample,
    sample_diff,
    schema,
    sweep,
    undo,
    undo_files,
    undo_schema,
    verdict,
)
from activities.performs import perform
from shared.wire.steps import BY_NAME

HANDS: dict[str, Callable[..., Awaitable[Any]]] = {
    "mark": bookkeeping.mark,
    "look": bookkeeping.look,
    "trouble": bookkeeping.trouble,
    "plan": planning.plan,
    "profile": discover.profile,
    "inventory": discover.inventory,
    "propose": mapping.propose,
    "amend": mapping.amend,
    "schema": schema.schema,
    "owners": owners.owners,
    "extract": extract.extract,
    "link": link.link,
    "choose_sample": sample.choose_sample,
    "load": load.load,
    "attach": attach.attach,
    "sample_diff": sample_diff.sample_diff,
    "begin_proof": repair.begin_proof,
    "reconcile": reconcile.reconcile,
    "money": money.money,
    "prove_files": prove.prove_files,
    "sweep": sweep.sweep,
    "verdict": verdict.verdict,
    "evidence": evidence.evidence,
    "open_window": extract.open_window,
    "begin_pickup": extract.begin_pickup,
    "conflicts": conflicts.conflicts,
    "undo": undo.undo,
    "undo_files": undo_files.undo_files,
    "undo_schema": undo_schema.undo_schema,
    "undo_part": undo.undo_part,
    "undo_part_files": part_files.undo_part_files,
    "part_undone": parts.part_undone,
    "rehearse": rehearse.rehearse,
    "rehearse_files": rehearse_rest.rehearse_files,
    "rehearse_schema": rehearse_rest.rehearse_schema,
    "rehearsal_failed": rehearse_rest.rehearsal_failed,
    "find_person": erase.find_person,
    "erase_person": erase.erase_person,
    "person_erased": erase.person_erased,
    "finish": bookkeeping.finish,
    "purge_records": purge.purge_records,
}


def activity(name: str) -> Callable[[dict], Awaitable[dict]]:  # type: ignore[type-arg]  # the worker refuses generics
    """The activity function of one step, in the shape that the worker accepts."""

    async def run(payload: dict) -> dict:  # type: ignore[type-arg]
        return await perform(BY_NAME[name], HANDS[name], payload)

    run.__name__ = name
    return run


blueprint = df.Blueprint()
for step_name in HANDS:
    function = blueprint.activity_trigger(input_name="payload")(activity(step_name))
    blueprint.function_name(step_name)(function)
