"""The sample's comparison for those who may not see values: the shape of each in its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from shared.diff.compare import masked

SIDES = ("source", "expected", "target")


def masked_document(body: Mapping[str, Any]) -> dict[str, Any]:
    """The comparison with every value masked. ``body`` stays as it is."""
    objects = {
        name: {**part, "rows": [{**row, "fields": [_masked(line) for line in row["fields"]]} for row in part["rows"]]}
        for name, part in body["objects"].items()
    }
    headlines = {
        name: {**found, "rows": [_masked(line) for line in found["rows"]]}
        for name, found in body.get("headlines", {}).items()
    }
    shown = {**body, "objects": objects, "values": "masked; ask with ?values=shown to see them"}
    return {**shown, "headlines": headlines} if headlines else shown


def masked_rows(body: Mapping[str, Any]) -> dict[str, Any]:
    """The rows that a way back held, with every value masked."""
    sides = ("before", "ours", "theirs")
    rows = [
        {**row, "fields": [{**one, **{side: masked(one[side]) for side in sides}} for one in row["fields"]]}
        for row in body["rows"]
    ]
    return {**body, "rows": rows, "values": "masked; ask with ?values=shown to see them"}


def masked_conflicts(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields in dispute, with every value masked."""
    sides = ("source_then", "source_now", "target_now")
    fields = [{**one, **{side: masked(one[side]) for side in sides}} for one in body["fields"]]
    return {**body, "fields": fields, "values": "masked; ask with ?values=shown to see them"}


MASKS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "sample-diff": masked_document,
    "rollback-held": masked_rows,
    "conflicts": masked_conflicts,
}
"""How a document that holds values is shown to those who may not see them."""


def _masked(line: Mapping[str, Any]) -> dict[str, Any]:
    return {**line, **{side: masked(line[side]) for side in SIDES}}
