"""AttributeMetadata bodies into columns: what each type may say, what it gets when it says nothing, its limits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from . import errors
from .columns import Column, GlobalChoice, Kind, Labels, Option, label
from .platform_columns import INT_MAX, INT_MIN

BASE = "Microsoft.Dynamics.CRM."
SUFFIX = "AttributeMetadata"
KINDS = {
    kind.value: kind
    for kind in (
        Kind.STRING,
        Kind.MEMO,
        Kind.INTEGER,
        Kind.BIGINT,
        Kind.DECIMAL,
        Kind.DOUBLE,
        Kind.MONEY,
        Kind.BOOLEAN,
        Kind.DATETIME,
        Kind.PICKLIST,
        Kind.MULTI,
        Kind.FILE,
        Kind.IMAGE,
        Kind.LOOKUP,
    )
}
MONEY_LIMIT = 922337203685477.0
NUMBER_LIMIT = 100_000_000_000.0
TEXT_LIMITS = {Kind.STRING: (100, 4000), Kind.MEMO: (2000, 1_048_576)}
PRECISIONS = {Kind.DECIMAL: 10, Kind.DOUBLE: 5, Kind.MONEY: 4}
FILE_SIZES = {Kind.FILE: (32_768, 10_485_760), Kind.IMAGE: (10_240, 30_720)}
REQUIRED_LEVELS = ("None", "SystemRequired", "ApplicationRequired", "Recommended")


def refused(reason: str) -> errors.DataverseError:
    return errors.invalid(f"An exception occurred while processing the metadata: {reason}")


def labels_of(document: Any) -> Labels:
    """The LocalizedLabels of a Label."""
    if not isinstance(document, dict):
        return ()
    found = document.get("LocalizedLabels") or []
    return tuple((int(one["LanguageCode"]), str(one["Label"])) for one in found if one.get("Label"))


def merged_labels(old: Labels, new: Labels, *, merge: bool) -> Labels:
    """With MSCRM.MergeLabels other languages stay."""
    return tuple({**dict(old), **dict(new)}.items()) if merge else new


def kind_of(body: dict[str, Any]) -> Kind:
    name = str(body.get("@odata.type", "")).lstrip("#").removeprefix(BASE).removeprefix("Complex")
    kind = KINDS.get(name.removesuffix(SUFFIX)) if name.endswith(SUFFIX) else None
    if kind is None:
        raise refused(f"the column type '{body.get('@odata.type')}' is not one that can be created")
    return kind


def read_column(body: dict[str, Any], metadata_id: str, choices: Iterable[GlobalChoice], option_prefix: int) -> Column:
    """A new column from its body; raises 400 for what the type does not allow."""
    kind = kind_of(body)
    schema_name = body.get("SchemaName")
    if not isinstance(schema_name, str) or not schema_name:
        raise refused("a column needs a SchemaName")
    required = (body.get("RequiredLevel") or {}).get("Value", "None")
    if required not in REQUIRED_LEVELS:
        raise refused(f"RequiredLevel {required!r} is not known")
    column = Column(
        schema_name,
        kind,
        metadata_id,
        labels=labels_of(body.get("DisplayName")) or label(schema_name),
        description=labels_of(body.get("Description")),
        required=required,
        custom=True,
        primary_name=bool(body.get("IsPrimaryName")),
        secured=bool(body.get("IsSecured")),
    )
    return replace(column, **_facts(kind, body, choices, option_prefix))


def _facts(kind: Kind, body: dict[str, Any], choices: Iterable[GlobalChoice], option_prefix: int) -> dict[str, Any]:
    if kind in TEXT_LIMITS:
        return _text_facts(kind, body)
    if kind is Kind.INTEGER:
        low, high = _bounds(body, INT_MIN, INT_MAX, INT_MIN, INT_MAX)
        return {"minimum": low, "maximum": high, "format": body.get("Format") or "None"}
    if kind in PRECISIONS:
        return _number_facts(kind, body)
    if kind is Kind.BOOLEAN:
        return _boolean_facts(body)
    if kind is Kind.DATETIME:
        return _date_facts(body)
    if kind in FILE_SIZES:
        default, most = FILE_SIZES[kind]
        size = body.get("MaxSizeInKB") or default
        if not 1 <= size <= most:
            raise refused(f"MaxSizeInKB must lie between 1 and {most}")
        return {"max_size_kb": size}
    if kind in (Kind.PICKLIST, Kind.MULTI):
        return _choice_facts(body, choices, option_prefix)
    return {}


def _text_facts(kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
    default, most = TEXT_LIMITS[kind]
    length = default if body.get("MaxLength") is None else body["MaxLength"]
    if not isinstance(length, int) or not 1 <= length <= most:
        raise refused(f"MaxLength must lie between 1 and {most}")
    fallback = "Text" if kind is Kind.STRING else "TextArea"
    named = (body.get("FormatName") or {}).get("Value") or body.get("Format") or fallback
    return {"max_length": length, "format": named}


def _bounds(body: dict[str, Any], low: float, high: float, least: float, most: float) -> tuple[float, float]:
    found_low = low if body.get("MinValue") is None else body["MinValue"]
    found_high = high if body.get("MaxValue") is None else body["MaxValue"]
    if not least <= found_low <= found_high <= most:
        raise refused(f"MinValue and MaxValue must lie between {least:g} and {most:g}")
    return found_low, found_high


def _number_facts(kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
    most = MONEY_LIMIT if kind is Kind.MONEY else NUMBER_LIMIT
    low, high = _bounds(body, -most, most, -most, most)
    precision = 2 if body.get("Precision") is None else body["Precision"]
    if not 0 <= precision <= PRECISIONS[kind]:
        raise refused(f"Precision must lie between 0 and {PRECISIONS[kind]}")
    facts = {"minimum": low, "maximum": high, "precision": precision}
    if kind is Kind.MONEY:
        facts["precision_source"] = 2 if body.get("PrecisionSource") is None else body["PrecisionSource"]
    return facts


def _boolean_facts(body: dict[str, Any]) -> dict[str, Any]:
    given = body.get("OptionSet") or {}
    false = labels_of((given.get("FalseOption") or {}).get("Label")) or label("No")
    true = labels_of((given.get("TrueOption") or {}).get("Label")) or label("Yes")
    return {"options": (Option(0, false), Option(1, true)), "default": bool(body.get("DefaultValue", False))}


def _date_facts(body: dict[str, Any]) -> dict[str, Any]:
    behaviour = (body.get("DateTimeBehavior") or {}).get("Value") or "UserLocal"
    shape = body.get("Format") or "DateAndTime"
    if behaviour not in ("UserLocal", "DateOnly", "TimeZoneIndependent") or shape not in ("DateOnly", "DateAndTime"):
        raise refused(f"DateTimeBehavior {behaviour!r} with Format {shape!r} is not known")
    if behaviour == "DateOnly" and shape != "DateOnly":
        raise refused("the behaviour DateOnly needs the format DateOnly")
    return {"behaviour": behaviour, "format": shape}


def _choice_facts(body: dict[str, Any], choices: Iterable[GlobalChoice], option_prefix: int) -> dict[str, Any]:
    default = body.get("DefaultFormValue")
    default = None if default in (None, -1) else default
    bound = body.get("GlobalOptionSet@odata.bind")
    if bound is not None:
        for choice in choices:
            if choice.metadata_id in str(bound).lower() or f"Name='{choice.name}'" in str(bound):
                return {"options": choice.options, "choice": choice.name, "default": default}
        raise errors.DataverseError(404, "0x80040217", f"Could not find optionset with key {bound}")
    given = body.get("OptionSet")
    if not isinstance(given, dict):
        raise refused("a choice column needs an OptionSet or GlobalOptionSet@odata.bind")
    if given.get("IsGlobal"):
        raise errors.invalid("A global option set cannot be defined inside a column.", "0x80048403")
    options = read_options(given.get("Options") or [], option_prefix)
    if default is not None and default not in {option.value for option in options}:
        raise refused(f"DefaultFormValue {default} is not one of the options")
    return {"options": options, "default": default}


def read_options(documents: list[dict[str, Any]], option_prefix: int) -> tuple[Option, ...]:
    """Options in the order given; one without a value is numbered by the publisher's prefix."""
    options: list[Option] = []
    used = {document["Value"] for document in documents if document.get("Value") is not None}
    free = option_prefix * 10_000
    for document in documents:
        value = document.get("Value")
        if value is None:
            while free in used:
                free += 1
            value = free
            used.add(value)
        if not isinstance(value, int) or any(option.value == value for option in options):
            raise errors.invalid(f"The option value {value} is not unique or not a whole number.", "0x80048403")
        options.append(Option(value, labels_of(document.get("Label"))))
    return tuple(options)
