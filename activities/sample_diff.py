"""The sample read back, field by field: what a person looks at before the full run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from activities import documents
from activities.link import object_maps
from activities.reading import present
from activities.survey import records
from activities.toolbox import Toolbox
from shared.diff import coverage
from shared.diff.compare import FieldOutcome, compare
from shared.diff.headlines import headlines
from shared.loading.batches import created_by, sort_records
from shared.mapping.compiled import ObjectMap
from shared.runs.model import Run
from shared.wire.payloads import About, Nothing


async def sample_diff(tools: Toolbox, about: About) -> Nothing:
    """Read the sample back and publish the comparison a person approves or rejects."""
    run = await tools.run(about.run)
    maps = await object_maps(tools, run)
    target = tools.target_of(run)
    objects: dict[str, Any] = {}
    for name, object_map in maps.items():
        picked = [record async for record in records(tools, run, "sample", object_map.source)]
        found = sort_records(object_map, picked)
        there = await present(target, object_map, found.rows)
        asides = await tools.runs.asides(run.id, name)
        absent = {id_: asides.get(source_id) for id_, source_id in found.source_ids.items() if id_ not in there}
        by_id = {str(record["id"]): record for record in picked}
        by_row = {row: by_id[source_id] for row, source_id in found.source_ids.items()}
        rows = [
            (row, compare(object_map, row, there.get(id_), by_row[id_], kept=_kept(run, there.get(id_))))
            for id_, row in found.rows.items()
            if not absent.get(id_)
        ]
        objects[name] = {
            "table": object_map.table.name,
            "records": len(picked),
            "excluded": found.excluded,
            "set_aside": _count([*(aside.reason for _, aside in found.set_aside), *filter(None, absent.values())]),
            "fields": sum(len(fields) for _, fields in rows),
            "differences": sum(field.outcome.wrong for _, fields in rows for field in fields),
            "rows": [{"row": row.id, "fields": _lines(object_map, by_row[row.id], fields)} for row, fields in rows],
        }
    covered = await documents.read(tools, run.id, "coverage")
    await documents.publish(tools, run.id, "sample-diff", _document(objects, covered))
    return Nothing()


def _kept(run: Run, there: Mapping[str, Any] | None) -> bool:
    return there is not None and not created_by(run.number, there)


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


def _document(objects: Mapping[str, Mapping[str, Any]], covered: Mapping[str, Any] | None) -> dict[str, Any]:
    fields = sum(found["fields"] for found in objects.values())
    rows = sum(len(found["rows"]) for found in objects.values())
    differences = sum(found["differences"] for found in objects.values())
    return {
        "headline": f"{fields:,} fields of {rows:,} sample rows compared; {differences:,} differ",
        "fields_compared": fields,
        "rows_compared": rows,
        "differences": differences,
        "coverage": coverage.summary(covered) if covered else {},
        "headlines": headlines(objects),
        "objects": dict(objects),
    }
