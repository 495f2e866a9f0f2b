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
    ``secured`` ones are made so that only members of our security profile can read them (N22).
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
    secured: bool = False


@dataclass(frozen=True, slots=True)
class ObjectRule:
    """One source object to one table. Several rules may read one object; ``reads`` names it where it is another.

    ``wave``: a row is written after the rows it refers to.
    ``owner_from`` names the field whose staff member owns the row; without one, the fallback owner does.
    ``state_from`` names the field that says whether the row is active, and ``active_values`` what it says then; or
    ``states`` holds what it says with the state and status reason that means, an empty text standing for all else.
    ``only``: the values of a field that this rule takes; ``*`` is any value, an empty text none.
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
    reads: str = ""
    only: tuple[tuple[str, tuple[str, ...]], ...] = ()
    states: tuple[tuple[str, int, int], ...] = ()

    @property
    def source(self) -> str:
        """The source object whose staged records this rule reads."""
        return self.reads or self.object


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
    unmapped: tuple[str, ...] = ()
    """What has neither a place nor an exclusion: an object, or ``object.field=value``. The run may not start (A31)."""
    region: str = "AU"
    currency: str = "AUD"
    notation: str = "fdi"
    allowed: tuple[tuple[str, str], ...] = ()
    """The guarded classes that may move, with the reason the practice gave (N22)."""

    def rule(self, object_name: str) -> ObjectRule | None:
        """The rule of that name, or None when its object is excluded."""
        return next((rule for rule in self.objects if rule.object == object_name), None)

    def sources(self) -> tuple[str, ...]:
        """The source objects that any rule reads, each once, without those that are ours."""
        beside = ("insurance_policies",) if self.joins_insurance else ()
        return tuple(dict.fromkeys((*(rule.source for rule in self.objects if rule.source not in DERIVED), *beside)))

    @property
    def joins_insurance(self) -> bool:
        """Whether patients show their primary policy, so that policies are read whatever else becomes of them."""
        patients = self.rule("patients")
        return patients is not None and any(field.source.startswith("insurance.") for field in patients.fields)

    def hidden(self, rule: ObjectRule) -> frozenset[str]:
        """The fields that must not leave the source with this rule's rows, not even inside a name."""
        return frozenset(gap.field for gap in self.excluded if gap.object == rule.source and gap.field)


DERIVED = frozenset({"defaults", "payers"})
"""Objects that are ours, made from what the source says: not among what the source holds."""


def document(mapping: FieldMap) -> dict[str, Any]:
    """The mapping as the plain JSON that is shown, approved and stored. Compatibility is computed (A1), not typed."""
    body = orjson.loads(orjson.dumps(asdict(mapping)))
    whole = {gap.object for gap in mapping.excluded if not gap.field}
    fields = [field for rule in mapping.objects for field in rule.fields]
    classes = sorted({field.sensitivity for field in fields})
    return {
        "format": FORMAT,
        **body,
        "compatibility": {
            "mapping_rules": len(mapping.objects),
            "source_objects_mapped": len(mapping.sources()),
            "source_objects_excluded": len(whole),
            "target_tables": len({rule.table for rule in mapping.objects}),
            "fields_mapped": len(fields),
            "fields_excluded": sum(1 for gap in mapping.excluded if gap.field),
            "unmapped": len(mapping.unmapped),
        },
        "privacy": {
            name: {
                "fields": sum(field.sensitivity == name for field in fields),
                "secured": sum(field.sensitivity == name and field.secured for field in fields),
                "reason": dict(mapping.allowed).get(name, ""),
            }
            for name in classes
        },
    }


def parse(body: Mapping[str, Any]) -> FieldMap:
    """The mapping out of a stored document."""
    return FieldMap(
        prefix=body["prefix"],
        source_system=body["source_system"],
        objects=tuple(_object(rule) for rule in body["objects"]),
        excluded=tuple(Exclusion(**gap) for gap in body["excluded"]),
        unmapped=tuple(body["unmapped"]),
        region=body["region"],
        currency=body["currency"],
        notation=body["notation"],
        allowed=tuple((name, reason) for name, reason in body["allowed"]),
    )


def _object(body: Mapping[str, Any]) -> ObjectRule:
    fields = tuple(_field(rule) for rule in body["fields"])
    only = tuple((name, tuple(values)) for name, values in body["only"])
    states = tuple((said, state, status) for said, state, status in body["states"])
    active = tuple(body["active_values"])
    return ObjectRule(**{**body, "fields": fields, "active_values": active, "only": only, "states": states})


def _field(body: Mapping[str, Any]) -> FieldRule:
    choices = tuple((value, label) for value, label in body["choices"])
    return FieldRule(**{**body, "kind": Kind(body["kind"]), "refers_to": tuple(body["refers_to"]), "choices": choices})


def digest(body: Any) -> str:
    """What a decision names: SHA-256 over the document in canonical form (sorted keys), in hexadecimal."""
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()
