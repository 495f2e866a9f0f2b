"""How one field becomes a column: its name, kind, room, pick-list labels, and whether it has to be locked away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shared.mapping.choices import GUARDED
from shared.mapping.composed.registry import SOURCES
from shared.mapping.model import FieldRule
from shared.mapping.placements.lines import Line
from shared.mapping.places import CONSTANT_LABELS, NAME_COLUMN, STANDARD_LENGTHS, UNKNOWN
from shared.schema.model import Kind

Profiles = Mapping[str, Mapping[str, Any]]

YES_OR_NO = (("true", "Yes"), ("false", "No"))
"""A yes-or-no column of Dataverse cannot be empty: left out, it reads back as its default. A choice of two can."""
LONGEST_NAME = 100
LENGTHS = {"source_key": 300, "item_canonical": 20, "tooth_fdi": 200, "tooth_quadrant": 100, "tooth_notation": 40,
           "tooth_surfaces": 20, "e164": 20, "masked": 40}  # fmt: skip
"""Of texts that we put together ourselves. A key may hold 900 bytes, so the source id stays under 450 characters."""
LONGEST_TEXT = 4000
LONGEST_MEMO = 1_048_576
NO_COLUMN = "A note holds no columns of ours; the note's text and the rows beside it say what matters."

READ_ALONG: Mapping[str, frozenset[str]] = {
    "notes": frozenset({"author_name", "format", "kind", "appointment_id", "treatment_id", "created_at", "updated_at"}),
    "attachments": frozenset(
        {"file_id", "content_type", "size", "sha256", "category", "captured_at", "treatment_id", "updated_at"}
    ),
    "documents": frozenset({"file_id", "captured_at", "treatment_id"}),
    "phone_calls": frozenset({"to_address", "location"}),
    "emails": frozenset({"location"}),
    "meetings": frozenset({"from_address", "to_address", "direction"}),
    "letters": frozenset({"from_address", "location"}),
    "opportunities": frozenset(),
}
"""Fields that a row carries without a column of their own: in a note's text, in its parties or its file."""


def column(target: str, prefix: str) -> tuple[str, str, bool]:
    """Logical name, schema name and whether it is ours, of a place such as ``@SourceId`` or ``firstname``."""
    if target.startswith("@"):
        schema_name = f"{prefix}_{target[1:]}"
        return schema_name.lower(), schema_name, True
    return target, "", False


def known(line: Line, profile: Mapping[str, Any], prefix: str, fixed: Mapping[str, str] | None) -> FieldRule:
    """The rule of a default place. ``fixed``: the labels that the brief gives to the values of a pick-list."""
    source, target, transform, kind, label = line
    logical, schema_name, custom = column(target, prefix)
    longest = int(profile.get("max_length") or 0)
    if custom and kind is Kind.TEXT and longest * 2 > LONGEST_TEXT and transform == "text":
        kind = Kind.MEMO
    kind, choices = _choices(kind, profile) if custom else (kind, ())
    if fixed:
        in_use = {value: fixed.get(value, UNKNOWN) for value in profile.get("values") or {}}
        choices = tuple({**fixed, **in_use, "": UNKNOWN}.items())
    length = LENGTHS.get(transform) or (room(kind, longest) if custom else None)
    return FieldRule(
        source, logical, transform, kind, label,
        why=f"Default place of {source}.",
        schema_name=schema_name,
        custom=custom,
        length=LONGEST_NAME if target == NAME_COLUMN else length,
        choices=choices,
        sensitivity="operational" if target == NAME_COLUMN else str(profile.get("sensitivity", "operational")),
    )  # fmt: skip


def whole(table: str, rule: FieldRule, profile: Mapping[str, Any], prefix: str) -> list[FieldRule]:
    """A standard column that is too short for the longest value holds its beginning; the whole goes beside it."""
    limit = STANDARD_LENGTHS.get(table, {}).get(rule.target)
    longest = int(profile.get("max_length") or 0)
    if rule.custom or limit is None or longest <= limit or rule.transform in SOURCES:
        return [rule]
    schema_name = f"{prefix}_{rule.target.title().replace('_', '')}Full"
    full = replace(
        rule,
        target=schema_name.lower(),
        kind=Kind.MEMO,
        label=f"{rule.label} (in full)",
        schema_name=schema_name,
        custom=True,
        length=room(Kind.MEMO, longest),
        why=f"{rule.target} holds {limit} characters; some values are longer.",
    )
    return [replace(rule, transform="shortened", why=f"The first {limit} characters; the whole is beside it."), full]


def lookups(source: str, target: str, refers_to: tuple[str, ...], label: str, prefix: str) -> list[FieldRule]:
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
        schema_name=schema_name, custom=custom, refers_to=refers_to, sensitivity="identifier",
    )  # fmt: skip


def currency(target: str, code: str) -> FieldRule:
    """The currency that Dataverse wants beside every amount."""
    return FieldRule("", target, "currency", Kind.LOOKUP, "Currency", f"All amounts are in {code}.")


def constant(target: str, label: str, value: str, prefix: str) -> FieldRule:
    """A pick-list that says the same of every row of an object."""
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
    Kind.INSTANT: "instant", Kind.CHOICE: "choice", Kind.MONEY: "money",
}  # fmt: skip


def unknown(name: str, profile: Mapping[str, Any], prefix: str) -> FieldRule:
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


def secured(rule: FieldRule) -> FieldRule:
    """The rule, locked away if it is a column of ours of a guarded class (N22). Standard columns cannot be."""
    guarded = rule.custom and rule.sensitivity in GUARDED and rule.kind is not Kind.LOOKUP
    return replace(rule, secured=guarded)


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
