"""Tables, columns, relationships and keys as the bodies that create them. Pure: our words in, Dataverse's out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared.errors import Stop
from shared.schema.model import Field, Key, Kind, Option, Table
from shared.schema.portal import LARGEST_FILE

LANGUAGE = 1033
_TYPES = "Microsoft.Dynamics.CRM."
_NAME_LENGTH = 200
_TEXT_LENGTH = 200
_MEMO_LENGTH = 100_000
_DECIMAL_PLACES = 4
_MONEY_PLACES = 2
_MOST_MONEY = 922_337_203_685_477
_CASCADE = {
    "Assign": "NoCascade",
    "Delete": "RemoveLink",
    "Merge": "NoCascade",
    "Reparent": "NoCascade",
    "Share": "NoCascade",
    "Unshare": "NoCascade",
}


def label(text: str) -> dict[str, Any]:
    """A display text in the base language."""
    one = {"@odata.type": f"{_TYPES}LocalizedLabel", "Label": text, "LanguageCode": LANGUAGE}
    return {"@odata.type": f"{_TYPES}Label", "LocalizedLabels": [one]}


def table_body(table: Table) -> dict[str, Any]:
    """A new user-owned table with its primary name column only; the other columns follow one by one."""
    name = table.field(table.primary_name) or Field(table.primary_name, Kind.TEXT, label="Name")
    column = _column(name, "String", MaxLength=name.max_length or _NAME_LENGTH, FormatName={"Value": "Text"})
    return {
        "@odata.type": f"{_TYPES}EntityMetadata",
        "SchemaName": table.schema_name or table.name,
        "DisplayName": label(table.label or table.name),
        "DisplayCollectionName": label(table.label_plural or table.label or table.name),
        "Description": label(table.why),
        "OwnershipType": "UserOwned",
        "HasActivities": False,
        "HasNotes": True,  # scans are attached to rows as notes; it cannot be switched off, but on is harmless
        "PrimaryNameAttribute": table.primary_name,
        "Attributes": [{**column, "IsPrimaryName": True}],
    }


def field_body(field: Field) -> dict[str, Any]:
    """A new column. Lookups are made by `lookup_body`; kinds that nobody can make raise Stop."""
    match field.kind:
        case Kind.TEXT:
            length = field.max_length or _TEXT_LENGTH
            return _column(field, "String", MaxLength=length, FormatName={"Value": "Text"})
        case Kind.MEMO:
            return _column(field, "Memo", MaxLength=field.max_length or _MEMO_LENGTH, Format="TextArea")
        case Kind.INTEGER:
            return _column(field, "Integer", MinValue=-2147483648, MaxValue=2147483647, Format="None")
        case Kind.DECIMAL:
            places = _DECIMAL_PLACES if field.precision is None else field.precision
            return _column(field, "Decimal", MinValue=-100000000000, MaxValue=100000000000, Precision=places)
        case Kind.MONEY:
            places = _MONEY_PLACES if field.precision is None else field.precision
            room = {"MinValue": -_MOST_MONEY, "MaxValue": _MOST_MONEY}
            # Source 0: the column's own precision, whatever the organisation or the currency say (section 9).
            return _column(field, "Money", **room, Precision=places, PrecisionSource=0)
        case Kind.BOOLEAN:
            return _column(field, "Boolean", DefaultValue=False, OptionSet=_yes_no())
        case Kind.DATE:
            return _column(field, "DateTime", Format="DateOnly", DateTimeBehavior={"Value": "DateOnly"})
        case Kind.INSTANT:
            return _column(field, "DateTime", Format="DateAndTime", DateTimeBehavior={"Value": "UserLocal"})
        case Kind.CHOICE:
            return _column(field, "Picklist", OptionSet=_choice(field))
        case Kind.FILE:
            size = field.max_length or LARGEST_FILE  # fixed once it is made (FileAttributeMetadata)
            return {**_column(field, "File", MaxSizeInKB=size), "AttributeType": "Virtual"}
    raise Stop("column-kind", f"A column of kind {field.kind} cannot be created ({field.name}).")


def _column(field: Field, kind: str, **more: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "@odata.type": f"{_TYPES}{kind}AttributeMetadata",
        "AttributeType": kind,
        "AttributeTypeName": {"Value": f"{kind}Type"},
        "SchemaName": field.schema_name or field.name,
        "DisplayName": label(field.label or field.name),
        "RequiredLevel": {"Value": "None"},
        **({"IsSecured": True} if field.secured else {}),
        **more,
    }
    if field.why:
        body["Description"] = label(field.why)
    return body


def _yes_no() -> dict[str, Any]:
    return {
        "@odata.type": f"{_TYPES}BooleanOptionSetMetadata",
        "OptionSetType": "Boolean",
        "TrueOption": {"Value": 1, "Label": label("Yes")},
        "FalseOption": {"Value": 0, "Label": label("No")},
    }


def _choice(field: Field) -> dict[str, Any]:
    return {
        "@odata.type": f"{_TYPES}OptionSetMetadata",
        "IsGlobal": False,
        "OptionSetType": "Picklist",
        "Options": [{"Value": option.value or None, "Label": label(option.label)} for option in field.options],
    }


def relationship_name(table: str, field: Field, target: str) -> str:
    """The schema name of the relationship behind a lookup of ours: ``bw_appointment_patientid_contact``."""
    prefix, _, own = field.name.partition("_")
    return f"{prefix}_{table.removeprefix(prefix + '_')}_{own}_{target}"


def lookup_body(table: str, field: Field) -> dict[str, Any]:
    """A lookup to one table, with its relationship, for RelationshipDefinitions."""
    return {**_relationship(table, field, field.targets[0]), "Lookup": _lookup(field)}


def polymorphic_body(table: str, field: Field) -> dict[str, Any]:
    """A lookup to several tables, for CreatePolymorphicLookupAttribute."""
    links = [_relationship(table, field, target, complex=True) for target in field.targets]
    lookup = {**_lookup(field), "@odata.type": f"{_TYPES}ComplexLookupAttributeMetadata"}
    return {"OneToManyRelationships": links, "Lookup": lookup}


def _relationship(table: str, field: Field, target: str, *, complex: bool = False) -> dict[str, Any]:
    kind = "ComplexOneToManyRelationshipMetadata" if complex else "OneToManyRelationshipMetadata"
    return {
        "@odata.type": f"{_TYPES}{kind}",
        "SchemaName": relationship_name(table, field, target),
        "ReferencedEntity": target,
        "ReferencedAttribute": f"{target}id",
        "ReferencingEntity": table,
        "CascadeConfiguration": _CASCADE,
    }


def _lookup(field: Field) -> dict[str, Any]:
    return _column(field, "Lookup")


def key_body(key: Key) -> dict[str, Any]:
    """An alternate key."""
    return {"SchemaName": key.name, "DisplayName": label(key.name), "KeyAttributes": list(key.fields)}


def option_body(table: str, field: str, option: Option, *, solution: str) -> dict[str, Any]:
    """One more value of a local choice, for InsertOptionValue."""
    return {
        "EntityLogicalName": table,
        "AttributeLogicalName": field,
        "Value": option.value or None,
        "Label": label(option.label),
        **({"SolutionUniqueName": solution} if solution else {}),
    }


def publish_body(tables: Sequence[str]) -> dict[str, Any]:
    """The parameter of PublishXml for those tables."""
    names = "".join(f"<entity>{name}</entity>" for name in tables)
    return {"ParameterXml": f"<importexportxml><entities>{names}</entities></importexportxml>"}
