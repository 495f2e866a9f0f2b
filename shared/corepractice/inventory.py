"""The inventory: every object and field of a source, with types, counts and the pick-list values in use.

It is a document people read and the map is proposed from, so no value in it may point to a person: pick-list labels,
and the range of numbers and dates that say nothing about anybody, are the only values there are.
"""

from __future__ import annotations

from array import array
from base64 import b64decode, b64encode
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Self

from shared.corepractice.catalog import known_object
from shared.corepractice.fields import CUSTOM_PREFIX, Sensitivity, SourceField
from shared.corepractice.profiles import FieldProfile, fields_from_json
from shared.corepractice.source import Description, Record

FORMAT = "bridgework-inventory/1"
HELD_BY = {"insurance_policies": "patient_id"}
"""Objects of which it matters whether anybody has several: one fits into columns of the holder, several do not."""


class ObjectProfile:
    """What the records of one object hold, so far."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.records = 0
        known = known_object(name)
        self._known: dict[str, SourceField] = {field.name: field for field in known.fields} if known else {}
        self.fields: dict[str, FieldProfile] = {}
        self.repeated = 0
        self._holders: set[int] = set()

    def add(self, record: Record) -> None:
        """Count one record."""
        self.records += 1
        if self.name in HELD_BY:
            self._hold(str(record.get(HELD_BY[self.name])))
        for name, value in record.items():
            field = self.fields.get(name)
            if field is None:
                field = self.fields[name] = FieldProfile(self._known.get(name))
            field.add(value)

    def _hold(self, holder: str) -> None:
        mark = int.from_bytes(blake2b(holder.encode(), digest_size=8).digest(), "big")
        self.repeated += mark in self._holders
        self._holders.add(mark)

    def merge(self, other: ObjectProfile) -> None:
        """Add what another profile of the same object counted."""
        self.records += other.records
        self.repeated += other.repeated + len(self._holders & other._holders)
        self._holders |= other._holders
        for name, field in other.fields.items():
            if name not in self.fields:
                self.fields[name] = FieldProfile(self._known.get(name))
            self.fields[name].merge(field)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON: ``name``, ``records`` and the fields; who holds one already, as fingerprints."""
        fields = {name: field.to_json() for name, field in self.fields.items()}
        plain = {"name": self.name, "records": self.records, "fields": fields}
        if not self._holders:
            return plain
        marks = b64encode(array("Q", sorted(self._holders)).tobytes()).decode()
        return plain | {"repeated": self.repeated, "holders": marks}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """What ``to_json`` wrote."""
        profile = cls(str(plain["name"]))
        profile.records = int(plain["records"])
        profile.repeated = int(plain.get("repeated", 0))
        profile._holders = set(array("Q", b64decode(plain.get("holders", ""))))
        profile.fields = fields_from_json(profile._known, plain["fields"])
        return profile

    def document(self) -> dict[str, dict[str, Any]]:
        """The fields as the inventory shows them, those of the catalogue first, in its order."""
        order = [name for name in self._known if name in self.fields]
        order += sorted(set(self.fields) - set(self._known))
        return {name: self._field(name, self.fields[name]) for name in order}

    def _field(self, name: str, field: FieldProfile) -> dict[str, Any]:
        known = self._known.get(name)
        shown: dict[str, Any] = {
            "label": known.label if known else _label(name),
            "kind": field.kind.value,
            "known": known is not None,
            "custom": name.startswith(CUSTOM_PREFIX),
            "sensitivity": (known.sensitivity if known else Sensitivity.HEALTH).value,
            "count": field.count,
            # A record that lacks a field has none in it, just as one that holds null.
            "nulls": self.records - field.count,
            "max_length": field.longest or None,
        }
        if known and known.refers_to:
            shown["refers_to"] = known.refers_to
        if known and known.why:
            shown["why"] = known.why
        if field.low is not None:
            shown |= {"min": field.low, "max": field.high}
        if (values := field.values) is not None and shown["kind"] == "choice":
            shown |= {"values": values, "distinct": len(values)}
            if field.tally is not None and field.tally.unnamed:
                shown["other_values"] = field.tally.unnamed
        return shown


def inventory(profiles: Mapping[str, ObjectProfile], description: Description) -> dict[str, Any]:
    """The inventory document. Objects are in the order of the description; those without a profile have no fields."""
    objects: dict[str, dict[str, Any]] = {}
    for found in description.objects:
        known = known_object(found.name)
        profile = profiles.get(found.name) or ObjectProfile(found.name)
        objects[found.name] = {
            "label": known.label if known else _label(found.name),
            "known": known is not None,
            "records": profile.records,
            "listed": {"count": found.count, "archived": found.archived},
            "fields": profile.document(),
        }
        if found.name in HELD_BY:
            objects[found.name]["further_ones_of_a_holder"] = profile.repeated
    unknown = [f"{name}.{field}" for name, o in objects.items() for field, f in o["fields"].items() if not f["known"]]
    return {
        "format": FORMAT,
        "practice": {"name": description.practice_name, "timezone": description.timezone},
        "counts": {
            "objects": len(objects),
            "fields": sum(len(shown["fields"]) for shown in objects.values()),
            "records": sum(shown["records"] for shown in objects.values()),
        },
        "objects": objects,
        "unknown_fields": unknown,
    }


def _label(name: str) -> str:
    words = name.removeprefix(CUSTOM_PREFIX).replace("_", " ").strip()
    return words[:1].upper() + words[1:]
