"""A person's changes to a proposed map: each one named, checked, and applied whole or not at all.

A change is one of: ``{object, field, exclude: reason}``, ``{object, field, label}``, ``{object, exclude: reason}`` for
a whole object, ``{object, field, value, exclude: reason}`` for records that no rule takes, and ``{option, value}``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from shared.mapping.choices import Choices
from shared.mapping.getters import REQUIRED
from shared.mapping.model import DERIVED, Exclusion, FieldMap, FieldRule, ObjectRule

Change = Mapping[str, Any]

NEEDED = frozenset({"source_key", "appointment_name"})
"""Without these a row has no identity or no name, so they cannot be left out."""
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "billing_mode": ("table", "opportunity", "both"),
    "insurance": ("columns", "table"),
    "plan_lines": ("table", "rows"),
}
"""What can still be chosen while the map is looked at, most of it to save a custom table (N10)."""
FORMS = "amend needs at least one change: {object, field, exclude: reason}, {object, field, label}, {object, exclude: \
reason}, {object, field, value, exclude: reason} or {option, value}."


def complaints(mapping: FieldMap, changes: Sequence[Change]) -> list[str]:
    """Everything that is wrong with the changes; empty when they can be applied."""
    if not changes:
        return [FORMS]
    return [text for change in changes if (text := _complaint(mapping, change))]


def _complaint(mapping: FieldMap, change: Change) -> str:
    if "option" in change:
        allowed = OPTIONS.get(str(change["option"]), ())
        if change.get("value") not in allowed:
            return f"{change['option']}: options are " + "; ".join(f"{k}: {', '.join(v)}" for k, v in OPTIONS.items())
        return ""
    where = name_of(change)
    if "exclude" in change and not str(change["exclude"]).strip():
        return f"{where}: an exclusion needs a reason."
    if "value" in change:
        return "" if where in mapping.unmapped else f"{where}: no records of that value are without a rule."
    if "field" not in change:
        return _object_complaint(mapping, change, where)
    fields = [rule for one in _rules(mapping, change) for rule in one.fields if rule.source == change["field"]]
    if not _rules(mapping, change):
        return f"{where}: the map has no object of that name."
    if not fields:
        return f"{where}: the map has no field of that name."
    return _field_complaint(change, fields, where)


def _object_complaint(mapping: FieldMap, change: Change, where: str) -> str:
    if "exclude" not in change:
        return f"{where}: say exclude, with the reason."
    if where == "patients" or where in DERIVED:
        return f"{where}: a migration cannot do without it."
    if where in mapping.unmapped or _rules(mapping, change):
        return ""
    return f"{where}: the map has no object of that name."


def _field_complaint(change: Change, fields: Sequence[FieldRule], where: str) -> str:
    if ("exclude" in change) == ("label" in change):
        return f"{where}: say either exclude (with the reason) or label."
    if "exclude" in change:
        if any(field.transform in NEEDED for field in fields):
            return f"{where}: a row cannot do without it."
        if any(field.refers_to for field in fields) and change["field"] in REQUIRED:
            return f"{where}: a row needs what it belongs to; leave out the whole object instead."
    elif not all(field.custom for field in fields) or not str(change["label"]).strip():
        return f"{where}: only a column of ours can be given another label, and it must not be empty."
    return ""


def _rules(mapping: FieldMap, change: Change) -> list[ObjectRule]:
    return [rule for rule in mapping.objects if change.get("object") in (rule.object, rule.source)]


def name_of(change: Change) -> str:
    """What a change is about, as the map names what it does not know: ``object``, ``object.field`` or with a value."""
    field = f".{change['field']}" if "field" in change else ""
    return f"{change.get('object')}{field}" + (f"={change['value']}" if "value" in change else "")


def chosen_anew(chosen: Choices, changes: Iterable[Change]) -> Choices:
    """The practice's choices after the changes that are more than a field's."""
    left_out = dict(chosen.left_out)
    for change in changes:
        if "option" in change:
            chosen = replace(chosen, **{str(change["option"]): change["value"]})
        elif "exclude" in change and ("value" in change or "field" not in change):
            left_out[name_of(change)] = str(change["exclude"])
    return replace(chosen, left_out=tuple(left_out.items()))


def amended(mapping: FieldMap, changes: Iterable[Change]) -> FieldMap:
    """The map after the changes to single fields. Call complaints() first."""
    for change in changes:
        if "field" in change and "value" not in change:
            mapping = _apply(mapping, change)
    return mapping


def _apply(mapping: FieldMap, change: Change) -> FieldMap:
    field = str(change["field"])
    excluded = mapping.excluded
    if "exclude" in change:
        sources = dict.fromkeys(rule.source for rule in _rules(mapping, change))
        excluded = (*excluded, *(Exclusion(source, field, str(change["exclude"])) for source in sources))

    def kept(rule: FieldRule) -> FieldRule | None:
        if rule.source != field:
            return rule
        return None if "exclude" in change else replace(rule, label=str(change["label"]))

    touched = {rule.object for rule in _rules(mapping, change)}
    objects = tuple(
        replace(rule, fields=tuple(new for old in rule.fields if (new := kept(old)) is not None))
        if rule.object in touched
        else rule
        for rule in mapping.objects
    )
    return replace(mapping, objects=objects, excluded=excluded)
