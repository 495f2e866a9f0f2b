"""Columns and their options as JSON: AttributeMetadata and its derived types."""

from __future__ import annotations

from typing import Any

from .column_security import securable
from .columns import (
    CHOICE_KINDS,
    LOOKUP_KINDS,
    VIRTUAL_KINDS,
    Column,
    GlobalChoice,
    Kind,
    Labels,
    Option,
    TableSchema,
)

NAMESPACE = "#Microsoft.Dynamics.CRM."
METADATA_CLASS = {
    Kind.CUSTOMER: "LookupAttributeMetadata",
    Kind.OWNER: "LookupAttributeMetadata",
    Kind.GUID: "UniqueIdentifierAttributeMetadata",
    Kind.PARTIES: "LookupAttributeMetadata",
}
TYPE_NAMES = {Kind.GUID: "UniqueidentifierType", Kind.MULTI: "MultiSelectPicklistType"}
# Members that only a cast or RetrieveMetadataChanges may name; the rest belong to AttributeMetadata itself.
TYPED_MEMBERS = frozenset(
    {
        "MaxLength",
        "Format",
        "FormatName",
        "MinValue",
        "MaxValue",
        "Precision",
        "PrecisionSource",
        "DefaultFormValue",
        "DefaultValue",
        "Targets",
        "DateTimeBehavior",
        "MaxSizeInKB",
        "CanStoreFullImage",
        "ImeMode",
        "IsPrimaryImage",
        "DatabaseLength",
        "CalculationOf",
        "IsBaseCurrency",
    }
)
OPTION_SETS = ("OptionSet", "GlobalOptionSet")


def label_document(labels: Labels) -> dict[str, Any]:
    shown = [
        {"Label": text, "LanguageCode": language, "IsManaged": False, "MetadataId": None, "HasChanged": None}
        for language, text in labels
    ]
    return {"LocalizedLabels": shown, "UserLocalizedLabel": shown[0] if shown else None}


def managed(value: Any, name: str = "") -> dict[str, Any]:
    return {"Value": value, "CanBeChanged": True, "ManagedPropertyLogicalName": name}


def metadata_class(column: Column) -> str:
    return METADATA_CLASS.get(column.kind, f"{column.kind.value}AttributeMetadata")


def attribute_document(table: TableSchema, column: Column, *, typed: bool = True) -> dict[str, Any]:
    """All of a column save its option set, which comes only when expanded."""
    virtual = column.kind in VIRTUAL_KINDS
    document: dict[str, Any] = {
        "@odata.type": NAMESPACE + metadata_class(column),
        "MetadataId": column.metadata_id,
        "LogicalName": column.logical_name,
        "SchemaName": column.schema_name,
        "EntityLogicalName": table.logical_name,
        "AttributeType": "Virtual" if virtual else column.kind.value,
        "AttributeTypeName": {"Value": TYPE_NAMES.get(column.kind, f"{column.kind.value}Type")},
        "AttributeOf": column.attribute_of,
        "DisplayName": label_document(column.labels),
        "Description": label_document(column.description),
        "RequiredLevel": managed(column.required, "canmodifyrequirementlevelsettings"),
        "IsPrimaryId": column.logical_name == table.primary_id,
        "IsPrimaryName": column.logical_name == table.primary_name,
        "IsValidForCreate": column.creatable,
        "IsValidForRead": True,
        "IsValidForUpdate": column.updatable,
        "IsValidODataAttribute": True,
        "IsLogical": column.attribute_of is not None,
        "IsCustomAttribute": column.custom,
        "IsManaged": not column.custom,
        "IsSecured": column.secured,
        "CanBeSecuredForRead": securable(table, column),
        "CanBeSecuredForCreate": securable(table, column) and column.creatable,
        "CanBeSecuredForUpdate": securable(table, column) and column.updatable,
        "IsFilterable": True,
        "IsRetrievable": True,
        "IsSearchable": False,
        "ColumnNumber": 1 + list(table.columns).index(column.logical_name),
        "SourceType": 0 if column.custom else None,
        "IsAuditEnabled": managed(True, "canmodifyauditsettings"),
        "IsCustomizable": managed(True, "iscustomizable"),
        "IsRenameable": managed(True, "isrenameable"),
        "IsValidForAdvancedFind": managed(True, "canmodifysearchsettings"),
        "HasChanged": None,
    }
    return document | _typed_members(column) if typed else document


def _typed_members(column: Column) -> dict[str, Any]:
    whole = column.kind in (Kind.INTEGER, Kind.BIGINT)
    low = int(column.minimum) if whole and column.minimum is not None else column.minimum
    high = int(column.maximum) if whole and column.maximum is not None else column.maximum
    match column.kind:
        case Kind.STRING:
            return {
                "MaxLength": column.max_length,
                "Format": _string_format(column.format),
                "FormatName": {"Value": column.format},
                "ImeMode": "Auto",
                "DatabaseLength": 2 * (column.max_length or 0),
            }
        case Kind.MEMO:
            return {
                "MaxLength": column.max_length,
                "Format": "TextArea",
                "FormatName": {"Value": "TextArea"},
                "ImeMode": "Auto",
            }
        case Kind.INTEGER:
            return {"MinValue": low, "MaxValue": high, "Format": column.format or "None"}
        case Kind.BIGINT:
            return {"MinValue": low, "MaxValue": high}
        case Kind.DECIMAL | Kind.DOUBLE:
            return {"MinValue": low, "MaxValue": high, "Precision": column.precision, "ImeMode": "Auto"}
        case Kind.MONEY:
            return {
                "MinValue": low,
                "MaxValue": high,
                "Precision": column.precision,
                "ImeMode": "Auto",
                "PrecisionSource": column.precision_source,
                "IsBaseCurrency": column.schema_name.endswith("_Base"),
            }
        case Kind.BOOLEAN:
            return {"DefaultValue": bool(column.default)}
        case Kind.DATETIME:
            return {"Format": column.format, "DateTimeBehavior": {"Value": column.behaviour}, "ImeMode": "Inactive"}
        case Kind.FILE:
            return {"MaxSizeInKB": column.max_size_kb}
        case Kind.IMAGE:
            return {"MaxSizeInKB": column.max_size_kb, "CanStoreFullImage": False, "IsPrimaryImage": False}
    if column.kind in LOOKUP_KINDS:
        return {"Targets": list(column.targets), "Format": "None"}
    if column.kind in CHOICE_KINDS:
        return {"DefaultFormValue": -1 if column.default is None else column.default}
    return {}


def _string_format(name: str | None) -> str | None:
    """The older enumeration knows fewer formats than FormatName does."""
    return name if name in ("Email", "Text", "TextArea", "Url", "TickerSymbol", "Phone", "RichText") else "Text"


def option_sets(column: Column, choices: dict[str, GlobalChoice]) -> dict[str, Any]:
    """{"OptionSet": ..., "GlobalOptionSet": ...}; both null for a column without one."""
    if column.kind is Kind.BOOLEAN:
        false, true = column.options[0], column.options[1]
        shown = {
            "@odata.type": NAMESPACE + "BooleanOptionSetMetadata",
            "IsGlobal": False,
            "OptionSetType": "Boolean",
            "MetadataId": column.metadata_id,
            "Name": column.logical_name,
            "TrueOption": option_document(true),
            "FalseOption": option_document(false),
        }
        return {"OptionSet": shown, "GlobalOptionSet": None}
    if column.kind not in CHOICE_KINDS:
        return {"OptionSet": None, "GlobalOptionSet": None}
    if column.choice is not None and column.choice in choices:
        shared = choice_document(choices[column.choice])
        return {"OptionSet": shared, "GlobalOptionSet": shared}
    kind = {Kind.STATE: "State", Kind.STATUS: "Status"}.get(column.kind, "Picklist")
    shown = {
        "MetadataId": column.metadata_id,
        "Name": column.logical_name,
        "IsGlobal": False,
        "OptionSetType": kind,
        "IsCustomOptionSet": column.custom,
        "DisplayName": label_document(column.labels),
        "Options": [option_document(option) for option in column.options],
    }
    return {"OptionSet": shown, "GlobalOptionSet": None}


def option_document(option: Option) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "Value": option.value,
        "Label": label_document(option.labels),
        "Description": label_document(()),
        "Color": None,
        "IsManaged": False,
        "MetadataId": None,
    }
    if option.state is not None:
        return {
            "@odata.type": NAMESPACE + "StatusOptionMetadata",
            **shown,
            "State": option.state,
            "TransitionData": None,
        }
    if option.default_status is not None:
        return {
            "@odata.type": NAMESPACE + "StateOptionMetadata",
            **shown,
            "DefaultStatus": option.default_status,
            "InvariantName": option.text,
        }
    return shown


def choice_document(choice: GlobalChoice) -> dict[str, Any]:
    return {
        "@odata.type": NAMESPACE + "OptionSetMetadata",
        "MetadataId": choice.metadata_id,
        "Name": choice.name,
        "IsGlobal": True,
        "IsManaged": not choice.custom,
        "IsCustomOptionSet": choice.custom,
        "OptionSetType": "Picklist",
        "DisplayName": label_document(choice.labels),
        "Description": label_document(()),
        "Options": [option_document(option) for option in choice.options],
    }
