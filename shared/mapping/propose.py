"""The first map, by rules: known fields go to their default places, unknown ones get a column of their own.

Whatever has no place is excluded by name, with a reason, so that nothing is left out silently (A31).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shared.mapping.model import Exclusion, FieldMap, FieldRule, ObjectRule
from shared.mapping.places import (
    ADDRESS_LENGTHS,
    CONSTANT_LABELS,
    GOVERNMENT_IDS,
    PLACEMENTS,
    STANDARD_LENGTHS,
    Placement,
)
from shared.schema.model import Kind

YES_OR_NO = (("true", "Yes"), ("false", "No"))
"""A yes-or-no column of Dataverse cannot be empty: left out, it reads back as its default. A choice of two can."""
LENGTHS = {"source_key": 300, "appointment_name": 100}
"""Of texts that we put together ourselves. A key may hold 900 bytes, so the source id stays under 450 characters."""
LONGEST_TEXT = 4000
LONGEST_MEMO = 1_048_576
LATER = "This version does not move {name}; the object is left in the source, untouched."
GOVERNMENT = "A government identifier: not moved unless the practice asks for it with a reason."


def propose(inventory: Mapping[str, Any], *, prefix: str, source_system: str, default_account: bool) -> FieldMap:
    """A map for everything the inventory names. ``default_account``: patients without an organisation get one."""
    rules: list[ObjectRule] = []
    excluded: list[Exclusion] = []
    objects = inventory["objects"]
    for placement in PLACEMENTS:
        if placement.object == "defaults":
            if default_account:
                rules.append(_rule(placement, {}, prefix, excluded))
        elif placement.object in objects:
            rules.append(_rule(placement, objects[placement.object]["fields"], prefix, excluded))
    placed = {rule.object for rule in rules}
    excluded += [Exclusion(name, "", LATER.format(name=name)) for name in sorted(objects) if name not in placed]
    return FieldMap(prefix, source_system, tuple(rules), tuple(excluded))


def _rule(
    placement: Placement, fields: Mapping[str, Mapping[str, Any]], prefix: str, excluded: list[Exclusion]
) -> ObjectRule:
    profiles = {name: profile for name, profile in fields.items() if name not in GOVERNMENT_IDS}
    excluded += [Exclusion(placement.object, name, GOVERNMENT) for name in sorted(GOVERNMENT_IDS & set(fields))]
    known = [
        rule
        for line in placement.lines
        if not fields or line[0] in fields
        for rule in _whole(placement.table, _known(line, profiles.get(line[0], {}), prefix), profiles, prefix)
    ]
    lookups = [
        rule
        for source, target, refers_to, label in placement.lookups
        if source in fields
        for rule in _lookups(source, target, refers_to, label, prefix)
    ]
    constants = [_constant(*constant, prefix) for constant in placement.constants]
    covered = {rule.source for rule in (*known, *lookups)} | {placement.owner_from, placement.state_from}
    unknown = [_unknown(name, profile, prefix) for name, profile in sorted(profiles.items()) if name not in covered]
    return ObjectRule(
        placement.object,
        column(placement.table, prefix)[0],
        placement.wave,
        placement.cardinality,
        (*known, *lookups, *constants, *unknown),
        owner_from=placement.owner_from if placement.owner_from in fields else "",
        state_from=placement.state_from if placement.state_from in fields else "",
        active_values=placement.active_values,
        why=placement.why,
    )


def column(target: str, prefix: str) -> tuple[str, str, bool]:
    """Logical name, schema name and whether it is ours, of a place such as ``@SourceId`` or ``firstname``."""
    if target.startswith("@"):
        schema_name = f"{prefix}_{target[1:]}"
        return schema_name.lower(), schema_name, True
    return target, "", False


def _known(line: tuple[str, str, str, Kind, str], profile: Mapping[str, Any], prefix: str) -> FieldRule:
    source, target, transform, kind, label = line
    logical, schema_name, custom = column(target, prefix)
    longest = int(profile.get("max_length") or 0)
    if custom and kind is Kind.TEXT and longest * 2 > LONGEST_TEXT:
        kind = Kind.MEMO
    kind, choices = _choices(kind, profile) if custom else (kind, ())
    return FieldRule(
        source, logical, transform, kind, label,
        why=f"Default place of {source}.",
        schema_name=schema_name,
        custom=custom,
        length=LENGTHS.get(transform) or (room(kind, longest) if custom else None),
        choices=choices,
        sensitivity=str(profile.get("sensitivity", "operational")),
    )  # fmt: skip


def _whole(table: str, rule: FieldRule, profiles: Mapping[str, Any], prefix: str) -> list[FieldRule]:
    """A standard column that is too short for the longest value holds its beginning; the whole goes beside it."""
    limit = {**ADDRESS_LENGTHS, **STANDARD_LENGTHS.get(table, {})}.get(rule.target)
    longest = int(profiles.get(rule.source, {}).get("max_length") or 0)
    if rule.custom or limit is None or longest <= limit:
        return [rule]
    schema_name = f"{prefix}_{rule.target.title().replace('_', '')}Full"
    whole = replace(
        rule,
        target=schema_name.lower(),
        kind=Kind.MEMO,
        label=f"{rule.label} (in full)",
        schema_name=schema_name,
        custom=True,
        length=room(Kind.MEMO, longest),
        why=f"{rule.target} holds {limit} characters; some values are longer.",
    )
    return [replace(rule, transform="shortened", why=f"The first {limit} characters; the whole is beside it."), whole]


def _lookups(source: str, target: str, refers_to: tuple[str, ...], label: str, prefix: str) -> list[FieldRule]:
    """One column per table the reference may end in: a member of staff is a user or a contact (A20)."""
    logical, schema_name, custom = column(target, prefix)
    if "staff" in refers_to:
        user, user_schema, _ = column(target.removesuffix("Id") + "UserId", prefix)
        return [
            _lookup(source, logical, schema_name, f"{label} (contact)", refers_to, custom=True),
            _lookup(source, user, user_schema, f"{label} (user)", (*refers_to, "users"), custom=True),
        ]
    return [_lookup(source, logical, schema_name, label, refers_to, custom=custom)]


def _lookup(
    source: str, logical: str, schema_name: str, label: str, refers_to: tuple[str, ...], *, custom: bool
) -> FieldRule:
    return FieldRule(
        source, logical, "lookup", Kind.LOOKUP, label,
        why=f"Keeps the link that {source} is in the source.",
        schema_name=schema_name, custom=custom, refers_to=refers_to,
    )  # fmt: skip


def _constant(target: str, label: str, value: str, prefix: str) -> FieldRule:
    logical, schema_name, custom = column(target, prefix)
    return FieldRule(
        "", logical, "constant", Kind.CHOICE, label,
        why=f"Says what the row stands for: {value}.",
        schema_name=schema_name,
        custom=custom,
        choices=((value, value), *((other, other) for other in CONSTANT_LABELS[target] if other != value)),
    )  # fmt: skip


def _choices(kind: Kind, profile: Mapping[str, Any]) -> tuple[Kind, tuple[tuple[str, str], ...]]:
    """The kind of a column of ours, and its options if it is to have any."""
    if kind is Kind.BOOLEAN:
        return Kind.CHOICE, YES_OR_NO
    return kind, labels(profile.get("values") or {}) if kind is Kind.CHOICE else ()


UNKNOWN_TRANSFORMS = {
    Kind.INTEGER: "integer", Kind.DECIMAL: "decimal", Kind.DATE: "date",
    Kind.INSTANT: "instant", Kind.CHOICE: "choice",
}  # fmt: skip


def _unknown(name: str, profile: Mapping[str, Any], prefix: str) -> FieldRule:
    """A field that only this practice has: a column of the right type, with room."""
    kind, choices = _choices(Kind(profile.get("kind", Kind.TEXT)), profile)
    longest = int(profile.get("max_length") or 0)
    if kind not in UNKNOWN_TRANSFORMS:
        kind = Kind.MEMO if longest * 2 > LONGEST_TEXT or kind is Kind.MEMO else Kind.TEXT
    words = [word for word in re.split(r"[^A-Za-z0-9]+", name.removeprefix("custom_fields.")) if word]
    schema_name = f"{prefix}_Cf" + "".join(word[:1].upper() + word[1:] for word in words)[:40]
    return FieldRule(
        name, schema_name.lower(), UNKNOWN_TRANSFORMS.get(kind, "text"), kind, " ".join(words).capitalize(),
        why="A field of this practice only: it gets a column of its own.",
        schema_name=schema_name,
        custom=True,
        length=room(kind, longest),
        choices=choices,
        sensitivity=str(profile.get("sensitivity", "operational")),
    )  # fmt: skip


def room(kind: Kind, longest: int) -> int | None:
    """A length in characters with room for what nobody has seen yet: records no list shows, and the delta's."""
    if kind is Kind.TEXT:
        return min(LONGEST_TEXT, max(100, longest * 2))
    if kind is Kind.MEMO:
        return min(LONGEST_MEMO, max(20_000, longest * 2))
    return None


def labels(values: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Each value in use with a readable label; the raw value where two would read the same."""
    readable = {value: value.replace("_", " ").strip() for value in sorted(map(str, values)) if value.strip()}
    readable = {value: text[:1].upper() + text[1:] for value, text in readable.items()}
    seen = [text.casefold() for text in readable.values()]
    return tuple((value, value if seen.count(text.casefold()) > 1 else text) for value, text in readable.items())
