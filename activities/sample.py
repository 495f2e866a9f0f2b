"""The sample: a few hundred records with what they refer to, loaded first and shown field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from activities import auditing, documents
from activities.link import object_maps
from activities.survey import records
from activities.toolbox import Toolbox
from shared.diff import sample
from shared.diff.sample import Picker, Record
from shared.mapping.compiled import ObjectMap
from shared.mapping.model import DERIVED, FieldMap, FieldRule, parse
from shared.mapping.placements.talk import PARTIES
from shared.runs.model import Run
from shared.wire.payloads import About, Nothing

Chosen = dict[str, dict[str, Record]]
"""Records by source object and id."""

WEIGHTS = {"appointments": 4, "treatments": 3, "invoices": 2, "communications": 4}
"""What a sample must show above all (R132); every other object that hangs on a patient counts once."""


async def choose_sample(tools: Toolbox, about: About) -> Nothing:
    """Stage the sample as a generation of its own."""
    run = await tools.run(about.run)
    mapping = parse(await documents.need(tools, run.id, "mapping"))
    chosen = await _tell(tools, run, mapping)
    await _complete(tools, run, mapping, chosen)
    for name, picked in chosen.items():
        if picked:
            address = await tools.staging.write_shard(run.id, name, "sample", 0, list(picked.values()))
            await tools.runs.put_shard(run.id, name, "sample", 0, address)
            await auditing.staged(tools, run, name, "sample", 0, address)
    return Nothing()


def _fields(mapping: FieldMap, source: str) -> list[FieldRule]:
    return [field for rule in mapping.objects if rule.source == source for field in rule.fields]


def _told_apart_by(mapping: FieldMap, source: str) -> tuple[str, ...]:
    """The fields by which a record of an object finds its rule, or its state."""
    rules = [rule for rule in mapping.objects if rule.source == source]
    by = [field for rule in rules for field, values in rule.only if not {"*", ""} & set(values)]
    return (*by, *(name for rule in rules for name in rule.state_from.split("/") if name))


def _has_a_row(maps: Sequence[ObjectMap], record: Record) -> bool:
    return any(isinstance(one.rows(record), list) for one in maps)


def _hanging(mapping: FieldMap) -> dict[str, str]:
    """The source objects that hang on a patient, and by which field."""
    return {
        rule.source: field.source
        for rule in mapping.objects
        for field in rule.fields
        if field.refers_to[:1] == ("patients",)
    }


async def _tell(tools: Toolbox, run: Run, mapping: FieldMap) -> Chosen:
    """Telling records of each object, their patients and other telling patients, then more of what those have."""
    size, hanging = int(run.option("sample_size")), _hanging(mapping)
    maps = await object_maps(tools, run)
    parts = sum(WEIGHTS.get(name, 1) for name in hanging) or 1
    chosen: Chosen = {}
    for name in hanging:
        most = max(2, size * WEIGHTS.get(name, 1) // (3 * parts))
        mine = [one for one in maps.values() if one.source == name]
        picker = Picker(
            _fields(mapping, name), most=most, telling=_told_apart_by(mapping, name), fits=partial(_has_a_row, mine)
        )
        chosen[name] = await _pick(tools, run, name, picker)
    if mapping.rule("patients") is None:
        return chosen
    asked = {id_ for name, by in hanging.items() for id_ in sample.references(chosen[name].values(), by)}
    picker = Picker(_fields(mapping, "patients"), most=max(size // 2, len(asked)), wanted=frozenset(asked))
    chosen["patients"] = await _pick(tools, run, "patients", picker)
    for name, by in hanging.items():
        most = size * WEIGHTS.get(name, 1) // (2 * parts)
        await _fill(tools, run, chosen, name, by, most)
    return chosen


async def _pick(tools: Toolbox, run: Run, name: str, picker: Picker) -> dict[str, Record]:
    async for record in records(tools, run, "base", name):
        picker.see(record)
    return {str(record["id"]): record for record in picker.chosen()}


async def _fill(tools: Toolbox, run: Run, chosen: Chosen, name: str, by: str, most: int) -> None:
    """More of an object's records, of the patients in the sample."""
    async for record in records(tools, run, "base", name):
        if len(chosen[name]) >= most:
            return
        if str(record.get(by)) in chosen["patients"]:
            chosen[name].setdefault(str(record["id"]), record)


async def _complete(tools: Toolbox, run: Run, mapping: FieldMap, chosen: Chosen) -> None:
    """Bring in whatever a chosen record refers to, from what is written last to what is written first."""
    aliases: Mapping[str, str] = (await documents.need(tools, run.id, "crosswalk"))["aliases"]
    waves: dict[str, int] = {}
    for rule in mapping.objects:
        waves[rule.source] = max(waves.get(rule.source, 0), rule.wave)
    for name in sorted(waves, key=lambda name: -waves[name]):
        have = chosen.setdefault(name, {})
        wanted = _referred(mapping, chosen, name) - set(have)
        wanted |= {aliases[id_] for id_ in wanted if name == "referrers" and id_ in aliases}
        if wanted or name in DERIVED:
            async for record in records(tools, run, "base", name):
                if name in DERIVED or str(record["id"]) in wanted:
                    have.setdefault(str(record["id"]), record)


def _referred(mapping: FieldMap, chosen: Chosen, name: str) -> set[str]:
    """The ids of a source object that chosen records refer to."""
    sources = {rule.object: rule.source for rule in mapping.objects}
    wanted: set[str] = set()
    for rule in mapping.objects:
        for field in rule.fields:
            # Who took part in a call is no lookup of its row, and has to be there all the same.
            refers_to = ("staff",) if field.target == PARTIES else field.refers_to
            if any(sources.get(to, to) == name for to in refers_to):
                wanted |= sample.references(chosen.get(rule.source, {}).values(), field.source)
    return wanted
