"""Insurers once each, and the primary policy of every patient beside the patient: joined while it is only staged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from math import ceil
from typing import Any

import orjson

from activities import auditing
from activities.survey import records, stage_beside
from activities.toolbox import Toolbox
from shared.errors import AskPerson
from shared.insurance.policies import Policy, payer_key, primary
from shared.mapping.model import FieldMap
from shared.memory import lasting_json
from shared.runs.model import Run
from shared.staging import layout
from shared.staging.pages import Records
from shared.vocabulary import Address

Record = dict[str, Any]
MIRRORED = ("carrier", "policy_number", "group_number", "coverage_type")
"""What the contact shows of the primary policy (R76-R79)."""
KEPT = ("id", "patient_id", "priority", "active", "valid_from", "valid_to", "updated_at", *MIRRORED)
JOINED = "patients-insured"
"""Under which name the joined shards lie; the records are still patients."""
BESIDE, BESIDE_SHARD = 998, 999_998
PAYERS_SHARD = 0
SHARDS_AT_A_TIME, MOST_LOOKS = 8, 16
"""Each time all policies are looked through. Past so many times, more patients at a time are the lesser evil."""
Shards = Sequence[tuple[int, Address]]


async def derive_payers(tools: Toolbox, run: Run, generation: str, before: Mapping[str, str]) -> dict[str, str]:
    """Stage an insurer for every carrier that no policy named before. Answers with all of them: key to name."""
    named = dict(before)
    new: dict[str, str] = {}
    async for policy in records(tools, run, generation, "insurance_policies"):
        carrier = str(policy.get("carrier") or "").strip()
        key = payer_key(carrier) if carrier else ""
        if key and key not in named:
            named[key] = new[key] = " ".join(carrier.split())
    if new:
        found = [{"id": key, "name": name} for key, name in sorted(new.items())]
        address = await tools.staging.write_shard(run.id, "payers", generation, PAYERS_SHARD, found)
        await tools.runs.put_shard(run.id, "payers", generation, PAYERS_SHARD, address)
        await auditing.staged(tools, run, "payers", generation, PAYERS_SHARD, address)
    return named


async def join(tools: Toolbox, run: Run, mapping: FieldMap, generation: str) -> None:
    """Put the primary policy beside each patient of a generation; in a delta also beside those whose policies alone
    have changed."""
    if not mapping.joins_insurance:
        return
    if generation == "base":
        shards = await tools.runs.numbered_shards(run.id, generation, "patients")
        size = max(SHARDS_AT_A_TIME, ceil(len(shards) / MOST_LOOKS))
        for start in range(0, len(shards), size):
            await _join(tools, run, mapping, generation, shards[start : start + size])
        return
    touched = {str(record["id"]) async for record in records(tools, run, generation, "patients")}
    moved = {str(p["patient_id"]) async for p in records(tools, run, generation, "insurance_policies")} - {"None"}
    await _bring(tools, run, generation, moved - touched)
    shards = await tools.runs.numbered_shards(run.id, generation, "patients")
    await _join(tools, run, mapping, generation, shards)


async def _join(tools: Toolbox, run: Run, mapping: FieldMap, generation: str, shards: Shards) -> None:
    """The same for some of a generation's shards: so many patients' policies are in memory at once."""
    ids = {str(one["id"]) for _, address in shards for one in await tools.staging.read_shard(address)}
    policies = await _policies(tools, run, generation, ids)
    _one_each(mapping, policies)
    for number, address in shards:
        joined = Records()
        joined.add(_with(patient, policies) for patient in await tools.staging.read_shard(address))
        beside = await tools.staging.write_shard(run.id, JOINED, generation, number, joined)
        await tools.runs.put_shard(run.id, "patients", generation, number, beside)
        await auditing.staged(tools, run, "patients", generation, number, beside)


def _one_each(mapping: FieldMap, policies: Mapping[str, list[bytes]]) -> None:
    if mapping.rule("insurance_policies") is None and any(len(held) > 1 for held in policies.values()):
        several = sum(len(held) > 1 for held in policies.values())
        raise AskPerson(
            "several-policies",
            f"{several} patients or more have several policies, and the map only has the contact's columns for one.",
            remedy="Roll back and start again with options.insurance 'table', which keeps every policy.",
        )


async def _policies(tools: Toolbox, run: Run, generation: str, of: set[str]) -> dict[str, list[bytes]]:
    """The latest version of every policy of some patients, by patient, as JSON: there are tens of thousands."""
    latest: dict[str, tuple[str, bytes]] = {}
    for number in range(_number(generation) + 1):
        name = layout.delta(number) if number else "base"
        async for policy in records(tools, run, name, "insurance_policies"):
            if str(policy.get("patient_id")) in of or str(policy["id"]) in latest:
                kept = lasting_json({key: policy.get(key) for key in KEPT})
                latest[str(policy["id"])] = (str(policy.get("patient_id")), kept)
    held: dict[str, list[bytes]] = {}
    for patient, kept in latest.values():
        if patient in of:
            held.setdefault(patient, []).append(kept)
    return held


def _number(generation: str) -> int:
    return 0 if generation == "base" else int(generation.removeprefix("delta-"))


async def _bring(tools: Toolbox, run: Run, generation: str, ids: set[str]) -> None:
    """Stage the patients whose policies changed though they themselves did not."""
    source = await tools.source_of(run)
    found = [one for id_ in sorted(ids) if (one := await source.record("patients", id_)) is not None]
    if found:
        await stage_beside(tools, run, "patients", generation, found, lane=BESIDE, shard=BESIDE_SHARD)


def _with(patient: Record, policies: Mapping[str, list[bytes]]) -> Record:
    held = {str(policy["id"]): policy for policy in map(orjson.loads, policies.get(str(patient["id"]), ()))}
    chosen = primary(map(_policy, held.values()))
    first = held[chosen.id] if chosen else None
    return {**patient, **{f"insurance.{name}": first.get(name) if first else None for name in MIRRORED}}


def _policy(record: Record) -> Policy:
    priority = str(record.get("priority") or "")
    return Policy(
        str(record["id"]),
        str(record.get("carrier") or ""),
        int(priority) if priority.isdigit() else None,
        {"true": True, "false": False}.get(str(record.get("active")).lower()),
        _day(record.get("valid_from")),
        _day(record.get("valid_to")),
    )


def _day(value: Any) -> date | None:
    """A date, or none where there is none or nobody can read it: it only decides which policy comes first."""
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None
