"""A mapping: which source field goes to which target column, by which rule, and why. It carries its own digest.

The same value is the document a person approves, so it holds nothing but names, kinds, lengths and pick-list labels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from shared.schema.model import Kind

FORMAT = "bridgework-mapping/1"


@dataclass(frozen=True, slots=True)
class FieldRule:
    """One source field to one target column. ``choices`` maps each source value to the label it gets.

    ``custom`` columns are ours to create; ``length`` is in characters and leaves room above the longest value seen.
    """

    source: str
    target: str
    transform: str
    kind: Kind
    label: str
    why: str
    schema_name: str = ""
    custom: bool = False
    length: int | None = None
    refers_to: tuple[str, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()
    sensitivity: str = "operational"


@dataclass(frozen=True, slots=True)
class ObjectRule:
    """One source object to one table. ``wave``: a row is written after the rows it refers to.

    ``owner_from`` names the field whose staff member owns the row; without one, the fallback owner does.
    ``state_from`` names the field that says whether the row is active, and ``active_values`` what it says then.
    """

    object: str
    table: str
    wave: int
    cardinality: str
    fields: tuple[FieldRule, ...]
    owner_from: str = ""
    state_from: str = ""
    active_values: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A source object, or one field of it, that is left out by name, and the reason a person will read."""

    object: str
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class FieldMap:
    """The whole map of a run."""

    prefix: str
    source_system: str
    objects: tuple[ObjectRule, ...]
    excluded: tuple[Exclusion, ...]

    def rule(self, object_name: str) -> ObjectRule | None:
        """The rule for a source object, or None when it is excluded."""
        return next((rule for rule in self.objects if rule.object == object_name), None)


def document(mapping: FieldMap) -> dict[str, Any]:
    """The mapping as the plain JSON that is shown, approved and stored. Compatibility is computed (A1), not typed."""
    body = orjson.loads(orjson.dumps(asdict(mapping)))
    sources = {rule.object for rule in mapping.objects} - {"defaults"}  # ours, not the source's
    whole = {gap.object for gap in mapping.excluded if not gap.field}
    return {
        "format": FORMAT,
        **body,
        "compatibility": {
            "mapping_rules": len(mapping.objects),
            "source_objects_mapped": len(sources),
            "source_objects_excluded": len(whole),
            "fields_mapped": sum(len(rule.fields) for rule in mapping.objects),
            "fields_excluded": sum(1 for gap in mapping.excluded if gap.field),
        },
    }


def parse(body: Mapping[str, Any]) -> FieldMap:
    """The mapping out of a stored document."""
    return FieldMap(
        prefix=body["prefix"],
        source_system=body["source_system"],
        objects=tuple(_object(rule) for rule in body["objects"]),
        excluded=tuple(Exclusion(**gap) for gap in body["excluded"]),
    )


def _object(body: Mapping[str, Any]) -> ObjectRule:
    fields = tuple(_field(rule) for rule in body["fields"])
    return ObjectRule(**{**body, "fields": fields, "active_values": tuple(body["active_values"])})


def _field(body: Mapping[str, Any]) -> FieldRule:
    choices = tuple((value, label) for value, label in body["choices"])
    return FieldRule(**{**body, "kind": Kind(body["kind"]), "refers_to": tuple(body["refers_to"]), "choices": choices})


def digest(body: Any) -> str:
    """What a decision names: SHA-256 over the document in canonical form (sorted keys), in hexadecimal."""
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()
