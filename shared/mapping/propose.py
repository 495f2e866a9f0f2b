"""The first map, by rules: known fields go to their default places, unknown ones get a column of their own.

Whatever has no place is excluded by name, with a reason; an object nobody knows stays *unmapped*, and the run may not
start until a person has excluded it, so that nothing is left out silently (A31).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from shared.corepractice.catalog import known_field, known_object
from shared.mapping import columns
from shared.mapping.choices import Choices
from shared.mapping.columns import Profiles
from shared.mapping.composed.registry import SOURCES
from shared.mapping.model import DERIVED, Exclusion, FieldMap, FieldRule, ObjectRule
from shared.mapping.placements.lines import CURRENCY, Placement
from shared.mapping.places import FIXED_LABELS, placements
from shared.schema.model import Kind

NOT_ALLOWED = "It is of class {name}, and the start request does not allow that class (privacy.{name})."
NOT_MOVED = "It refers to {name}, which is not moved."
ON_THE_CONTACT = "The contact's columns hold it: nobody has more than one policy."
IN_A_NOTE = frozenset({"annotation"})
"""Tables that cannot have columns of ours (CanCreateAttributes is false)."""


def propose(inventory: Mapping[str, Any], chosen: Choices) -> FieldMap:
    """A map for everything the inventory names."""
    objects: Mapping[str, Any] = inventory["objects"]
    places, excluded = _in_force(placements(chosen), objects, chosen)
    known = {place.object for place in places} | ({"users"} if "staff" in objects else set())
    rules = [_rule(place, _profiles(place, objects), chosen, known, excluded) for place in places]
    read = {place.source for place in places}
    for name in sorted(set(objects) - read - {gap.object for gap in excluded}):
        if name == "insurance_policies":
            excluded.append(Exclusion(name, "", ON_THE_CONTACT))
    named = {gap.object for gap in excluded if not gap.field}
    unmapped = [name for name in sorted(objects) if name not in read and name not in named]
    strays = _values_without_a_rule(places, objects)
    excluded += [_left_out(name, why) for name, why in chosen.left_out if name in strays]
    return FieldMap(
        chosen.prefix, chosen.source_system, tuple(rules), tuple(_once(excluded)),
        unmapped=(*unmapped, *(name for name in strays if name not in dict(chosen.left_out))),
        region=chosen.region, currency=chosen.currency, notation=chosen.notation, allowed=chosen.allowed,
    )  # fmt: skip


def _in_force(
    every: Iterable[Placement], objects: Mapping[str, Any], chosen: Choices
) -> tuple[list[Placement], list[Exclusion]]:
    """The places of objects that are there and may move; the exclusions of those that may not."""
    places: list[Placement] = []
    left_out = dict(chosen.left_out)
    excluded = [Exclusion(name, "", why) for name, why in left_out.items() if name in objects]
    for place in every:
        if place.object in left_out or place.source in left_out:
            excluded.append(Exclusion(place.object, "", left_out.get(place.object) or left_out[place.source]))
        elif place.object == "payers":
            if "insurance_policies" in objects:
                places.append(place)
        elif place.source not in objects and place.source not in DERIVED:
            continue
        elif place.clinical and not chosen.allows("health"):
            excluded.append(Exclusion(place.source, "", NOT_ALLOWED.format(name="health")))
        else:
            places.append(place)
    return places, excluded


def _left_out(name: str, why: str) -> Exclusion:
    of, _, field = name.partition(".")
    return Exclusion(of, field, why)


def _once(excluded: Iterable[Exclusion]) -> list[Exclusion]:
    return list({(gap.object, gap.field): gap for gap in excluded}.values())


def _values_without_a_rule(places: Iterable[Placement], objects: Mapping[str, Any]) -> list[str]:
    """Values in use by which a record would find no rule of its own: a kind of communication nobody foresaw."""
    taken: dict[tuple[str, str], set[str]] = {}
    for place in places:
        for field, values in place.only:
            taken.setdefault((place.source, field), set()).update(values)
    found = []
    for (name, field), known in taken.items():
        if not known & {"*", ""}:
            in_use = objects[name]["fields"].get(field, {}).get("values") or {}
            found += [f"{name}.{field}={value}" for value in sorted(in_use) if value not in known]
    return found


def _profiles(place: Placement, objects: Mapping[str, Any]) -> Profiles:
    """What the inventory says of the fields a place may use. An object without records has those of the catalogue."""
    if place.source in DERIVED:
        return {}
    fields = dict(objects[place.source]["fields"]) or _catalogued(place.source)
    if place.object == "patients" and "insurance_policies" in objects:
        policies = objects["insurance_policies"]["fields"] or _catalogued("insurance_policies")
        fields |= {f"insurance.{name}": profile for name, profile in policies.items()}
    return fields


def _catalogued(name: str) -> dict[str, Any]:
    known = known_object(name)
    return {
        field.name: {"kind": field.kind.value, "sensitivity": field.sensitivity.value, "max_length": None}
        for field in (known.fields if known else ())
    }


def _rule(
    place: Placement, fields: Profiles, chosen: Choices, objects: set[str], excluded: list[Exclusion]
) -> ObjectRule:
    hidden = {
        name: NOT_ALLOWED.format(name=profile["sensitivity"])
        for name, profile in fields.items()
        if not chosen.allows(str(profile.get("sensitivity", "operational")))
    }
    lost = {
        source: NOT_MOVED.format(name=to[0]) for source, _, to, _ in place.lookups if source in fields
        and to[0] not in objects
    }  # fmt: skip
    profiles = {name: profile for name, profile in fields.items() if name not in hidden}
    ours = place.source in DERIVED
    known = [
        rule
        for line in place.lines
        if ours or line[0] in profiles or line[0] == "id"
        for rule in _known(place, line, profiles, chosen)
    ]
    lookups = [
        rule
        for source, target, refers_to, label in place.lookups
        if source in profiles and refers_to[0] in objects
        for rule in columns.lookups(source, target, refers_to, label, chosen.prefix)
    ]
    constants = [columns.constant(*constant, chosen.prefix) for constant in place.constants]
    state = place.state_from.split("/")
    covered = {"id"} | {rule.source for rule in (*known, *lookups)} | {place.owner_from, *state, *hidden, *lost}
    covered |= {name for name, _ in place.only} | columns.READ_ALONG.get(place.object, frozenset())
    covered |= {name for rule in known for name in SOURCES.get(rule.transform, ())}
    spare = [name for name in sorted(profiles) if name not in covered and not name.startswith("insurance.")]
    unknown = [] if place.table in IN_A_NOTE else [columns.unknown(n, profiles[n], chosen.prefix) for n in spare]
    without = {**lost, **hidden, **(dict.fromkeys(spare, columns.NO_COLUMN) if place.table in IN_A_NOTE else {})}
    excluded += [Exclusion(place.source, name, why) for name, why in without.items() if "insurance." not in name]
    rules = [*known, *lookups, *constants, *unknown]
    if any(rule.kind is Kind.MONEY for rule in rules):
        rules.append(columns.currency(CURRENCY, chosen.currency))
    return ObjectRule(
        place.object,
        columns.column(place.table, chosen.prefix)[0],
        place.wave,
        place.cardinality,
        tuple(columns.secured(rule) for rule in rules),
        owner_from=place.owner_from if place.owner_from in fields else "",
        state_from=place.state_from if state[0] in profiles else "",
        active_values=place.active_values,
        why=place.why,
        reads=place.reads,
        only=place.only,
        states=place.states,
    )


def _known(
    place: Placement, line: tuple[str, str, str, Kind, str], profiles: Profiles, chosen: Choices
) -> list[FieldRule]:
    source, target, transform, kind, label = line
    if transform == "government":
        line = (source, target, "masked" if chosen.government == "masked" else "text", kind, label)
    profile = profiles.get(source, {})
    fixed = FIXED_LABELS.get((place.object, target))
    declared = known_field(place.source, source)
    if source.startswith("insurance."):
        declared = known_field("insurance_policies", source.removeprefix("insurance."))
    values = profile.get("values") or dict.fromkeys(declared.values if declared else ())
    rule = columns.known(line, {**profile, "values": values}, chosen.prefix, fixed)
    return columns.whole(place.table, replace(rule), profile, chosen.prefix)
