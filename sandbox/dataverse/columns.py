"""What a table is made of: columns, keys and relationships, as frozen facts that everything else is compiled from.

Apart from `metadata` because these shapes are read by every room of the simulator, and changed by only one.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

LANGUAGE = 1033
_NAMES = uuid.UUID("7b1c3a52-9a55-4c3f-8f39-6a1d2b7d0c11")

Labels = tuple[tuple[int, str], ...]


def stable_id(*names: str) -> str:
    """The same id for the same standard thing in every organisation: its name decides."""
    return str(uuid.uuid5(_NAMES, "/".join(names)))


def label(text: str) -> Labels:
    return ((LANGUAGE, text),) if text else ()


class Kind(StrEnum):
    """A column type by its `AttributeTypeCode`, save the four that Dataverse hides behind `Virtual`."""

    STRING = "String"
    MEMO = "Memo"
    INTEGER = "Integer"
    BIGINT = "BigInt"
    DECIMAL = "Decimal"
    DOUBLE = "Double"
    MONEY = "Money"
    BOOLEAN = "Boolean"
    PICKLIST = "Picklist"
    MULTI = "MultiSelectPicklist"
    STATE = "State"
    STATUS = "Status"
    DATETIME = "DateTime"
    LOOKUP = "Lookup"
    CUSTOMER = "Customer"
    OWNER = "Owner"
    GUID = "Uniqueidentifier"
    ENTITY_NAME = "EntityName"
    FILE = "File"
    IMAGE = "Image"
    PARTIES = "PartyList"


VIRTUAL_KINDS = frozenset({Kind.MULTI, Kind.FILE, Kind.IMAGE})
LOOKUP_KINDS = frozenset({Kind.LOOKUP, Kind.CUSTOMER, Kind.OWNER})
CHOICE_KINDS = frozenset({Kind.PICKLIST, Kind.MULTI, Kind.STATE, Kind.STATUS})
TEXT_KINDS = frozenset({Kind.STRING, Kind.MEMO, Kind.ENTITY_NAME})
NUMBER_KINDS = frozenset({Kind.INTEGER, Kind.BIGINT, Kind.DECIMAL, Kind.DOUBLE, Kind.MONEY})


@dataclass(frozen=True)
class Option:
    """One value of a choice. A state names its default status; a status names the state it belongs to."""

    value: int
    labels: Labels = ()
    state: int | None = None
    default_status: int | None = None

    @property
    def text(self) -> str:
        return self.labels[0][1] if self.labels else ""


@dataclass(frozen=True)
class Column:
    schema_name: str
    kind: Kind
    metadata_id: str
    labels: Labels = ()
    description: Labels = ()
    required: str = "None"
    creatable: bool = True
    updatable: bool = True
    max_length: int | None = None
    format: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    precision: int | None = None
    precision_source: int | None = None
    options: tuple[Option, ...] = ()
    choice: str | None = None
    default: int | bool | None = None
    behaviour: str | None = None
    max_size_kb: int | None = None
    targets: tuple[str, ...] = ()
    custom: bool = False
    primary_name: bool = False
    attribute_of: str | None = None
    secured: bool = False

    @cached_property
    def logical_name(self) -> str:
        return self.schema_name.lower()

    @cached_property
    def document(self) -> dict[str, Any]:
        """The column as plain JSON. Not to be changed: it is made once."""
        return asdict(self)

    @property
    def polymorphic(self) -> bool:
        return len(self.targets) > 1

    @property
    def holds_file(self) -> bool:
        """The body of a note or an attachment: Base64 to clients, the id of a file in the row."""
        return self.format == "Base64"

    @property
    def date_only(self) -> bool:
        return self.behaviour == "DateOnly"

    @property
    def property_name(self) -> str:
        """The name in a JSON row: lookups read as `_name_value`."""
        return f"_{self.logical_name}_value" if self.kind in LOOKUP_KINDS else self.logical_name


@dataclass(frozen=True)
class AlternateKey:
    """`status` is what the index build has reached; `ready_at` (epoch seconds) when it will have finished."""

    schema_name: str
    metadata_id: str
    columns: tuple[str, ...]
    labels: Labels = ()
    status: str = "Pending"
    started_at: float = 0.0
    ready_at: float = 0.0
    job_id: str | None = None

    @cached_property
    def logical_name(self) -> str:
        return self.schema_name.lower()


@dataclass(frozen=True)
class Relationship:
    """One lookup column's way to one table: `navigation` on the many side, `collection` on the one side."""

    schema_name: str
    metadata_id: str
    referenced: str
    referencing: str
    column: str
    navigation: str
    collection: str
    delete: str = "RemoveLink"
    cascade: tuple[tuple[str, str], ...] = ()
    custom: bool = False


@dataclass(frozen=True)
class ManyToMany:
    schema_name: str
    metadata_id: str
    intersect: str
    entity1: str
    entity2: str
    navigation1: str
    navigation2: str
    column1: str
    column2: str
    custom: bool = False


@dataclass(frozen=True)
class GlobalChoice:
    name: str
    metadata_id: str
    labels: Labels
    options: tuple[Option, ...]
    custom: bool = True


@dataclass(frozen=True)
class TableSchema:
    schema_name: str
    set_name: str
    metadata_id: str
    object_type_code: int
    primary_id: str
    primary_name: str | None
    columns: Mapping[str, Column]
    labels: Labels = ()
    collection_labels: Labels = ()
    description: Labels = ()
    ownership: str = "UserOwned"
    collection_schema_name: str = ""
    keys: tuple[AlternateKey, ...] = ()
    messages: frozenset[str] = field(default_factory=frozenset)
    activity: bool = False
    notes: bool = False
    activities: bool = False
    documents: bool = False
    private: bool = False
    fixed: bool = False
    """Takes no columns of anybody's own: its CanCreateAttributes is false."""
    intersect: bool = False
    custom: bool = False
    change_tracking: bool = False
    audit: bool = False

    @cached_property
    def logical_name(self) -> str:
        return self.schema_name.lower()

    @cached_property
    def secured_columns(self) -> frozenset[str]:
        """The columns that column security locks."""
        return frozenset(name for name, column in self.columns.items() if column.secured)

    @cached_property
    def file_columns(self) -> frozenset[str]:
        """The columns whose stored value is the id of a file."""
        return frozenset(name for name, column in self.columns.items() if column.kind is Kind.FILE or column.holds_file)

    @property
    def states(self) -> Column | None:
        return self.columns.get("statecode")

    @property
    def statuses(self) -> Column | None:
        return self.columns.get("statuscode")

    @property
    def user_owned(self) -> bool:
        return self.ownership == "UserOwned"


def to_document(shape: TableSchema | Relationship | ManyToMany | GlobalChoice) -> dict[str, Any]:
    """Plain JSON for the journal; `table_from` and its siblings read it back."""
    if not isinstance(shape, TableSchema):
        return asdict(shape)
    # Each change of a table writes down all of it: its columns, which are many, are put into words once.
    document = asdict(replace(shape, columns={}))
    document["columns"] = [column.document for column in shape.columns.values()]
    document["messages"] = sorted(shape.messages)
    return document


def _labels(pairs: Any) -> Labels:
    return tuple((int(language), str(text)) for language, text in pairs)


def _option(document: dict[str, Any]) -> Option:
    return Option(**{**document, "labels": _labels(document["labels"])})


def _column(document: dict[str, Any]) -> Column:
    return Column(
        **{
            **document,
            "kind": Kind(document["kind"]),
            "labels": _labels(document["labels"]),
            "description": _labels(document["description"]),
            "options": tuple(_option(option) for option in document["options"]),
            "targets": tuple(document["targets"]),
        }
    )


def _key(document: dict[str, Any]) -> AlternateKey:
    columns = tuple(document["columns"])
    return AlternateKey(**{**document, "columns": columns, "labels": _labels(document["labels"])})


def table_from(document: dict[str, Any]) -> TableSchema:
    columns = [_column(column) for column in document["columns"]]
    return TableSchema(
        **{
            **document,
            "columns": {column.logical_name: column for column in columns},
            "keys": tuple(_key(key) for key in document["keys"]),
            "messages": frozenset(document["messages"]),
            "labels": _labels(document["labels"]),
            "collection_labels": _labels(document["collection_labels"]),
            "description": _labels(document["description"]),
        }
    )


def relationship_from(document: dict[str, Any]) -> Relationship:
    cascade = tuple((str(name), str(value)) for name, value in document["cascade"])
    return Relationship(**{**document, "cascade": cascade})


def many_to_many_from(document: dict[str, Any]) -> ManyToMany:
    return ManyToMany(**document)


def choice_from(document: dict[str, Any]) -> GlobalChoice:
    options = tuple(_option(option) for option in document["options"])
    return GlobalChoice(**{**document, "labels": _labels(document["labels"]), "options": options})
