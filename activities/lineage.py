"""Lineage of one row: the staged record it was made from, the approved rule, and what happened to it since (N25)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from activities import documents
from activities.files import left_behind, receipts_of
from activities.link import object_maps
from activities.proof import said_about
from activities.reading import present
from activities.toolbox import Toolbox
from activities.tracing import generations, record_behind, words_of, writes_of
from shared.answers import Answer
from shared.audit.event import Event
from shared.audit.keyed import keyed_all
from shared.gates import DOCUMENT_OF
from shared.journal.entries import Entry
from shared.lineage import refusals
from shared.lineage.answer import lineage as assembled
from shared.lineage.answer import without_values
from shared.lineage.facts import Approved, Facts, Proof, Staged, There, Written
from shared.loading.batches import ETAG
from shared.mapping.compiled import NUMBER, ObjectMap
from shared.mapping.model import FieldMap, parse
from shared.mapping.rows import Excluded, Row, SetAside
from shared.mapping.wanted import tables as wanted
from shared.runs.model import Run
from shared.schema.model import Table
from shared.vocabulary import Gate, Phase

GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
SHORTER = "note-has-fewer-parts-now"


@dataclass(frozen=True, slots=True)
class Asked:
    """The row that is asked about, and the approved rules by which it may have come about."""

    run: Run
    rules: FieldMap
    maps: Mapping[str, ObjectMap]
    table: Table
    row: str

    @property
    def mark(self) -> str:
        """The column in which a row names its record, where its table has one."""
        return f"{self.rules.prefix}_sourceid"


async def lineage(tools: Toolbox, run: Run, table: str, row: str, *, values: bool, who: str) -> Answer:
    """Where a row comes from. Record values are masked unless they are asked for."""
    if not GUID.fullmatch(row):
        return refusals.not_a_guid()
    row, body = row.lower(), await documents.read(tools, run.id, "mapping")
    if body is None or await tools.runs.document(run.id, "crosswalk") is None:
        return refusals.not_yet(run)
    rules, going_back = parse(body), run.phase in (Phase.ROLLBACK, Phase.ROLLED_BACK)
    # On the way back tables go, so that no map can be compiled any more.
    maps = {} if going_back else await object_maps(tools, run)
    tables = wanted(rules) if going_back else [one.table for one in maps.values()]
    found = next((one for one in tables if table.lower() in (one.name, one.set_name.lower())), None)
    if found is None:
        return refusals.unknown_table({one.name for one in tables})
    writes = await writes_of(tools, run, [rule.object for rule in rules.objects if rule.table == found.name], row)
    if writes and all(written.undone for written in writes):
        return refusals.rolled_back(max(w.page.at for w in writes), await _why_held(tools, run, found.name, row))
    if going_back:
        return refusals.under_way() if writes else refusals.unknown_row()
    said = await _said(tools, Asked(run, rules, maps, found, row), writes)
    if isinstance(said, Answer):
        return said
    if values:
        facts = {"document": "lineage", "table": found.name, "rows": keyed_all(run.audit_key, [row])}
        await tools.audit.add(run.id, Event("values-read", who, facts))
    return Answer(200, said if values else without_values(said))


async def _said(tools: Toolbox, asked: Asked, writes: Sequence[Written]) -> dict[str, Any] | Answer:
    """The lineage with its values, or why there is none."""
    seen = await _seen(tools, asked)
    if seen is None and not writes:
        return refusals.unknown_row()
    object_map, words = await _origin(tools, asked, seen or {}, writes)
    if object_map is None:
        number = (seen or {}).get(NUMBER)
        return refusals.not_of_this_run(asked.run, number, await _run_numbered(tools, asked.run, number))
    return assembled(await _gathered(tools, asked, object_map, words, writes))


async def _why_held(tools: Toolbox, run: Run, table: str, row: str) -> str:
    """Why the way back left a row where it is, as far as it is listed; nothing where it did not."""
    lanes = await tools.runs.lanes(run.id, "undo")
    listed = [one for lane in lanes for one in lane.notes.get("listed", ())]
    return next((str(why) for where, what, why in listed if (where, what) == (table, row)), "")


async def _seen(tools: Toolbox, asked: Asked) -> dict[str, Any] | None:
    """What the row says of its origin; None when it is not there."""
    select = [name for name in (NUMBER, asked.mark) if asked.table.field(name) is not None]
    return (await tools.target_of(asked.run).rows(asked.table, [asked.row], select=select)).get(asked.row)


async def _origin(
    tools: Toolbox, asked: Asked, seen: Mapping[str, Any], writes: Sequence[Written]
) -> tuple[ObjectMap | None, Sequence[Staged]]:
    """The rule that made a row, and what was staged of its record: by the row's own mark, or else by the journal."""
    run, (object_map, source_id) = asked.run, _marked(asked, seen.get(asked.mark))
    if object_map is None and writes:
        object_map = asked.maps[writes[-1].object]
        source_id = await record_behind(tools, run, object_map, writes[-1], asked.row)
    words = await words_of(tools, run, object_map.source, source_id) if object_map and source_id else []
    return (object_map, words) if words else (None, [])


def _marked(asked: Asked, mark: Any) -> tuple[ObjectMap, str] | tuple[None, None]:
    """The rule and source id that a row names itself, if it is the row that such a record becomes."""
    system, _, rest = str(mark or "").partition("|")
    name, _, source_id = rest.partition("|")
    found = asked.maps.get(name)
    if system != asked.rules.source_system or found is None or found.table.name != asked.table.name:
        return None, None
    return (found, source_id) if found.row_id({"id": source_id}) == asked.row else (None, None)


async def _gathered(
    tools: Toolbox, asked: Asked, object_map: ObjectMap, words: Sequence[Staged], writes: Sequence[Written]
) -> Facts:
    run, row, name, source_id = asked.run, asked.row, object_map.object, str(words[-1].record["id"])
    receipt = (await receipts_of(tools, run, name, [row])).get(row)
    last = next((one.entry for one in reversed(writes) if one.entry.version and not one.undone), None)
    left = left_behind(last, receipt) if last else None
    return Facts(
        run,
        asked.rules,
        object_map,
        row,
        us=await tools.target_of(run).ours(),
        words=words,
        expected=_expected(object_map, words[-1].record, row),
        there=await _there(tools, run, object_map, row, left),
        generations=generations(run),
        writes=writes,
        loaded=await _loaded(tools, run, name),
        left=left,
        mapping=await _approved(tools, run, Gate.MAPPING),
        sample=await _approved(tools, run, Gate.SAMPLE),
        aside=await tools.runs.aside(run.id, name, source_id),
        proof=await _proof(tools, run, name, source_id),
        receipt=receipt,
    )


async def _there(tools: Toolbox, run: Run, object_map: ObjectMap, row: str, left: Entry | None) -> There | None:
    target, table = tools.target_of(run), object_map.table
    there = (await present(target, object_map, [row])).get(row)
    if there is None:
        return None
    maker = await _run_numbered(tools, run, there.get(NUMBER))
    if left is None or there[ETAG] == left.version:
        return There(there, "", None, maker.id if maker else None)
    last = (await target.rows(table, [row], select=["modifiedon"])).get(row, {})
    editor = await target.user_name(str(there["_modifiedby_value"])) if there.get("_modifiedby_value") else None
    return There(there, str(last.get("modifiedon") or ""), editor, maker.id if maker else None)


def _expected(object_map: ObjectMap, record: Mapping[str, Any], row: str) -> Row | Excluded | SetAside:
    rows = object_map.rows(record)
    if isinstance(rows, list):
        return next((one for one in rows if one.id == row), Excluded(SHORTER))
    return rows


async def _run_numbered(tools: Toolbox, run: Run, number: int | None) -> Run | None:
    """The run that marks its rows with that number."""
    if number is None or number == run.number:
        return None if number is None else run
    return next((one for one in await tools.runs.all() if one.number == number), None)


async def _loaded(tools: Toolbox, run: Run, name: str) -> frozenset[str]:
    lanes = [lane for lane in await tools.runs.lanes(run.id, "load") if lane.object == name]
    return frozenset({lane.generation for lane in lanes} - {lane.generation for lane in lanes if not lane.done})


async def _approved(tools: Toolbox, run: Run, gate: Gate) -> Approved:
    document = await tools.runs.document(run.id, DOCUMENT_OF[gate])
    return Approved(document, await tools.runs.decision(run.id, gate, document.digest) if document else None)


async def _proof(tools: Toolbox, run: Run, name: str, source_id: str) -> Proof | None:
    verdict = await documents.read(tools, run.id, "verdict")
    if verdict is None:
        return None
    return Proof(verdict, await said_about(tools, run, int(verdict["turn"]), name, source_id))
