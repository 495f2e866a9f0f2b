"""The sample: a few hundred records with what they refer to, loaded first and shown field by field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from activities import documents
from activities.link import object_maps, records
from activities.toolbox import Toolbox
from shared.diff import sample
from shared.diff.compare import FieldOutcome, Outcome, compare
from shared.loading.batches import sort_records
from shared.mapping.compiled import ObjectMap
from shared.mapping.model import FieldMap, ObjectRule, parse
from shared.runs.model import Run
from shared.vocabulary import row_id
from shared.wire.payloads import About, Nothing

Chosen = dict[str, list[dict[str, Any]]]


async def choose_sample(tools: Toolbox, about: About) -> Nothing:
    """Stage the sample as a generation of its own."""
    run = await tools.run(about.run)
    mapping = parse(await documents.need(tools, run.id, "mapping"))
    chosen = await _patients_and_appointments(tools, run, mapping)
    for rule in sorted(mapping.objects, key=lambda rule: -rule.wave):
        if rule.object not in chosen:
            wanted = _referred(rule, mapping, chosen) | _standing_for(await _aliases(tools, run), rule, mapping, chosen)
            chosen[rule.object] = [r async for r in records(tools, run, "base", rule.object) if str(r["id"]) in wanted]
    for name, picked in chosen.items():
        if picked:
            address = await tools.staging.write_shard(run.id, name, "sample", 0, picked)
            await tools.runs.put_shard(run.id, name, "sample", 0, address)
    return Nothing()


async def _aliases(tools: Toolbox, run: Run) -> Mapping[str, str]:
    aliases: Mapping[str, str] = (await documents.need(tools, run.id, "crosswalk"))["aliases"]
    return aliases


async def _patients_and_appointments(tools: Toolbox, run: Run, mapping: FieldMap) -> Chosen:
    """Telling appointments, their patients and other telling patients, then more of those patients' appointments."""
    size = int(run.option("sample_size"))
    diary, people = mapping.rule("appointments"), mapping.rule("patients")
    telling = await _choose(tools, run, diary, most=size // 5) if diary else []
    patients: list[dict[str, Any]] = []
    if people:
        wanted = sample.references(telling, "patient_id")
        patients = await _choose(tools, run, people, most=size // 2, wanted=wanted)
    ids = frozenset(str(patient["id"]) for patient in patients)
    appointments = [record for record in telling if str(record.get("patient_id")) in ids]
    have = {str(record["id"]) for record in appointments}
    if diary:
        async for record in records(tools, run, "base", "appointments"):
            if len(patients) + len(appointments) >= size:
                break
            if str(record.get("patient_id")) in ids and str(record["id"]) not in have:
                appointments.append(record)
    return {rule.object: found for rule, found in ((diary, appointments), (people, patients)) if rule}


async def _choose(
    tools: Toolbox, run: Run, rule: ObjectRule, *, most: int, wanted: frozenset[str] = frozenset()
) -> list[dict[str, Any]]:
    picker = sample.Picker(rule, most=most, wanted=wanted)
    async for record in records(tools, run, "base", rule.object):
        picker.see(record)
    return picker.chosen()


def _referred(rule: ObjectRule, mapping: FieldMap, chosen: Mapping[str, Sequence[dict[str, Any]]]) -> set[str]:
    """The ids of an object that chosen records refer to; all of an object that is one record anyway."""
    if rule.object == "defaults":
        return {"individual-patient"}
    wanted: set[str] = set()
    for other in mapping.objects:
        for field in other.fields:
            if rule.object in field.refers_to:
                wanted |= sample.references(chosen.get(other.object, []), field.source)
    return wanted


def _standing_for(
    aliases: Mapping[str, str], rule: ObjectRule, mapping: FieldMap, chosen: Mapping[str, Sequence[dict[str, Any]]]
) -> set[str]:
    """The organisations that stand for those referred to by another spelling."""
    if rule.object != "referrers":
        return set()
    return {aliases[id_] for id_ in _referred(rule, mapping, chosen) if id_ in aliases}


async def sample_diff(tools: Toolbox, about: About) -> Nothing:
    """Read the sample back and publish the comparison a person approves or rejects."""
    run = await tools.run(about.run)
    maps = await object_maps(tools, run)
    target = tools.target_of(run)
    objects: dict[str, Any] = {}
    for name, object_map in maps.items():
        picked = [record async for record in records(tools, run, "sample", name)]
        found = sort_records(object_map, picked)
        there = await target.rows(object_map.table, list(found.rows), select=object_map.select)
        asides = await tools.runs.asides(run.id, name)
        absent = {id_: asides.get(source_id) for id_, source_id in found.source_ids.items() if id_ not in there}
        rows = [
            (row, compare(object_map, row, there.get(id_))) for id_, row in found.rows.items() if not absent.get(id_)
        ]
        by_row = {row_id(run.request["source_system"], name, str(record["id"])): record for record in picked}
        objects[name] = {
            "table": object_map.table.name,
            "records": len(picked),
            "excluded": found.excluded,
            "set_aside": _count([*(aside.reason for _, aside in found.set_aside), *filter(None, absent.values())]),
            "fields": sum(len(fields) for _, fields in rows),
            "differences": sum(field.outcome is not Outcome.EQUAL for _, fields in rows for field in fields),
            "rows": [{"row": row.id, "fields": _lines(object_map, by_row[row.id], fields)} for row, fields in rows],
        }
    await documents.publish(tools, run.id, "sample-diff", _document(objects))
    return Nothing()


def _count(reasons: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for reason in reasons:
        counts[reason] = counts.get(reason, 0) + 1
    return counts


def _lines(object_map: ObjectMap, record: Mapping[str, Any], fields: Sequence[FieldOutcome]) -> list[dict[str, Any]]:
    return [
        {
            "label": field.label,
            "column": field.column,
            "from": field.source,
            "rule": field.rule,
            "outcome": field.outcome.value,
            "source": record.get(field.source) if field.source else None,
            "expected": object_map.readable(field.column, field.expected),
            "target": object_map.readable(field.column, field.actual),
        }
        for field in fields
    ]


def _document(objects: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    fields = sum(found["fields"] for found in objects.values())
    rows = sum(len(found["rows"]) for found in objects.values())
    differences = sum(found["differences"] for found in objects.values())
    return {
        "headline": f"{fields:,} fields of {rows:,} sample rows compared; {differences:,} differ",
        "fields_compared": fields,
        "rows_compared": rows,
        "differences": differences,
        "objects": dict(objects),
    }
