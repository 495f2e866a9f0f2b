"""A person's changes to a proposed map: each one named, checked, and applied whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from shared.mapping.model import Exclusion, FieldMap, FieldRule

NEEDED = frozenset({"source_key", "appointment_name"})
"""Without these a row has no identity or no name, so they cannot be left out."""


def complaints(mapping: FieldMap, changes: Sequence[Mapping[str, Any]]) -> list[str]:
    """Everything that is wrong with the changes; empty when they can be applied."""
    if not changes:
        return ["amend needs at least one change: {object, field, exclude: reason} or {object, field, label}."]
    return [text for change in changes if (text := _complaint(mapping, change))]


def _complaint(mapping: FieldMap, change: Mapping[str, Any]) -> str:
    where = f"{change.get('object')}.{change.get('field')}"
    rule = mapping.rule(str(change.get("object")))
    if rule is None:
        return f"{where}: the map has no object of that name."
    fields = [field for field in rule.fields if field.source == change.get("field")]
    if not fields:
        return f"{where}: the map has no field of that name."
    if ("exclude" in change) == ("label" in change):
        return f"{where}: say either exclude (with the reason) or label."
    if "exclude" in change:
        if not str(change["exclude"]).strip():
            return f"{where}: an exclusion needs a reason."
        if any(field.transform in NEEDED for field in fields):
            return f"{where}: a row cannot do without it."
        if any(field.refers_to for field in fields) and change.get("field") == "patient_id":
            return f"{where}: an appointment needs its patient."
    elif not all(field.custom for field in fields) or not str(change["label"]).strip():
        return f"{where}: only a column of ours can be given another label, and it must not be empty."
    return ""


def amended(mapping: FieldMap, changes: Sequence[Mapping[str, Any]]) -> FieldMap:
    """The map after the changes. Call complaints() first."""
    for change in changes:
        mapping = _apply(mapping, change)
    return mapping


def _apply(mapping: FieldMap, change: Mapping[str, Any]) -> FieldMap:
    name, field = str(change["object"]), str(change["field"])
    excluded = mapping.excluded
    if "exclude" in change:
        excluded = (*excluded, Exclusion(name, field, str(change["exclude"])))

    def kept(rule: FieldRule) -> FieldRule | None:
        if rule.source != field:
            return rule
        return None if "exclude" in change else replace(rule, label=str(change["label"]))

    objects = tuple(
        replace(rule, fields=tuple(new for old in rule.fields if (new := kept(old)) is not None))
        if rule.object == name
        else rule
        for rule in mapping.objects
    )
    return replace(mapping, objects=objects, excluded=excluded)
