"""Dataverse's own description of its tables, put into our words. Pure: answers in, tables out.

Apart from `creation` because reading has to bear everything an environment holds, and writing only what we make.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from shared.schema.model import Field, Key, Kind, Option, Table

Json = Mapping[str, Any]

TABLE_SELECT = (
    "LogicalName,SchemaName,EntitySetName,PrimaryIdAttribute,PrimaryNameAttribute,DisplayName,DisplayCollectionName,"
    "IsCustomEntity"
)
KEY_SELECT = "LogicalName,SchemaName,KeyAttributes,EntityKeyIndexStatus"
LINK_SELECT = "ReferencingAttribute,ReferencedEntity,ReferencingEntityNavigationPropertyName,SchemaName"
CHOICE_CASTS = ("Picklist", "State", "Status")
"""The attribute types whose options come only when their own type is asked for with OptionSet expanded."""

_KINDS = {
    "String": Kind.TEXT,
    "Memo": Kind.MEMO,
    "Integer": Kind.INTEGER,
    "BigInt": Kind.INTEGER,
    "Decimal": Kind.DECIMAL,
    "Double": Kind.DECIMAL,
    "Money": Kind.MONEY,
    "Boolean": Kind.BOOLEAN,
    "Picklist": Kind.CHOICE,
    "Lookup": Kind.LOOKUP,
    "Customer": Kind.LOOKUP,
    "Owner": Kind.OWNER,
    "Uniqueidentifier": Kind.IDENTIFIER,
    "State": Kind.STATE,
    "Status": Kind.STATUS,
}


def read_table(
    definition: Json,
    *,
    attributes: Iterable[Json],
    choices: Iterable[Json],
    keys: Iterable[Json],
    links: Iterable[Json],
) -> Table:
    """A table from its EntityDefinition, Attributes, cast choice attributes, Keys and ManyToOneRelationships."""
    options = {choice["LogicalName"]: _options(choice) for choice in choices}
    ways: dict[str, list[tuple[str, str]]] = {}
    for link in links:
        way = (link["ReferencedEntity"], link["ReferencingEntityNavigationPropertyName"])
        ways.setdefault(link["ReferencingAttribute"], []).append(way)
    fields = (_field(attribute, options=options, ways=ways) for attribute in attributes)
    return Table(
        name=definition["LogicalName"],
        set_name=definition["EntitySetName"],
        primary_id=definition["PrimaryIdAttribute"],
        primary_name=definition.get("PrimaryNameAttribute") or "",
        schema_name=definition["SchemaName"],
        label=_label(definition.get("DisplayName")),
        label_plural=_label(definition.get("DisplayCollectionName")),
        fields=tuple(sorted(fields, key=lambda field: field.name)),
        keys=tuple(sorted((_key(key) for key in keys), key=lambda key: key.name)),
        custom=bool(definition.get("IsCustomEntity")),
    )


def _field(
    attribute: Json, *, options: Mapping[str, tuple[Option, ...]], ways: Mapping[str, list[tuple[str, str]]]
) -> Field:
    name = attribute["LogicalName"]
    kind = _kind(attribute)
    navigation = tuple(ways.get(name, ())) if kind in (Kind.LOOKUP, Kind.OWNER) else ()
    return Field(
        name=name,
        kind=kind,
        schema_name=attribute.get("SchemaName") or name,
        label=_label(attribute.get("DisplayName")),
        max_length=attribute.get("MaxSizeInKB") if kind is Kind.FILE else attribute.get("MaxLength"),
        options=options.get(name, ()),
        targets=tuple(attribute.get("Targets") or (table for table, _ in navigation)),
        navigation=navigation,
        custom=bool(attribute.get("IsCustomAttribute")),
        writable=attribute.get("IsValidForCreate", True) or attribute.get("IsValidForUpdate", True),
        secured=bool(attribute.get("IsSecured")),
        precision=attribute.get("Precision"),
    )


def _kind(attribute: Json) -> Kind:
    kind = attribute.get("AttributeType")
    if kind == "DateTime":
        # The behaviour decides what travels; the format only what people see (overriddencreatedon shows a date).
        behaviour = (attribute.get("DateTimeBehavior") or {}).get("Value")
        return Kind.DATE if behaviour == "DateOnly" else Kind.INSTANT
    if kind == "Virtual" and (attribute.get("AttributeTypeName") or {}).get("Value") == "FileType":
        return Kind.FILE
    return _KINDS.get(str(kind), Kind.OTHER)


def _options(attribute: Json) -> tuple[Option, ...]:
    group = attribute.get("OptionSet") or attribute.get("GlobalOptionSet") or {}
    found = ((option["Value"], _label(option.get("Label")), option.get("State")) for option in group.get("Options", ()))
    return tuple(Option(value, text, state) for value, text, state in found)


def _key(key: Json) -> Key:
    return Key(key["LogicalName"], tuple(key["KeyAttributes"]), key.get("EntityKeyIndexStatus") or "")


def _label(label: Json | None) -> str:
    if not label:
        return ""
    user = label.get("UserLocalizedLabel") or {}
    first: Json = next(iter(label.get("LocalizedLabels") or ()), {})
    return str(user.get("Label") or first.get("Label") or "")
